/* observed.c - a run in which nothing is denied; see observed.h. */
#include "observed.h"

#include "drift.h"
#include "harness.h"
#include "judge.h"
#include "launch.h"
#include "nested.h"
#include "prepare.h"
#include "record/cover.h"
#include "record/remote.h"
#include "record/watch.h"
#include "save.h"
#include "symbolize.h"
#include "text.h"
#include "watched/story.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* One program in one process, as the recorder meets it. */
struct met {
	struct ci_image image;
	uint64_t number; /* process->image */
	uint32_t before; /* the phases of whoever executed it */
	bool has_preload;
	const char *other_policy; /* that the suite told the library to take */
};

/* One process. Phases are bits, as the recorder has them. */
struct line {
	const struct met *met;
	pid_t pid;
	unsigned parent;     /* its number */
	uint32_t had, fired; /* when it was met; by now */
	uint32_t left; /* its parent fired these while it was there, which it has no part in */
	uint64_t began, own_since, ended; /* milliseconds; 0: not */
	bool forked; /* from its parent, and it has executed no other program since */
};

/* What was seen for the first time, and where. */
struct first {
	const struct sighting *sighting;
	const struct met *met;
};

struct observer {
	struct session *session;
	const struct ci_options *options;
	struct findings *findings;
	struct arena *arena; /* of the run: the recorder's thread allocates, too */
	const char *library, *events;
	struct met **list; /* in the order they came */
	size_t count;
	struct met **by_pid;
	size_t pid_max;
	struct line *lines; /* by the number of the process */
	size_t line_count;
	struct first *firsts;
	size_t first_count;
	struct watch watch;
	struct model model;
	struct nested nested;
};

/* --- while it runs, under the recorder's lock ------------------------------------------------- */

static struct met *meet(struct observer *observer, const struct process *process)
{
	struct arena *arena = observer->arena;
	struct met *met = ARENA_NEW(arena, struct met);
	struct background background = background_of(arena, process->pid, observer->library);
	char path[PATH_MAX];

	met->number = process->image;
	met->before = process->fired;
	met->has_preload = background.has_library;
	met->image = (struct ci_image){ .name = plain(arena, process->program),
					.pid = process->pid,
					.command = background.command,
					.test = background.test };
	if (remote_link(process->pid, "exe", path, sizeof(path)))
		met->image.path = arena_strndup(arena, path, strlen(path));
	if (process->executing)
		met->image.started_as =
			arena_strndup(arena, process->executing, strlen(process->executing));
	*ARENA_PUSH(arena, observer->list, observer->count) = met;
	return met;
}

/* A child runs its parent's program until it executes another. */
static struct met *met_by(struct observer *observer, const struct process *process)
{
	struct met *met = observer->by_pid[process->pid];

	if (met && met->number == process->image)
		return met;
	met = NULL;
	for (size_t i = observer->count; process->generation && i > 0 && !met; i--)
		if (observer->list[i - 1]->number == process->image)
			met = observer->list[i - 1];
	if (!met)
		met = meet(observer, process);
	observer->by_pid[process->pid] = met;
	return met;
}

static bool is_there(const struct process *process)
{
	struct pollfd end = { .fd = process->pidfd, .events = POLLIN };

	return process->pidfd >= 0 && !poll(&end, 1, 0);
}

static struct line *line_of(struct observer *observer, const struct process *process)
{
	struct line *line;

	while (observer->line_count <= process->number)
		*ARENA_PUSH(observer->arena, observer->lines, observer->line_count) =
			(struct line){ 0 };
	line = &observer->lines[process->number];
	if (!line->pid)
		*line = (struct line){ .pid = process->pid,
				       .parent = process->parent,
				       .had = process->fired,
				       .began = story_clock() };
	return line;
}

/* It met a trigger: what it forked before, and is there, has no part in that. */
static void note_left(struct observer *observer, const struct process *parent, uint32_t bits)
{
	const struct process *process = observer->watch.recorder.processes.alive;

	for (; process; process = process->next)
		if (process->parent == parent->number && process->generation && is_there(process))
			line_of(observer, process)->left |= bits & ~process->fired;
}

