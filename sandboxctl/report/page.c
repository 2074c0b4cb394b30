/* page.c - the page of a report; see report.h.
 *
 * Plain HTML, and pictures in SVG, written here: the page must be one file that loads nothing, and
 * a library that draws charts would be a script in it, many times as long as what it draws. There
 * is no script at all: what folds is <details>. Whatever a recording says goes through put(), and a
 * policy in the head forbids the page to load or run anything, should that ever fail.
 */
#include "html.h"
#include "report.h"

#include "record/choose.h"
#include "record/groups.h"
#include "record/recording.h"

#include <string.h>

#ifndef VERSION
#define VERSION "unknown"
#endif

enum { KINDS_MAX = 40, SITES_MAX = 60, PLACES_OPEN = 40, WHOLE = 100 };

static const char *const style[] = {
#include "style.inc"
};

/* What the sensitive calls are good for, for those who do not know them by heart. */
static const struct {
	const char *call, *good_for;
} uses[] = {
	{ "accept", "takes a client" },
	{ "accept4", "takes a client" },
	{ "bind", "takes an address for itself" },
	{ "chmod", "changes who may use a file" },
	{ "clone", "makes a thread or a process" },
	{ "connect", "reaches another service" },
	{ "execve", "becomes another program" },
	{ "execveat", "becomes another program" },
	{ "fork", "makes a process" },
	{ "listen", "offers a service" },
	{ "mprotect", "makes memory executable" },
	{ "ptrace", "takes over another process" },
	{ "recvfrom", "receives" },
	{ "sendto", "sends" },
	{ "setgid", "becomes another group" },
	{ "setreuid", "becomes another user" },
	{ "setuid", "becomes another user" },
	{ "socket", "makes a way out, or into the kernel" },
};

/* --- pieces ----------------------------------------------------------------------------------- */

static bool has_lock(const struct report *report)
{
	return report->tally.last != 0;
}

/* The columns of counts that anything is in: before any trigger, and the phases. */
static unsigned columns_of(const struct report *report)
{
	return report->model->phase_count + 1;
}

static const char *column_name(const struct report *report, unsigned column)
{
	return column ? arena_printf(report->arena, "Locked: %s", report->model->phases[column - 1])
		      : "Not locked";
}

static void put_count(FILE *page, uint64_t count)
{
	if (count)
		put(page, "<td class=\"number\">%llu</td>", (unsigned long long)count);
	else
		put(page, "<td class=\"number none\">0</td>");
}

static void put_counts(FILE *page, const struct report *report, const uint64_t *counts)
{
	for (unsigned i = 0; i < columns_of(report); i++)
		put_count(page, counts[i]);
}

static void put_count_heads(FILE *page, const struct report *report)
{
	for (unsigned i = 0; i < columns_of(report); i++)
		put(page, "<th scope=\"col\" class=\"number\">%s</th>", column_name(report, i));
}

/* A table that scrolls by itself, also by keyboard: the page never does sideways. */
static void begin_table(FILE *page, const char *label, bool is_tall)
{
	put(page,
	    "<div class=\"scroll%s\" role=\"region\" aria-label=\"%s\" tabindex=\"0\"><table>"
	    "<thead><tr>",
	    is_tall ? " tall" : "", label);
}

static void put_head(FILE *page, const char *title)
{
	put(page, "<th scope=\"col\">%s</th>", title);
}

static void begin_rows(FILE *page)
{
	put(page, "</tr></thead><tbody>\n");
}

static void end_table(FILE *page)
{
	put(page, "</tbody></table></div>\n");
}

static void put_kinds_of_call(FILE *page, bool is_dangerous, bool is_sensitive)
{
	if (is_dangerous)
		put(page, "<span class=\"sign kind dangerous\">&#9670; dangerous</span> ");
	if (is_sensitive)
		put(page, "<span class=\"sign kind\">sensitive</span>");
}

static bool has_phases(const struct report *report)
{
	return (report->tally.met & (report->tally.met - 1)) != 0;
}

