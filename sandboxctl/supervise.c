/* supervise.c - sandboxctl run as the parent of the program; see supervise.h. */
#include "supervise.h"

#include "watched/watched.h"

#include <string.h>
#include <sys/wait.h>

enum { SIGNALLED = 128, DENIED_MAX = 8 };

/* --- while it runs ---------------------------------------------------------------------------- */

static bool demands(const struct supervision *supervision)
{
	return supervision->require_lock || supervision->require_some;
}

/* Should it have locked by itself, and did not? */
static bool lacks_lock(const struct supervision *supervision, const struct story *story,
		       const struct story_process *process)
{
	return !(process->begun == BEGUN_FORK && supervision->any_will_do) &&
	       story_lacks_lock(story, process);
}

/* Is there a process that armed, and may yet lock? Strangers may be of the line of a daemon. */
static bool may_still_lock(const struct supervision *supervision, const struct story *story)
{
	for (size_t i = 0; i < story->count; i++) {
		const struct story_process *process = story->list[i];

		if (lacks_lock(supervision, story, process) &&
		    ((story->strangers && process->begun == BEGUN_EXEC) ||
		     story_is_alive(story, process)))
			return true;
	}
	return false;
}

static bool something_locked(const struct story *story)
{
	for (size_t i = 0; i < story->count; i++)
		if (story->list[i]->locked)
			return true;
	return false;
}

/* The command itself is over. A daemon is waited for until it has locked. */
static bool enough(void *supervision, const struct story *story)
{
	return !demands(supervision) || !may_still_lock(supervision, story);
}

static bool too_late(void *supervision, const struct story *story)
{
	return may_still_lock(supervision, story) || !something_locked(story);
}

/* --- the verdict ------------------------------------------------------------------------------ */

static void say_lacking(const struct story *story, const struct story_process *process)
{
	unsigned phase = story_missing_phase(story, process);
	const char *trigger = process->triggers[phase] ? process->triggers[phase] : "none";

	if (process->begun == BEGUN_FORK) {
		complain("%s[%d]: was never locked, and [%d] beside it was: policy %s, phase %s, "
			 "the trigger did not come: %s",
			 process->name, (int)process->pid, (int)story_peer(story, process)->pid,
			 process->policy, process->phases[phase], trigger);
		return;
	}
	complain("%s[%d]: was never locked: policy %s, phase %s, the trigger did not come: %s",
		 process->name, (int)process->pid, process->policy, process->phases[phase],
		 trigger);
}

static void say_unreached(const struct story_process *process)
{
	complain("%s[%d]: ran without the library, so without a lock: %s %s", process->name,
		 (int)process->pid, process->program, process->why_not);
}

/* How many processes should have locked and did not; says which. */
static unsigned count_unlocked(const struct supervision *supervision, const struct story *story)
{
	unsigned count = 0, young = 0;

	for (size_t i = 0; i < story->count; i++) {
		const struct story_process *process = story->list[i];

		young += story_ended_young(story, process);
		if (process->reach == NOT_REACHED && !process->under_lock) {
			say_unreached(process);
			count++;
		} else if (lacks_lock(supervision, story, process)) {
			say_lacking(story, process);
			count++;
		}
	}
	if (young && !supervision->any_will_do)
		complain("note: %u forked process%s ended young, before the lock: not counted",
			 young, young == 1 ? "" : "es");
	return count;
}

/* A daemon's children often have /dev/null for standard error, so that what the library said there
 * was never seen, and the daemon starts another one. */
static void say_denied(const struct story *story)
{
	unsigned said = 0, more = 0;

	for (size_t i = 0; i < story->count; i++) {
		const struct story_process *process = story->list[i];
		size_t count = json_array_size(process->violations);
		const json_t *last = json_array_get(process->violations, count - 1);
		const char *line = json_string_value(json_object_get(last, "allow"));

		if (!count || process->pid == story->list[0]->pid)
			continue;
		if (said++ < DENIED_MAX)
			complain("%s[%d]: was denied %zu call%s; what would allow the last: %s",
				 process->name, (int)process->pid, count, count == 1 ? "" : "s",
				 line ? line : "unknown");
		else
			more++;
	}
	if (more)
		complain("and %u processes more were denied calls; --report FILE has all", more);
}

static int program_status(const struct story *story)
{
	return WIFSIGNALED(story->main_status) ? SIGNALLED + WTERMSIG(story->main_status)
					       : WEXITSTATUS(story->main_status);
}

/* The library ended it, and has said why. */
static bool was_refused(const struct story *story)
{
	for (size_t i = 0; i < story->count; i++)
		if (story->list[i]->refused)
			return true;
	return false;
}

static int judge(const struct supervision *supervision, const struct story *story)
{
	int status = program_status(story);
	unsigned unlocked;

	if (story->held) {
		complain("%s: %s", supervision->program, story->held);
		return EXIT_SETUP;
	}
	if (story->report_error) {
		complain("%s: cannot be written: %s; the report is not whole", supervision->report,
			 strerror(story->report_error));
		return EXIT_SETUP;
	}
	if (!demands(supervision))
		return status;
	if (was_refused(story))
		return EXIT_SETUP;
	if (story->lost) {
		complain("%u reports of the library are lost: the file for them, in TMPDIR, could "
			 "not grow; the disk may be full",
			 story->lost);
		return EXIT_SETUP;
	}
	unlocked = supervision->require_lock ? count_unlocked(supervision, story) : 0;
	if (!unlocked && something_locked(story))
		return status;
	if (!unlocked)
		complain("%s: nothing was locked%s%s%s: no program that it ran is named by the "
			 "policy",
			 supervision->program, supervision->policy ? ", policy " : "",
			 supervision->policy ? supervision->policy : "",
			 supervision->policy ? "" : " at all");
	if (story->timed_out)
		complain("%s: the time for it is over, and all is killed", supervision->program);
	return EXIT_NEVER_LOCKED;
}

int supervise(struct session *session, const struct supervision *supervision)
{
	struct story story = { .arena = &session->arena };
	const struct watched_options options = {
		.program = supervision->program,
		.argv = supervision->argv,
		.library = supervision->library,
		.timeout_ms = supervision->timeout_ms,
		.hold = true,
		.need_exec = supervision->require_lock,
		.report = supervision->report,
		.enough = enough,
		.too_late = too_late,
		.argument = (void *)(uintptr_t)supervision,
	};
	const char *why;

	if (!watched_run(&options, &story, &why)) {
		complain("%s: cannot be followed: %s", supervision->program, why);
		return EXIT_SETUP;
	}
	say_denied(&story);
	return judge(supervision, &story);
}