static void watch_process(void *data, const struct process *process)
{
	struct observer *observer = data;
	uint32_t fires;
	struct line *line;
	struct met *met;

	if (!*process->program || (size_t)process->pid >= observer->pid_max)
		return;
	met = met_by(observer, process);
	met->image.is_reached |= process->library != 0;
	met->image.is_locked |= process->fired != 0;
	line = line_of(observer, process);
	fires = process->fired & ~(line->had | line->fired);
	if (fires) {
		note_left(observer, process, fires);
		line = line_of(observer, process);
		line->own_since = line->own_since ? line->own_since : story_clock();
	}
	line->met = met;
	line->fired |= process->fired;
	line->forked = process->generation;
}

static void watch_end(void *data, const struct process *process)
{
	struct observer *observer = data;

	if (process->number < observer->line_count)
		observer->lines[process->number].ended = story_clock();
}

static void watch_first(void *data, const struct process *process, const struct sighting *sighting)
{
	struct observer *observer = data;

	if ((size_t)process->pid >= observer->pid_max || !process->fired)
		return;
	*ARENA_PUSH(observer->arena, observer->firsts, observer->first_count) =
		(struct first){ sighting, observer->by_pid[process->pid] };
}

static void watch_own(void *data, struct process *process, pid_t thread,
		      const struct seccomp_data *call)
{
	struct observer *observer = data;

	if (*process->program && (size_t)process->pid < observer->pid_max)
		nested_call(&observer->nested, &observer->watch.recorder, process, thread, call,
			    met_by(observer, process));
}

static void watch_fired(void *data, const struct process *process, const char *phase)
{
	struct observer *observer = data;

	if (*process->program && (size_t)process->pid < observer->pid_max)
		nested_fires(&observer->nested, process, phase, met_by(observer, process));
}

/* --- afterwards ------------------------------------------------------------------------------- */

static bool same_sighting(const struct sighting *live, const struct sighting *read)
{
	if (live->kind != read->kind)
		return false;
	if (live->kind != SIGHT_CALL)
		return !strcmp(live->use, read->use) &&
		       (!strcmp(live->what, read->what) ||
			(live->settled && !strcmp(live->settled, read->what)));
	for (unsigned i = 0; i < ARGUMENTS; i++)
		if ((live->cube.value[i] ^ read->cube.value[i]) & live->cube.mask[i])
			return false;
	return live->number == read->number && live->is_foreign == read->is_foreign;
}

/* The recording has control characters as "?". */
static bool same_name(const char *live, const char *read)
{
	for (; *live && *read; live++, read++)
		if (*live != *read && *read != '?')
			return false;
	return *live == *read;
}

static const struct met *first_met(const struct observer *observer, const struct sighting *sighting)
{
	const struct processes *processes = &observer->watch.recorder.processes;
	const char *program = observer->model.scenes.list[sighting->scene].program;

	for (size_t i = 0; i < observer->first_count; i++) {
		const struct sighting *live = observer->firsts[i].sighting;

		if (same_sighting(live, sighting) &&
		    same_name(processes->scenes.list[live->scene].program, program))
			return observer->firsts[i].met;
	}
	return NULL;
}

static void judge_step(const struct observer *observer, const struct denied *denied,
		       struct finding *finding)
{
	struct arena *arena = observer->arena;

	finding->kind = FINDING_VIOLATION;
	finding->phase = denied->phase->name;
	finding->call = plain(arena, denied->question);
	finding->title = arena_printf(arena, "%s: %s is denied", finding->program, finding->call);
	finding->detail = "no line gives it";
	finding->suggestion = finding->call;
	finding->place = denied->phase->place;
	if (!denied->by)
		return;
	finding->place = denied->by->place;
	finding->detail = line_text(arena, denied->by->place);
}