static void put_verdict_heads(FILE *page, const struct report *report)
{
	for (unsigned i = 0; i < report->model->phase_count; i++)
		if (has_phases(report) && report->tally.met & 1u << i)
			put(page, "<th scope=\"col\">Under %s</th>", report->model->phases[i]);
	if (!has_phases(report))
		put_head(page, "Under the lock");
}

/* What is open is a warning only where it is worth one. */
static void put_verdict(FILE *page, bool is_left, bool is_used, bool is_notable)
{
	if (is_left && is_notable)
		put(page, "<td><span class=\"sign open\">&#9679; stays open</span></td>");
	else if (is_left)
		put(page, "<td><span class=\"sign kind\">&#9675; left</span></td>");
	else
		put(page, "<td><span class=\"sign closed\">&#10003; closed%s</span></td>",
		    is_used ? "" : ", never used");
}

/* For each phase that the program met. NULL: the call was never made. */
static void put_verdicts(FILE *page, const struct report *report, const struct tally_call *call,
			 bool is_notable)
{
	if (!has_lock(report))
		put(page, "<td class=\"none\">no lock</td>");
	for (unsigned i = 0; i < report->model->phase_count; i++)
		if (report->tally.met & 1u << i)
			put_verdict(page, call && call->left & 1u << i, call != NULL, is_notable);
}

/* --- the top ---------------------------------------------------------------------------------- */

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

static const char *title_of(const struct report *report)
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

static void put_top(FILE *page, const struct report *report)
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

/* --- the time line ---------------------------------------------------------------------------- */

static void put_times(FILE *page, const struct report *report)
{
	size_t count = report->model->run_count;

	put(page,
	    "<p class=\"about\">From the left the program starts, with all its rights; from the "
	    "trigger on the lock would hold. Either half has a scale of its own, in calls. A "
	    "<code>/1</code> behind a name is a process that was forked once: mostly a "
	    "worker.</p>\n");
	for (size_t i = 0; i < count; i++) {
		const struct run *run = &report->model->runs[i];

		if (count > 1)
			put(page, "<details%s><summary>Run %zu: <code>%s</code></summary>\n",
			    i ? "" : " open", i + 1, run->program);
		report_timeline(page, report, i);
		if (count > 1)
			put(page, "</details>\n");
	}
}

/* --- what the lock removes -------------------------------------------------------------------- */

static const char *use_of(const char *call)
{
	for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++)
		if (!strcmp(uses[i].call, call))
			return uses[i].good_for;
	return "";
}

static void put_notable(FILE *page, const struct report *report, const char *name,
			const struct tally_call *call, bool is_sensitive)
{
	static const uint64_t none[TALLY_COLUMNS];

	put(page, "<tr><th scope=\"row\" class=\"call\">%s</th>", name);
	put_verdicts(page, report, call, true);
	put_counts(page, report, call ? call->counts : none);
	put(page, "<td class=\"nowrap\">");
	put_kinds_of_call(page, call && call->is_dangerous, is_sensitive);
	put(page, "</td><td class=\"quiet nowrap\">%s</td></tr>\n", use_of(name));
}

static void put_notables(FILE *page, const struct report *report)
{
	const struct tally *tally = &report->tally;

	begin_table(page, "Sensitive and dangerous calls", false);
	put_head(page, "Call");
	put_verdict_heads(page, report);
	put_count_heads(page, report);
	put_head(page, "Kind");
	put_head(page, "Good for");
	begin_rows(page);
	for (size_t i = 0; i < SENSITIVE; i++)
		if (names_syscall(sensitive_calls[i])->number[ARCH_NATIVE] >= 0)
			put_notable(page, report, sensitive_calls[i],
				    tally_find(tally, sensitive_calls[i]), true);
	for (size_t i = 0; i < tally->call_count; i++)
		if (tally->calls[i].is_dangerous && !tally->calls[i].is_sensitive)
			put_notable(page, report, tally->calls[i].name, &tally->calls[i], false);
	end_table(page);
}

