/* page_top.c - a page's beginning: the answer in a sentence, a bar and numbers; see pieces.h. */
#include "html.h"
#include "pieces.h"

#include <string.h>

enum { WHOLE = 100 };

static void put_bar(FILE *page, const char *kind, double from, double width)
{
	put(page, "<rect class=\"%s\" x=\"%.2f%%\" width=\"%.2f%%\" height=\"100%%\"/>", kind, from,
	    width);
}

/* All calls of the kernel: left, used before only, never used. */
static void put_share(FILE *page, const struct tally *tally)
{
	size_t before = tally->call_count - tally->left;
	double left = WHOLE * (double)tally->left / (double)tally->known;
	double used = WHOLE * (double)tally->call_count / (double)tally->known;

	put(page,
	    "<svg class=\"share\" role=\"img\" aria-label=\"Of %zu system calls %zu are left, %zu "
	    "were used outside the lock only, the others never\">",
	    tally->known, tally->left, before);
	put_bar(page, "never", 0, WHOLE);
	put_bar(page, "free", left, used - left);
	put_bar(page, "locked", 0, left);
	put(page,
	    "</svg><ul class=\"key\">"
	    "<li><svg aria-hidden=\"true\"><rect class=\"locked\" width=\"100%%\" "
	    "height=\"100%%\"/></svg><b>%zu</b> left</li>"
	    "<li><svg aria-hidden=\"true\"><rect class=\"free\" width=\"100%%\" "
	    "height=\"100%%\"/></svg><b>%zu</b> closed, used outside the lock only</li>"
	    "<li><svg aria-hidden=\"true\"><rect class=\"never\" width=\"100%%\" "
	    "height=\"100%%\"/></svg><b>%zu</b> closed, never used</li></ul>\n",
	    tally->left, before,
	    tally->known > tally->call_count ? tally->known - tally->call_count : 0);
}

static void put_card(FILE *page, const char *title, size_t number, const char *word, size_t of)
{
	put(page, "<div><dt>%s</dt><dd>%zu <small>%s %zu</small></dd></div>\n", title, number, word,
	    of);
}

static void put_cards(FILE *page, const struct report *report)
{
	const struct tally *tally = &report->tally;
	uint64_t calls = 0, processes = 0;

	for (size_t i = 0; i < report->model->run_count; i++) {
		calls += report->model->runs[i].calls;
		processes += report->model->runs[i].processes;
	}
	put(page, "<dl class=\"cards\">\n");
	if (has_lock(report)) {
		put_card(page, "System calls left", tally->left, "of", tally->known);
		put_card(page, "Sensitive calls closed", tally->sensitive - tally->sensitive_left,
			 "of", tally->sensitive);
		put_card(page, "Dangerous calls closed", tally->dangerous - tally->dangerous_left,
			 "of", tally->dangerous);
	} else {
		put_card(page, "System calls used", tally->call_count, "of", tally->known);
	}
	put(page,
	    "<div><dt>Calls recorded</dt><dd>%llu <small>by %llu process%s in %zu run%s</small>"
	    "</dd></div>\n</dl>\n",
	    (unsigned long long)calls, (unsigned long long)processes, processes == 1 ? "" : "es",
	    report->model->run_count, report->model->run_count == 1 ? "" : "s");
}

static const char *trigger_text(const struct report *report)
{
	const struct model *model = report->model;

	for (size_t i = 0; i < model->fired_count; i++)
		if (model_phase(model, model->fired[i].phase) == report->tally.last)
			return model->fired[i].trigger;
	return "?";
}

const char *title_of(const struct report *report)
{
	const char *command = report->model->runs[0].program, *name = command;
	size_t length = strcspn(command, " ");

	if (report->tally.program)
		return report->tally.program;
	for (size_t i = 0; i < length; i++)
		if (command[i] == '/')
			name = command + i + 1;
	return arena_strndup(report->arena, name, length - (size_t)(name - command));
}

/* " (phase worker)" where there are others. */
static const char *last_phase(const struct report *report)
{
	unsigned last = (unsigned)__builtin_ctz(report->tally.last);

	return has_phases(report)
		       ? arena_printf(report->arena, " (phase %s)", report->model->phases[last])
		       : "";
}

static void put_lead(FILE *page, const struct report *report)
{
	const struct tally *tally = &report->tally;

	if (has_lock(report))
		put(page,
		    "<p class=\"lead\">Locked at <code>%s</code>%s, this program keeps <b>%zu</b> "
		    "of "
		    "the kernel's %zu system calls. It used %zu in all, %zu of them only outside "
		    "the "
		    "lock: before the trigger, or in processes that do not meet it.</p>\n",
		    trigger_text(report), last_phase(report), tally->left, tally->known,
		    tally->call_count, tally->call_count - tally->left);
	else
		put(page, "<p class=\"lead warning\">No trigger was met, so nothing would be "
			  "locked. <code>sandboxctl triggers</code> finds one.</p>\n");
}

static void put_others(FILE *page, const struct report *report)
{
	if (*report->tally.others)
		put(page,
		    "<p class=\"about\">Other programs met a trigger, too, and have locks of their "
		    "own: <code>%s</code>. What is left here is what <code>%s</code> and the "
		    "programs under its lock used.</p>\n",
		    report->tally.others, report->tally.program);
}

static void put_cut_off(FILE *page, const struct report *report)
{
	size_t count = 0;

	for (size_t i = 0; i < report->model->run_count; i++)
		count += !report->model->runs[i].end;
	if (count)
		put(page,
		    "<p class=\"warning\">&#9888; %zu of %zu runs were cut off: the recorder was "
		    "killed, or the disk was full. What came last is missing.</p>\n",
		    count, report->model->run_count);
}

void put_top(FILE *page, const struct report *report)
{
	put(page, "<header>\n<p class=\"kicker\">What a lock leaves: a report of sandboxctl</p>\n");
	put(page, "<h1>%s</h1>\n<p class=\"command\"><code>%s</code></p>\n", title_of(report),
	    report->model->runs[0].program);
	put_lead(page, report);
	put_others(page, report);
	put_cut_off(page, report);
	if (has_lock(report))
		put_share(page, &report->tally);
	put_cards(page, report);
	put(page, "</header>\n");
}