/* Where it was seen first, and whose code made the call. */
static void tell_where(const void *observer_, const struct sighting *sighting,
		       struct finding *finding)
{
	const struct observer *observer = observer_;
	struct arena *arena = observer->arena;
	const struct met *met = first_met(observer, sighting);

	if (met) {
		finding->program = met->image.name;
		finding->pid = met->image.pid;
		finding->test = met->image.test;
		finding->command = met->image.command;
	}
	if (sighting->caller_count)
		finding->object = plain(arena, sighting->callers[0]);
	finding->function = plain(arena, function_at(arena, met ? met->image.path : NULL,
						     finding->program, finding->object));
}

static void note_denied(const struct observer *observer, const struct denied *denied)
{
	struct arena *arena = observer->arena;
	const struct sighting *sighting = denied->sighting;
	struct finding finding = {
		.program = plain(arena, observer->model.scenes.list[sighting->scene].program),
		.count = sighting->count,
	};

	tell_where(observer, sighting, &finding);
	if (denied->question)
		judge_step(observer, denied, &finding);
	else
		judge_call(arena, denied->phase, denied->call, denied->verdict, &finding);
	if (denied->perhaps)
		finding.detail = arena_printf(arena, "%s; for some values of what is not recorded",
					      finding.detail);
	findings_add(observer->findings, &finding);
}

static void note_unused(const struct observer *observer, const struct unused *unused)
{
	struct arena *arena = observer->arena;
	struct place place = unused->place;
	const char *word = arena_strndup(arena, place.start + place.column - 1, place.length);

	findings_add(observer->findings,
		     &(struct finding){ .kind = FINDING_UNUSED,
					.title = arena_printf(arena, "%s:%u: %s was not used",
							      place_file(arena, place), place.line,
							      plain(arena, word)),
					.phase = unused->phase->name,
					.call = plain(arena, word),
					.place = place });
}

static void note_foreign(const struct observer *observer)
{
	size_t count;
	struct sighting **list = model_list(&observer->model, &count);

	for (size_t i = 0; i < count; i++) {
		const struct scene *scene = &observer->model.scenes.list[list[i]->scene];
		const char *program = plain(observer->arena, scene->program);

		if (!list[i]->is_foreign || !scene->fired)
			continue;
		findings_add(observer->findings,
			     &(struct finding){
				     .kind = FINDING_VIOLATION,
				     .title = arena_printf(
					     observer->arena,
					     "%s: a call of another architecture is denied (kill)",
					     program),
				     .program = program,
				     .count = list[i]->count });
	}
}

static struct met *last_of(const struct observer *observer, json_int_t pid)
{
	for (size_t i = observer->count; i > 0; i--)
		if (observer->list[i - 1]->image.pid == pid)
			return observer->list[i - 1];
	return NULL;
}

/* Its last words, which end the process; and the policy that it found. */
static void take_event(struct observer *observer, const json_t *event)
{
	const char *kind = json_string_value(json_object_get(event, "event"));
	const char *reason = json_string_value(json_object_get(event, "reason"));
	const char *policy = json_string_value(json_object_get(event, "policy"));
	struct met *met = last_of(observer, json_integer_value(json_object_get(event, "pid")));

	if (!met || !kind)
		return;
	if (!strcmp(kind, "refused") && reason)
		met->image.refused = plain(observer->arena, reason);
	if (!strcmp(kind, "armed") && policy &&
	    strcmp(policy, observer->findings->policy->name) != 0)
		met->other_policy = plain(observer->arena, policy);
}

static void read_events(struct observer *observer)
{
	FILE *file = fopen(observer->events, "re");
	char *line = NULL;
	size_t size = 0;
	ssize_t length;

	/* Every program of the run may write there: what is no event is none. */
	while (file && (length = getline(&line, &size, file)) > 0) {
		json_t *event = json_loadb(line, (size_t)length, 0, NULL);

		take_event(observer, event);
		json_decref(event);
	}
	free(line);
	if (file)
		fclose(file);
}