static void put_chip(FILE *page, const struct tally_call *call, bool is_left)
{
	if (call->is_dangerous || call->is_sensitive)
		put(page, "<li class=\"marked%s\"><code>%s</code> %s</li>\n",
		    is_left ? "" : " gone", call->name, is_left ? "\u25cf" : "\u2713");
	else
		put(page, "<li><code>%s</code></li>\n", call->name);
}

static void put_side(FILE *page, const struct report *report, unsigned phase, bool is_left)
{
	const struct tally *tally = &report->tally;
	size_t left = tally_left(tally, 1u << phase);

	put(page, "<div><h3>%s%s%s (%zu)</h3>\n<ul class=\"chips\">\n", is_left ? "Left" : "Closed",
	    has_phases(report)
		    ? arena_printf(report->arena, " under %s", report->model->phases[phase])
		    : "",
	    is_left ? "" : ", though used elsewhere", is_left ? left : tally->call_count - left);
	for (size_t i = 0; i < tally->call_count; i++)
		if (((tally->calls[i].left & 1u << phase) != 0) == is_left)
			put_chip(page, &tally->calls[i], is_left);
	put(page, "</ul></div>\n");
}

static void put_sides(FILE *page, const struct report *report)
{
	for (unsigned i = 0; i < report->model->phase_count; i++) {
		if (!(report->tally.met & 1u << i))
			continue;
		put(page, "<div class=\"sides\">\n");
		put_side(page, report, i, false);
		put_side(page, report, i, true);
		put(page, "</div>\n");
	}
}

static void put_lock(FILE *page, const struct report *report)
{
	put(page,
	    "<p class=\"about\">Sensitive are the %zu calls that studies of system call filters "
	    "count; dangerous is what a hardening guide closes first, the group "
	    "<code>@dangerous</code> with %zu calls. Those of it that are not in the table were "
	    "never made: closed, too.</p>\n",
	    report->tally.sensitive, report->tally.dangerous);
	put_notables(page, report);
	if (!has_lock(report))
		return;
	put_sides(page, report);
	put(page,
	    "<p class=\"about after\">Framed, with a sign: sensitive or dangerous. Counted is "
	    "what was seen: a policy that <code>sandboxctl learn</code> writes also gives "
	    "<code>@base</code> and <code>@abort</code>, so that the program can end.</p>\n");
}

/* --- calls ------------------------------------------------------------------------------------ */

/* A tenth of the width for each doubling would hide what matters: the length goes by the number of
 * binary digits. */
static double length_of(uint64_t count, uint64_t most)
{
	unsigned digits = count ? 64 - (unsigned)__builtin_clzll(count) : 0;
	unsigned all = most ? 64 - (unsigned)__builtin_clzll(most) : 1;

	return WHOLE * (double)digits / all;
}

static void put_bars(FILE *page, const struct tally_call *call, uint64_t most)
{
	uint64_t locked = call->count - call->counts[0];

	put(page, "<td class=\"bars\"><svg aria-hidden=\"true\">");
	put(page, "<rect class=\"free\" width=\"%.2f%%\" y=\"5%%\" height=\"40%%\" rx=\"2\"/>",
	    length_of(call->counts[0], most));
	put(page, "<rect class=\"locked\" width=\"%.2f%%\" y=\"55%%\" height=\"40%%\" rx=\"2\"/>",
	    length_of(locked, most));
	put(page, "</svg></td>");
}

static const char *kind_text(const struct report *report, const struct sighting *sighting)
{
	if (sighting->is_foreign)
		return arena_printf(report->arena, "nr:%u", sighting->number);
	return call_text(report->arena, sighting->number, &sighting->cube);
}

