/* summary.c - a report as a short text; see report.h. */
#include "characters.h"
#include "html.h"
#include "report.h"

#include <string.h>

enum { PLACES_MAX = 20 };

static void print_number(FILE *out, uint64_t number)
{
	char buffer[COMMAS_MAX];

	fputs(with_commas(buffer, number), out);
}

static void print_run(FILE *out, struct arena *arena, const struct run *run)
{
	fprintf(out, "%s: ", seen_text(arena, run->program));
	print_number(out, run->calls);
	fprintf(out, " calls of %llu process%s", (unsigned long long)run->processes,
		run->processes == 1 ? "" : "es");
	if (run->time_count)
		fprintf(out, " in %.1f s", run->times[run->time_count - 1].seconds);
	fprintf(out, ", %s%s\n", run->end ? "ended by " : "cut off",
		run->end ? seen_text(arena, run->end) : "");
}

static void print_trigger(FILE *out, const struct report *report, const struct fired *fired,
			  size_t count, size_t left)
{
	fprintf(out, "phase %s: trigger %s, met by %zu process%s, first at call %llu; leaves %zu\n",
		seen_text(report->arena, fired->phase), seen_text(report->arena, fired->trigger),
		count, count == 1 ? "" : "es", (unsigned long long)fired->at, left);
}

static void print_triggers(FILE *out, const struct report *report)
{
	const struct model *model = report->model;

	for (unsigned i = 0; i < model->phase_count; i++) {
		const struct fired *first = NULL;
		size_t count = 0;

		for (size_t j = 0; j < model->fired_count; j++) {
			const struct fired *fired = &model->fired[j];

			if (strcmp(fired->phase, model->phases[i]) != 0 || fired->again)
				continue;
			count++;
			if (!first || fired->at < first->at)
				first = fired;
		}
		if (first)
			print_trigger(out, report, first, count,
				      tally_left(&report->tally, 1u << i));
	}
}

/* The calls that are dangerous or sensitive and left, or not. */
static void print_notable(FILE *out, const struct tally *tally, const char *title, bool is_left)
{
	bool any = false;

	fputs(title, out);
	for (size_t i = 0; i < tally->call_count; i++) {
		const struct tally_call *call = &tally->calls[i];

		if ((!call->is_dangerous && !call->is_sensitive) || call->is_left != is_left)
			continue;
		fprintf(out, " %s", call->name);
		any = true;
	}
	fputs(any ? "\n" : " none\n", out);
}

static void print_calls(FILE *out, const struct tally *tally)
{
	fprintf(out, "calls: %zu different ones of %zu, %zu under the lock\n", tally->call_count,
		tally->known, tally->left);
	fprintf(out, "  closed: %zu of %zu sensitive calls, %zu of %zu dangerous ones\n",
		tally->sensitive - tally->sensitive_left, tally->sensitive,
		tally->dangerous - tally->dangerous_left, tally->dangerous);
	print_notable(out, tally, "  closed, though used outside the lock:", false);
	print_notable(out, tally, "  dangerous or sensitive, and left:", true);
}

static void print_places(FILE *out, struct arena *arena, const char *title,
			 const struct tally_place *places, size_t count)
{
	size_t left = 0, shown = 0;

	for (size_t i = 0; i < count; i++)
		left += places[i].is_left;
	fprintf(out, "%s: %zu, %zu under the lock\n", title, count, left);
	for (size_t i = 0; i < count && shown < PLACES_MAX; i++) {
		if (!places[i].is_left)
			continue;
		fprintf(out, "  %s %s\n", seen_text(arena, places[i].use),
			seen_text(arena, places[i].what));
		shown++;
	}
	if (shown < left)
		fprintf(out, "  and %zu more\n", left - shown);
}

void report_summary(FILE *out, const struct report *report)
{
	for (size_t i = 0; i < report->model->run_count; i++)
		print_run(out, report->arena, &report->model->runs[i]);
	if (report->tally.last)
		print_triggers(out, report);
	else
		fputs("no trigger was met: nothing would be locked\n", out);
	if (*report->tally.others)
		fprintf(out, "what follows is the lock of %s; others have their own: %s\n",
			seen_text(report->arena, report->tally.program),
			seen_text(report->arena, report->tally.others));
	print_calls(out, &report->tally);
	print_places(out, report->arena, "files", report->tally.files, report->tally.file_count);
	print_places(out, report->arena, "addresses", report->tally.addresses,
		     report->tally.address_count);
}