static void note_images(struct observer *observer)
{
	for (size_t i = 0; i < observer->count; i++) {
		struct ci_image *image = &observer->list[i]->image;

		if (!image->is_reached && image->path)
			image->why_not = launch_check(observer->session, image->path);
		if (!image->is_reached && !image->why_not)
			image->why_not =
				observer->list[i]->has_preload
					? "LD_PRELOAD names it, but its loader did not take "
					  "it"
					: "LD_PRELOAD does not name it any more";
		if (observer->list[i]->other_policy) {
			image->is_locked = false;
			image->unlocked =
				arena_printf(observer->arena, "it was told to take the policy %s",
					     observer->list[i]->other_policy);
		} else if (!image->is_locked) {
			image->unlocked = "its trigger never came";
		}
		note_image(observer->findings, observer->options, image);
	}
}

/* Is it the process of that number, or forked from it, or from such a one? Parents come first. */
static bool is_of_line(const struct observer *observer, size_t member, size_t number)
{
	while (member > number && observer->lines[member].forked)
		member = observer->lines[member].parent;
	return member == number;
}

/* The recorder's phases as the policy's: all that would be locked with them. `*apart`: what would
 * never be. */
static uint32_t phases_of(const struct observer *observer, uint32_t fired, uint32_t *apart)
{
	const struct processes *processes = &observer->watch.recorder.processes;
	const struct policy *policy = observer->findings->policy;
	uint32_t bits = 0;

	*apart = 0;
	for (unsigned i = 0; i < policy->phase_count; i++)
		for (unsigned j = 0; j < processes->phase_count; j++) {
			if (!(fired & 1u << j) ||
			    strcmp(processes->phases[j], policy->phases[i].name) != 0)
				continue;
			bits |= ((2u << i) - 1) & ~policy->phases[i].apart;
			*apart |= policy->phases[i].apart;
		}
	return bits;
}

/* As story_ended_young() has it. */
static bool is_young(const struct observer *observer, const struct line *line)
{
	uint64_t slowest = 0, age = line->ended - line->began;

	for (size_t i = 1; line->ended && i < observer->line_count; i++) {
		const struct line *other = &observer->lines[i];

		if (other->forked && other->met == line->met && other->own_since &&
		    other->own_since - other->began > slowest)
			slowest = other->own_since - other->began;
	}
	return line->ended && (age < STORY_YOUNG_MS || age < STORY_YOUNG_TIMES * slowest);
}

/* As story_lacks_lock() has it, with what would have been locked: watched/story.h. */
static void note_line(struct observer *observer, size_t number)
{
	const struct line *line = &observer->lines[number], *other;
	uint32_t beside = 0, done = 0, own = 0, apart, none, missing;
	struct ci_image image;

	for (size_t i = 1; i < observer->line_count; i++) {
		other = &observer->lines[i];
		if (i != number && other->forked && other->parent == line->parent)
			beside |= other->fired & ~other->had;
		if (!is_of_line(observer, i, number))
			continue;
		done |= other->fired;
		own |= other->fired & ~other->had;
	}
	done = phases_of(observer, done, &none);
	phases_of(observer, own, &apart);
	missing = ~(done | apart);
	beside = phases_of(observer, beside, &none) & missing;
	if (!beside && !(phases_of(observer, line->left, &none) & missing))
		return;
	image = line->met->image;
	image.pid = line->pid;
	image.is_young = is_young(observer, line);
	image.refused = NULL;
	image.unlocked = fork_text(!beside);
	note_fork(observer->findings, observer->options, &image);
}

static void note_forks(struct observer *observer)
{
	for (size_t i = 1; i < observer->line_count; i++)
		if (observer->lines[i].forked && observer->lines[i].parent)
			note_line(observer, i);
}

static bool read_model(struct session *session, struct model *model, const char *path)
{
	const char *why = NULL;
	const struct source *source = files_text(&session->files, path, &why);

	model_begin(model, &session->arena);
	if (!source) {
		complain("%s: %s", path, why);
		return false;
	}
	if (model_read(&session->context, model, source))
		return true;
	session_report(session);
	return false;
}