static void put_kind(FILE *page, const struct report *report, const struct sighting *sighting)
{
	const struct scene *scene = &report->model->scenes.list[sighting->scene];

	put(page, "<li><code>%s</code> %s%llu by %s, %s", kind_text(report, sighting),
	    sighting->is_clone3 ? "(clone3) " : "", (unsigned long long)sighting->count,
	    report_who(report->arena, scene->program, scene->generation),
	    scene->fired ? "locked" : "not locked");
	for (unsigned i = 0; i < sighting->caller_count; i++)
		put(page, "%s<code>%s</code>", i ? ", " : "; from ", sighting->callers[i]);
	put(page, "</li>\n");
}

static void put_kinds(FILE *page, const struct report *report, const struct tally_call *call)
{
	size_t shown = call->kind_count < KINDS_MAX ? call->kind_count : KINDS_MAX;

	put(page,
	    "<td><details><summary>%zu<span class=\"unseen\"> of %s</span></summary><ul "
	    "class=\"wide\">\n",
	    call->kind_count, call->name);
	for (size_t i = 0; i < shown; i++)
		put_kind(page, report, call->kinds[i]);
	if (shown < call->kind_count)
		put(page, "<li>and %zu more</li>\n", call->kind_count - shown);
	put(page, "</ul></details></td>");
}

static void put_call(FILE *page, const struct report *report, const struct tally_call *call,
		     uint64_t most)
{
	bool is_notable = call->is_dangerous || call->is_sensitive;

	put(page, "<tr><th scope=\"row\" class=\"nowrap\"><code>%s</code>%s ", call->name,
	    call->is_foreign ? " (foreign)" : "");
	put_kinds_of_call(page, call->is_dangerous, call->is_sensitive);
	put(page, "</th>");
	put_verdicts(page, report, call, is_notable);
	put_counts(page, report, call->counts);
	put_bars(page, call, most);
	put_kinds(page, report, call);
	put(page, "</tr>\n");
}

static void put_calls(FILE *page, const struct report *report)
{
	const struct tally *tally = &report->tally;
	uint64_t most = 0;

	for (size_t i = 0; i < tally->call_count; i++)
		if (tally->calls[i].count > most)
			most = tally->calls[i].count;
	put(page,
	    "<p class=\"about\">How often each was made, by processes that had met no trigger, and "
	    "by those that a phase would have locked. The number at the end opens to the "
	    "arguments, and to whose "
	    "code called. Bars: hatched not locked, plain locked; one step is a doubling.</p>\n");
	begin_table(page, "Calls", true);
	put_head(page, "Call");
	put_verdict_heads(page, report);
	put_count_heads(page, report);
	put_head(page, "As bars");
	put_head(page, "Arguments and callers");
	begin_rows(page);
	for (size_t i = 0; i < tally->call_count; i++)
		put_call(page, report, &tally->calls[i], most);
	end_table(page);
}

/* --- files and addresses ---------------------------------------------------------------------- */

static void put_place(FILE *page, const struct report *report, const struct tally_place *place,
		      bool is_file)
{
	const char *missing = place->found ? "at times" : "missing";

	put(page, "<tr><th scope=\"row\" class=\"path mono\">%s</th><td>%s</td>", place->what,
	    place->use);
	put_counts(page, report, place->counts);
	if (is_file)
		put(page, "<td class=\"nowrap\">%s</td>", place->missing ? missing : "");
	put(page, "</tr>\n");
}

static void put_places(FILE *page, const struct report *report, const char *label,
		       const struct tally_place *places, size_t count, bool is_left, bool is_file)
{
	begin_table(page, label, true);
	put_head(page, is_file ? "File" : "Address");
	put_head(page, "Use");
	put_count_heads(page, report);
	if (is_file)
		put_head(page, "Not there");
	begin_rows(page);
	for (size_t i = 0; i < count; i++)
		if (places[i].is_left == is_left)
			put_place(page, report, &places[i], is_file);
	end_table(page);
}

static void put_group(FILE *page, const struct report *report, const char *title,
		      const struct tally_place *places, size_t count, bool is_left, bool is_file)
{
	size_t shown = 0;

	for (size_t i = 0; i < count; i++)
		shown += places[i].is_left == is_left;
	if (!shown) {
		put(page, "<h3>%s: none</h3>\n", title);
		return;
	}
	put(page, "<details%s><summary><h3>%s (%zu)</h3></summary>\n",
	    is_left || shown <= PLACES_OPEN ? " open" : "", title, shown);
	put_places(page, report, title, places, count, is_left, is_file);
	put(page, "</details>\n");
}

