/* page_calls.c - the sections about system calls: what the lock removes, how often each was made
 * and how, and whose code made it; see pieces.h.
 */
#include "html.h"
#include "pieces.h"

#include "record/groups.h"
#include "record/recording.h"

#include <string.h>

enum { KINDS_MAX = 40, SITES_MAX = 60, WHOLE = 100 };

/* --- verdicts --------------------------------------------------------------------------------- */

static void put_kinds_of_call(FILE *page, bool is_dangerous, bool is_sensitive)
{
	if (is_dangerous)
		put(page, "<span class=\"sign kind dangerous\">&#9670; dangerous</span> ");
	if (is_sensitive)
		put(page, "<span class=\"sign kind\">sensitive</span>");
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

/* --- what the lock removes -------------------------------------------------------------------- */

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

void put_lock(FILE *page, const struct report *report)
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

void put_calls(FILE *page, const struct report *report)
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

void put_objects(FILE *page, const struct report *report)
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
