/* enforced.c - a run in which the programs that the policy names are locked; see enforced.h. */
#include "enforced.h"

#include "harness.h"
#include "judge.h"
#include "prepare.h"
#include "record/cover.h"
#include "record/remote.h"
#include "record/watch.h"
#include "symbolize.h"
#include "text.h"
#include "watched/watched.h"

#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

/* What is known of a program as it begins. */
struct beginning {
	struct background background;
	const char *file, *started_as;
};

struct enforcer {
	struct session *session;
	const struct ci_options *options;
	struct findings *findings;
	struct arena *arena;
	const char *library;
	struct shapes shapes;
	struct story story;
	struct beginning *begun; /* by the number of the process */
	size_t begun_count;
};

/* --- while it runs ---------------------------------------------------------------------------- */

/* Of which test it is, before it is gone. */
static void meet(void *argument, struct story_process *process)
{
	struct enforcer *enforcer = argument;
	struct beginning *begun;
	char path[PATH_MAX];

	while (enforcer->begun_count <= process->number)
		*ARENA_PUSH(enforcer->arena, enforcer->begun, enforcer->begun_count) =
			(struct beginning){ 0 };
	begun = &enforcer->begun[process->number];
	begun->background = background_of(enforcer->arena, process->pid, enforcer->library);
	begun->started_as = process->program;
	if (remote_link(process->pid, "exe", path, sizeof(path)))
		begun->file = arena_strndup(enforcer->arena, path, strlen(path));
}

/* --- afterwards ------------------------------------------------------------------------------- */

static struct beginning begun_at(const struct enforcer *enforcer,
				 const struct story_process *process)
{
	unsigned number = process->image ? process->image->number : process->number;

	if (number < enforcer->begun_count && enforcer->begun[number].started_as)
		return enforcer->begun[number];
	return (struct beginning){ .file = process->program, .started_as = process->program };
}

static const struct phase *find_phase(const struct policy *policy, const char *name)
{
	for (size_t i = 0; name && i < policy->phase_count; i++)
		if (!strcmp(policy->phases[i].name, name))
			return &policy->phases[i];
	return NULL;
}

static const char *text_of(const json_t *event, const char *key)
{
	return json_string_value(json_object_get(event, key));
}

static void read_arguments(const json_t *event, uint64_t arguments[ARGUMENTS])
{
	const json_t *list = json_object_get(event, "arguments");

	for (size_t i = 0; i < ARGUMENTS; i++) {
		const char *text = json_string_value(json_array_get(list, i));

		arguments[i] = text ? strtoull(text, NULL, 0) : 0;
	}
}

/* Decided again by the text that the filter was made from, for the line that did it. */
static void judge_event(const struct enforcer *enforcer, const json_t *event,
			struct finding *finding)
{
	const struct policy *policy = enforcer->findings->policy;
	const struct phase *phase = find_phase(policy, text_of(event, "phase"));
	struct sighting sighting = {
		.kind = SIGHT_CALL,
		.number = (uint32_t)json_integer_value(json_object_get(event, "nr")),
	};
	uint64_t arguments[ARGUMENTS];

	read_arguments(event, arguments);
	sighting.cube = shape_cut(shape_of(&enforcer->shapes, sighting.number), arguments);
	if (phase) {
		judge_call(enforcer->arena, phase, &sighting,
			   evaluate(policy, phase, arches[ARCH_NATIVE].audit, sighting.number,
				    arguments),
			   finding);
		return;
	}
	finding->kind = FINDING_VIOLATION;
	finding->call = plain(enforcer->arena, text_of(event, "syscall"));
	finding->title = arena_printf(enforcer->arena, "%s: %s is denied, by another policy",
				      finding->program, finding->call);
	finding->detail = plain(enforcer->arena, text_of(event, "policy"));
}