/* --- what would not have happened ------------------------------------------------------------- */

static bool is_execve(const struct denied *denied)
{
	const struct sighting *sighting = denied->sighting;

	return sighting->kind == SIGHT_CALL && !denied->perhaps &&
	       (sighting->number == (uint32_t)names_syscall("execve")->number[ARCH_NATIVE] ||
		sighting->number == (uint32_t)names_syscall("execveat")->number[ARCH_NATIVE]);
}

/* It met a trigger by itself; others run behind the lock of the one that started them. */
static bool locks_itself(const struct observer *observer, const struct sighting *sighting)
{
	const char *program = observer->model.scenes.list[sighting->scene].program;

	for (size_t i = 0; i < observer->model.fired_count; i++)
		if (!observer->model.fired[i].again &&
		    !strcmp(observer->model.fired[i].program, program))
			return true;
	return false;
}

/* A program whose execve is denied never runs: what it did is none of the policy's business. */
static void note_all_denied(const struct observer *observer, const struct coverage *coverage)
{
	bool execve_denied = false;

	for (size_t i = 0; i < coverage->denied_count; i++)
		execve_denied |= is_execve(&coverage->denied[i]);
	for (size_t i = 0; i < coverage->denied_count; i++)
		if (!execve_denied || locks_itself(observer, coverage->denied[i].sighting))
			note_denied(observer, &coverage->denied[i]);
}

/* --- what the library needs under a lock -------------------------------------------------------
 */

/* It lives with an error of these; of any other it ends the program, whose lock it could not make.
 */
static bool may_fail(const struct sighting *sighting)
{
	static const char *const calls[] = { "close", "fstat", "munmap", "futex" };

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (sighting->kind == SIGHT_CALL &&
		    sighting->number == (uint32_t)names_syscall(calls[i])->number[ARCH_NATIVE])
			return true;
	return false;
}

static void note_own(const struct observer *observer, const struct denied *denied)
{
	struct arena *arena = observer->arena;
	const struct sighting *sighting = denied->sighting;
	const struct met *met = nested_where(&observer->nested, sighting);
	struct finding finding = {
		.program = met->image.name,
		.pid = met->image.pid,
		.test = met->image.test,
		.command = met->image.command,
		.object = "libsandbox.so",
		.count = sighting->count,
	};

	if (denied->question)
		judge_step(observer, denied, &finding);
	else
		judge_call(arena, denied->phase, denied->call, denied->verdict, &finding);
	if (!may_fail(sighting))
		finding.kind = FINDING_VIOLATION;
	finding.detail = arena_printf(arena,
				      "%s; the library needs it in a program that a locked one "
				      "starts",
				      finding.detail);
	findings_add(observer->findings, &finding);
}

/* A program whose execve is denied never runs. */
static void note_nested(const struct observer *observer, const struct coverage *coverage,
			const struct coverage *own)
{
	for (size_t i = 0; i < coverage->denied_count; i++)
		if (is_execve(&coverage->denied[i]))
			return;
	for (size_t i = 0; i < own->denied_count; i++)
		note_own(observer, &own->denied[i]);
}

/* Neither the programs nor the library made use of it. */
static void note_all_unused(const struct observer *observer, const struct coverage *coverage,
			    const struct coverage *own)
{
	for (size_t i = 0; i < coverage->unused_count; i++) {
		const struct unused *unused = &coverage->unused[i];

		for (size_t j = 0; j < own->unused_count; j++)
			if (own->unused[j].phase == unused->phase &&
			    own->unused[j].place.start == unused->place.start &&
			    own->unused[j].place.column == unused->place.column)
				note_unused(observer, unused);
	}
}