static void put_both(FILE *page, const struct report *report, const char *what,
		     const struct tally_place *places, size_t count, bool is_file)
{
	if (has_lock(report))
		put_group(page, report, arena_printf(report->arena, "%s under the lock", what),
			  places, count, true, is_file);
	put_group(page, report,
		  has_lock(report) ? arena_printf(report->arena, "%s outside the lock only", what)
				   : what,
		  places, count, false, is_file);
}

static void put_files(FILE *page, const struct report *report)
{
	put(page,
	    "<p class=\"about\">With all links followed. <b>look</b>: stat, access, readlink and "
	    "their kin; <b>make</b>: opened with O_CREAT; <b>create</b>: what changes a directory, "
	    "such as mkdir, rename and unlink.</p>\n");
	put_both(page, report, "Files", report->tally.files, report->tally.file_count, true);
}

static void put_addresses(FILE *page, const struct report *report)
{
	put(page, "<p class=\"about\">What bind and connect named.</p>\n");
	put_both(page, report, "Addresses", report->tally.addresses, report->tally.address_count,
		 false);
}

/* --- whose code ------------------------------------------------------------------------------- */

/* Calls from the same place stand together. */
static void put_site(FILE *page, const struct report *report, const struct tally_site *site,
		     const struct tally_site *before)
{
	const struct sighting *sighting = site->sighting;
	const struct scene *scene = &report->model->scenes.list[sighting->scene];

	if (before && !strcmp(before->offset, site->offset))
		put(page, ", ");
	else
		put(page, "%s<li><code>%s</code>: ", before ? "</li>\n" : "",
		    *site->offset ? site->offset : "?");
	put(page, "<code>%s</code>%s", kind_text(report, sighting),
	    scene->fired ? " (locked)" : "");
}

static void put_object(FILE *page, const struct report *report, const struct tally_object *object)
{
	size_t shown = object->site_count < SITES_MAX ? object->site_count : SITES_MAX;

	put(page, "<tr><th scope=\"row\" class=\"mono\">%s</th>", object->name);
	put_count(page, object->all);
	put_count(page, object->left);
	put(page,
	    "<td><details><summary>%zu<span class=\"unseen\"> in %s</span></summary><ul "
	    "class=\"wide\">\n",
	    object->site_count, object->name);
	for (size_t i = 0; i < shown; i++)
		put_site(page, report, &object->sites[i], i ? &object->sites[i - 1] : NULL);
	put(page, "</li>\n");
	if (shown < object->site_count)
		put(page, "<li>and %zu more</li>\n", object->site_count - shown);
	put(page, "</ul></details></td></tr>\n");
}

static void put_objects(FILE *page, const struct report *report)
{
	const struct tally *tally = &report->tally;

	put(page,
	    "<p class=\"about\">The program and its libraries, by the code that called; for calls "
	    "through libc the one who called it. Found by a look at the stack of a few of the "
	    "calls, for %zu of %zu kinds of calls here: a hint, and not all of them.</p>\n",
	    tally->attributed, tally->kinds);
	begin_table(page, "Whose code called", true);
	put_head(page, "Object");
	put(page, "<th scope=\"col\" class=\"number\">Different calls</th>"
		  "<th scope=\"col\" class=\"number\">Under the lock</th>");
	put_head(page, "Calls by place in it");
	begin_rows(page);
	for (size_t i = 0; i < tally->object_count; i++)
		put_object(page, report, &tally->objects[i]);
	end_table(page);
}

/* --- where it is from ------------------------------------------------------------------------- */