static void note_event(const struct enforcer *enforcer, const struct story_process *process,
		       const json_t *event)
{
	struct arena *arena = enforcer->arena;
	const struct beginning begun = begun_at(enforcer, process);
	const char *object = text_of(event, "caller");
	struct finding finding = {
		.program = plain(arena, process->name),
		.test = begun.background.test,
		.command = begun.background.command,
		.pid = process->pid,
		.object = plain(arena, object ? object : text_of(event, "at")),
	};

	finding.function =
		plain(arena, function_at(arena, begun.file, finding.program, finding.object));
	judge_event(enforcer, event, &finding);
	/* What the library reports was not let through, whatever the text says now. */
	if (finding.kind == FINDING_ANSWERED)
		finding.kind = FINDING_VIOLATION;
	findings_add(enforcer->findings, &finding);
}

/* `kill`, and `trap` while SIGSYS is blocked, end a process without a word. */
static void note_silent_death(const struct enforcer *enforcer, const struct story_process *process)
{
	const struct beginning begun = begun_at(enforcer, process);
	const json_t *last =
		json_array_get(process->violations, json_array_size(process->violations) - 1);

	if (!process->has_status || !WIFSIGNALED(process->status) ||
	    WTERMSIG(process->status) != SIGSYS || (last && !text_of(last, "errno")))
		return;
	findings_add(enforcer->findings,
		     &(struct finding){
			     .kind = FINDING_VIOLATION,
			     .title = arena_printf(enforcer->arena, "%s died of SIGSYS",
						   plain(enforcer->arena, process->name)),
			     .detail = "without a report: a call that the policy answers with "
				       "kill, or with trap while signals were blocked; --observe "
				       "names it",
			     .program = plain(enforcer->arena, process->name),
			     .test = begun.background.test,
			     .command = begun.background.command,
			     .pid = process->pid });
}

/* Somebody in the suite told the library only to say when it would lock. */
static bool pretends(const struct enforcer *enforcer, const struct story_process *process)
{
	for (size_t i = 0; i < enforcer->story.count; i++)
		if (enforcer->story.list[i]->image == process && enforcer->story.list[i]->pretended)
			return true;
	return false;
}

static bool has_our_policy(const struct enforcer *enforcer, const struct story_process *process)
{
	return process->policy && !strcmp(process->policy, enforcer->findings->policy->name);
}

static const char *unlocked_text(const struct enforcer *enforcer,
				 const struct story_process *process)
{
	unsigned phase;

	if (process->reach == REACH_UNKNOWN)
		return "it ended before its loader had come to the library";
	if (!process->policy)
		return process->not_armed ? arena_printf(enforcer->arena,
							 "it found the policy %s, which is for "
							 "other programs",
							 plain(enforcer->arena, process->not_armed))
					  : "the library was told to be off in it";
	if (!has_our_policy(enforcer, process))
		return arena_printf(enforcer->arena, "it was told to take the policy %s",
				    plain(enforcer->arena, process->policy));
	if (pretends(enforcer, process))
		return "SANDBOX_MODE told the library not to lock it";
	phase = story_missing_phase(&enforcer->story, process);
	return arena_printf(enforcer->arena, "phase %s waits for: %s",
			    plain(enforcer->arena, process->phases[phase]),
			    plain(enforcer->arena, process->triggers[phase]));
}

static bool is_locked(const struct enforcer *enforcer, const struct story_process *process)
{
	if (process->under_lock)
		return true;
	return process->armed && has_our_policy(enforcer, process) &&
	       !pretends(enforcer, process) && !story_lacks_lock(&enforcer->story, process);
}