static bool judge(struct observer *observer, const struct preparation *preparation)
{
	struct session *session = observer->session;
	struct findings *findings = observer->findings;
	struct coverage coverage, own;
	struct model baseline;

	if (!read_model(session, &observer->model, preparation->recording))
		return false;
	coverage = cover(&session->context, &observer->model, NULL, findings->policy);
	own = nested_cover(&observer->nested, &session->context, &observer->watch.recorder,
			   findings->policy);
	note_all_denied(observer, &coverage);
	note_nested(observer, &coverage, &own);
	note_all_unused(observer, &coverage, &own);
	note_foreign(observer);
	if (!observer->options->baseline)
		return true;
	if (!read_model(session, &baseline, observer->options->baseline))
		return false;
	find_drift(findings, &baseline, &observer->model, tell_where, observer);
	return true;
}

/* --- the run ---------------------------------------------------------------------------------- */

static bool begin(struct observer *observer, const struct preparation *preparation)
{
	struct recorder *recorder = &observer->watch.recorder;
	bool good = recorder_begin(recorder, false);

	observer->pid_max = recorder->processes.thread_max;
	observer->by_pid = calloc(observer->pid_max, sizeof(*observer->by_pid));
	if (!good || !observer->by_pid) {
		complain("no memory for a recording");
		return false;
	}
	recorder->watch_process = watch_process;
	recorder->watch_first = watch_first;
	recorder->watch_end = watch_end;
	recorder->watch_own = watch_own;
	recorder->watch_fired = watch_fired;
	nested_begin(&observer->nested, observer->arena);
	recorder->watch_data = observer;
	cover_shapes(preparation->armed, &recorder->shapes);
	observer->watch.quiet = true;
	observer->watch.linger_ms = observer->options->linger_ms;
	return true;
}

/* Where the library says why it refused: every user of the run may write there. */
static bool open_events(struct observer *observer, const struct preparation *preparation)
{
	int file;

	observer->events =
		arena_printf(&observer->session->arena, "%s/events", preparation->directory);
	file = open(observer->events, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (file < 0 || fchmod(file, 0666) ||
	    setenv("SANDBOX_REPORT",
		   arena_printf(&observer->session->arena, "watch:%s", observer->events), 1)) {
		complain("%s: cannot be written: %s", observer->events, strerror(errno));
		return false;
	}
	close(file);
	return true;
}

static bool run(struct observer *observer, const struct preparation *preparation)
{
	struct watch *watch = &observer->watch;
	struct findings *findings = observer->findings;
	const struct recording_head head = { .argv = observer->options->argv,
					     .policy = preparation->policy,
					     .armed = preparation->armed };

	if (!open_events(observer, preparation) || !begin(observer, preparation) ||
	    !watch_run(watch, preparation->recording, preparation->program, &head))
		return false;
	findings->seconds = recording_seconds(&watch->recording);
	findings->calls = watch->recorder.sightings.total;
	read_events(observer);
	note_images(observer);
	note_forks(observer);
	note_end(findings, watch->status, watch->was_asked);
	return watch->is_complete && judge(observer, preparation);
}

static bool keep_recording(struct session *session, const char *from, const char *to)
{
	const char *why = NULL;
	const struct source *source = files_text(&session->files, from, &why);

	if (source)
		return save_file(&session->arena, to, source->text, source->size);
	complain("%s: %s", from, why);
	return false;
}

bool observe(struct session *session, const struct ci_options *options, struct findings *findings)
{
	struct preparation preparation = { .mode = "learn",
					   .policy = options->policy,
					   .any_program = true,
					   .programs = options->programs };
	struct observer *observer = calloc(1, sizeof(*observer));
	bool good;

	if (!observer || !prepare(session, &preparation, options->argv[0])) {
		free(observer);
		return false;
	}
	observer->session = session;
	observer->options = options;
	observer->findings = findings;
	observer->arena = findings->live;
	observer->library = launch_library(session);
	findings->policy = preparation.armed;
	good = run(observer, &preparation) &&
	       (!options->recording ||
		keep_recording(session, preparation.recording, options->recording));
	recorder_end(&observer->watch.recorder);
	if (observer->events)
		unlink(observer->events);
	unprepare(&preparation);
	free(observer->by_pid);
	free(observer);
	return good;
}
