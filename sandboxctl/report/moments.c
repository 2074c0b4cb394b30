/* moments.c - what happened when in a run: triggers, steps of setting up, dangerous calls,
 * processes; see report.h. */
#include "report.h"

#include "record/choose.h"
#include "record/recording.h"

#include <stdlib.h>
#include <string.h>

/* More than anybody reads; a recording that has more is no run of a program. */
enum { KEPT_MAX = 4096 };

struct finder {
	const struct report *report;
	const struct run *run;
	size_t index; /* of the run */
	struct moments moments;
};

#define TEXT(...) arena_printf(finder->report->arena, __VA_ARGS__)

const char *report_who(struct arena *arena, const char *program, unsigned generation)
{
	if (!*program)
		return "?";
	return generation ? arena_printf(arena, "%s/%u", program, generation) : program;
}

static const char *who_is(const struct finder *finder, const char *program, unsigned generation)
{
	return report_who(finder->report->arena, program, generation);
}

double report_seconds(const struct run *run, uint64_t calls)
{
	for (size_t i = 0; i < run->time_count; i++)
		if (run->times[i].calls >= calls)
			return run->times[i].seconds;
	return -1;
}

/* The first one of what this is. */
static void add(struct finder *finder, struct moment moment)
{
	struct moments *moments = &finder->moments;

	for (size_t i = 0; i < moments->count; i++) {
		struct moment *other = &moments->list[i];

		if (other->kind != moment.kind || strcmp(other->what, moment.what) != 0 ||
		    strcmp(other->who, moment.who) != 0)
			continue;
		if (moment.at < other->at)
			*other = moment;
		return;
	}
	if (moments->count < KEPT_MAX)
		*ARENA_PUSH(finder->report->arena, moments->list, moments->count) = moment;
}

/* How many processes met it by themselves in this run. */
static size_t count_met(const struct finder *finder, const struct fired *like)
{
	const struct model *model = finder->report->model;
	size_t count = 0;

	for (size_t i = 0; i < model->fired_count; i++) {
		const struct fired *fired = &model->fired[i];

		count += fired->run == finder->index && !fired->again &&
			 fired->generation == like->generation &&
			 !strcmp(fired->program, like->program) &&
			 !strcmp(fired->trigger, like->trigger);
	}
	return count;
}

static const char *trigger_detail(const struct finder *finder, const struct fired *fired)
{
	size_t count = count_met(finder, fired);

	return count > 1 ? TEXT("the lock of phase %s; met by %zu processes", fired->phase, count)
			 : TEXT("the lock of phase %s", fired->phase);
}

static void find_triggers(struct finder *finder)
{
	const struct model *model = finder->report->model;
	uint64_t firsts[FIRED_MAX] = { 0 };

	for (size_t i = 0; i < model->fired_count; i++) {
		const struct fired *fired = &model->fired[i];
		uint32_t bit = model_phase(model, fired->phase);
		unsigned phase = bit ? (unsigned)__builtin_ctz(bit) : 0;

		if (fired->run != finder->index || fired->again)
			continue;
		add(finder, (struct moment){
				    .at = fired->at,
				    .who = who_is(finder, fired->program, fired->generation),
				    .what = fired->trigger,
				    .kind = MOMENT_TRIGGER,
				    .fired = fired,
			    });
		if (!firsts[phase] || fired->at < firsts[phase])
			firsts[phase] = fired->at;
	}
	for (unsigned i = 0; i < FIRED_MAX; i++)
		if (firsts[i] > finder->moments.cut)
			finder->moments.cut = firsts[i];
}

static const char *name_of(const struct sighting *sighting)
{
	const struct syscall_name *name = names_number(ARCH_NATIVE, sighting->number);

	return name ? name->name : "";
}

/* What is worth a line; NULL: nothing. */
static const char *reason(const struct finder *finder, const struct sighting *sighting,
			  enum moment_kind *kind)
{
	const struct tally_call *call;

	if (sighting->kind != SIGHT_CALL || sighting->is_foreign)
		return NULL;
	call = tally_find(&finder->report->tally, name_of(sighting));
	*kind = MOMENT_SETUP;
	if (call && is_setup(sighting->number))
		return "sets the server up";
	*kind = MOMENT_DANGER;
	if (call && call->is_dangerous)
		return "of the group @dangerous";
	if (call && !strcmp(call->name, "execve"))
		return "starts a program";
	return NULL;
}

static void find_calls(struct finder *finder)
{
	const struct model *model = finder->report->model;

	for (size_t i = 0; i < finder->run->sight_count; i++) {
		const struct run_sight *sight = &finder->run->sights[i];
		const struct scene *scene = &model->scenes.list[sight->sighting->scene];
		enum moment_kind kind;
		const char *why = reason(finder, sight->sighting, &kind);

		if (sight->last > finder->moments.end)
			finder->moments.end = sight->last;
		if (why)
			add(finder,
			    (struct moment){
				    .at = sight->first,
				    .who = who_is(finder, scene->program, scene->generation),
				    .what = name_of(sight->sighting),
				    .detail = why,
				    .kind = kind,
			    });
	}
}

static void find_processes(struct finder *finder)
{
	for (size_t i = 0; i < finder->run->process_count; i++) {
		const struct run_process *process = &finder->run->started_processes[i];

		if (*process->program)
			add(finder,
			    (struct moment){
				    .at = process->at,
				    .who = who_is(finder, process->program, process->generation),
				    .what = "new process",
				    .detail = process->generation ? "forked" : "started",
				    .kind = MOMENT_PROCESS,
			    });
	}
}

static int compare(const void *a, const void *b)
{
	const struct moment *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return strcmp(x->what, y->what);
}

struct moments report_moments(const struct report *report, size_t run)
{
	struct finder finder = { .report = report,
				 .run = &report->model->runs[run],
				 .index = run,
				 .moments.end = report->model->runs[run].calls };

	find_triggers(&finder);
	find_calls(&finder);
	find_processes(&finder);
	if (finder.moments.cut > finder.moments.end)
		finder.moments.end = finder.moments.cut;
	for (size_t i = 0; i < finder.moments.count; i++)
		if (finder.moments.list[i].kind == MOMENT_TRIGGER)
			finder.moments.list[i].detail =
				trigger_detail(&finder, finder.moments.list[i].fired);
	if (finder.moments.count)
		qsort(finder.moments.list, finder.moments.count, sizeof(*finder.moments.list),
		      compare);
	return finder.moments;
}