static struct ci_image image_of(const struct enforcer *enforcer,
				const struct story_process *process)
{
	struct arena *arena = enforcer->arena;
	const struct beginning begun = begun_at(enforcer, process);

	return (struct ci_image){
		.name = plain(arena, process->name),
		.path = begun.file,
		.started_as = begun.started_as,
		.command = begun.background.command,
		.test = begun.background.test,
		.pid = process->pid,
		.is_reached = process->reach != NOT_REACHED,
		.is_locked = is_locked(enforcer, process),
		.why_not = plain(arena, process->why_not),
		.refused = plain(arena, process->refused),
		.ended = process->has_status ? status_text(arena, process->status) : NULL,
	};
}

static void note_executed(const struct enforcer *enforcer, const struct story_process *process)
{
	struct ci_image image = image_of(enforcer, process);

	if (!image.is_locked && image.is_reached && !image.refused)
		image.unlocked = unlocked_text(enforcer, process);
	note_image(enforcer->findings, enforcer->options, &image);
}

/* Another policy, or none: its program is a finding already. */
static void note_forked(const struct enforcer *enforcer, const struct story_process *process)
{
	struct ci_image image = image_of(enforcer, process);
	const struct story_process *peer;
	unsigned phase;

	image.is_young = story_ended_young(&enforcer->story, process);
	if (has_our_policy(enforcer, process) &&
	    (image.is_young || story_lacks_lock(&enforcer->story, process))) {
		peer = story_peer(&enforcer->story, process);
		phase = story_missing_phase(&enforcer->story, process);
		image.unlocked = arena_printf(enforcer->arena, "%s; phase %s waits for: %s",
					      fork_text(peer == process->parent),
					      plain(enforcer->arena, process->phases[phase]),
					      plain(enforcer->arena, process->triggers[phase]));
	}
	note_fork(enforcer->findings, enforcer->options, &image);
}

static void judge(const struct enforcer *enforcer)
{
	const struct story *story = &enforcer->story;

	for (size_t i = 0; i < story->count; i++) {
		const struct story_process *process = story->list[i];

		if (process->begun == BEGUN_EXEC)
			note_executed(enforcer, process);
		else
			note_forked(enforcer, process);
		for (size_t j = 0; j < json_array_size(process->violations); j++)
			note_event(enforcer, process, json_array_get(process->violations, j));
		note_silent_death(enforcer, process);
	}
	note_end(enforcer->findings, story->main_status, false);
}

/* --- the run ---------------------------------------------------------------------------------- */

static double seconds_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static bool run(struct enforcer *enforcer, const struct preparation *preparation)
{
	const struct watched_options options = {
		.program = preparation->program,
		.argv = enforcer->options->argv,
		.library = enforcer->library,
		.need_exec = true,
		.linger_ms = enforcer->options->linger_ms,
		.began = meet,
		.argument = enforcer,
	};
	struct findings *findings = enforcer->findings;
	double started = seconds_now();
	const char *why = NULL;

	if (!watched_run(&options, &enforcer->story, &why)) {
		complain("%s: cannot be watched: %s", preparation->program, why);
		return false;
	}
	findings->seconds = seconds_now() - started;
	if (enforcer->story.lost) {
		complain("%u reports of the library are lost, so there is no verdict: the file for "
			 "them, in TMPDIR, could not grow; the disk may be full",
			 enforcer->story.lost);
		return false;
	}
	judge(enforcer);
	return true;
}

bool enforce(struct session *session, const struct ci_options *options, struct findings *findings)
{
	struct preparation preparation = { .mode = "enforce",
					   .policy = options->policy,
					   .any_program = true,
					   .programs = options->programs };
	struct enforcer enforcer = { .session = session,
				     .options = options,
				     .findings = findings,
				     .arena = findings->live,
				     .story.arena = findings->live };
	bool good;

	if (!prepare(session, &preparation, options->argv[0]))
		return false;
	enforcer.library = launch_library(session);
	findings->policy = preparation.armed;
	shapes_begin(&enforcer.shapes, ARCH_NATIVE);
	cover_shapes(preparation.armed, &enforcer.shapes);
	good = run(&enforcer, &preparation);
	unprepare(&preparation);
	return good;
}