static void put_run(FILE *page, const struct run *run)
{
	put(page,
	    "<tr><th scope=\"row\" class=\"path mono\">%s</th><td class=\"path mono\">%s</td>",
	    run->file, run->program);
	put(page, "<td class=\"nowrap\">%s</td><td class=\"nowrap\">%s</td>",
	    run->started ? run->started : "?", run->kernel ? run->kernel : "?");
	put(page, "<td class=\"nowrap\">%s</td><td class=\"path\">",
	    run->policy ? run->policy : "");
	for (size_t i = 0; i < run->trigger_count; i++)
		put(page, "%s%s: <code>%s</code>", i ? "; " : "", run->triggers[i].phase,
		    run->triggers[i].text);
	put(page, "</td><td class=\"nowrap\">%s</td>", run->end ? run->end : "cut off");
	put_count(page, run->calls);
	put_count(page, run->processes);
	put(page, "<td class=\"nowrap\">%s</td></tr>\n", run->version ? run->version : "?");
}

static void put_runs(FILE *page, const struct report *report)
{
	static const char *const heads[] = { "Recording", "Command",   "Started",    "Kernel",
					     "Policy",	  "Triggers",  "Ended with", "Calls",
					     "Processes", "By version" };

	begin_table(page, "Runs", true);
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		put_head(page, heads[i]);
	begin_rows(page);
	for (size_t i = 0; i < report->model->run_count; i++)
		put_run(page, &report->model->runs[i]);
	end_table(page);
}

/* --- the page --------------------------------------------------------------------------------- */

static const struct {
	const char *id, *title;
	void (*put)(FILE *page, const struct report *report);
} sections[] = {
	{ "time", "Time line", put_times },
	{ "lock", "What the lock removes", put_lock },
	{ "calls", "Calls per phase", put_calls },
	{ "files", "Files", put_files },
	{ "addresses", "Addresses", put_addresses },
	{ "objects", "Whose code called", put_objects },
	{ "runs", "Where this is from", put_runs },
};

enum { SECTIONS = sizeof(sections) / sizeof(sections[0]) };

static void put_beginning(FILE *page, const struct report *report)
{
	put(page, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		  "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		  "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n"
		  "<meta name=\"referrer\" content=\"no-referrer\">\n"
		  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		  "<meta name=\"color-scheme\" content=\"light dark\">\n");
	put(page, "<title>%s: what its lock leaves</title>\n<style>\n", title_of(report));
	for (size_t i = 0; i < sizeof(style) / sizeof(style[0]); i++)
		fputs(style[i], page);
	put(page, "</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to the "
		  "report</a>\n<svg class=\"defs\" aria-hidden=\"true\"><defs><pattern "
		  "id=\"hatch\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
		  "patternTransform=\"rotate(45)\"><path class=\"hatch-ground\" "
		  "d=\"M0 0h6v6H0z\"/><path class=\"hatch-line\" d=\"M0 0v6\"/></pattern></defs>"
		  "</svg>\n<div class=\"frame\">\n");
}

static void put_navigation(FILE *page)
{
	put(page, "<nav aria-label=\"Sections\"><ul>\n");
	for (size_t i = 0; i < SECTIONS; i++)
		put(page, "<li><a href=\"#%s\">%s</a></li>\n", sections[i].id, sections[i].title);
	put(page, "</ul></nav>\n");
}

void report_page(FILE *page, const struct report *report)
{
	put_beginning(page, report);
	put_top(page, report);
	put_navigation(page);
	put(page, "<main id=\"main\" tabindex=\"-1\">\n");
	for (size_t i = 0; i < SECTIONS; i++) {
		put(page,
		    "<section id=\"%s\" aria-labelledby=\"%s-title\">\n<h2 "
		    "id=\"%s-title\">%s</h2>\n",
		    sections[i].id, sections[i].id, sections[i].id, sections[i].title);
		sections[i].put(page, report);
		put(page, "</section>\n");
	}
	put(page,
	    "</main>\n<footer>Written by sandboxctl %s. Counted is what these runs did; what they "
	    "did not do is not here.</footer>\n</div>\n</body>\n</html>\n",
	    VERSION);
}
