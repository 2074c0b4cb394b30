/* story.c - what became of every process of a command; see story.h. */
#include "watched/story.h"

#include <string.h>
#include <time.h>

uint64_t story_clock(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

/* --- entries ---------------------------------------------------------------------------------- */

static void inherit(struct story_process *child, const struct story_process *parent)
{
	child->program = parent->program;
	child->name = parent->name;
	child->reach = parent->reach;
	child->loaded = parent->loaded;
	child->under_lock = parent->under_lock;
	child->policy = parent->policy;
	child->phase_count = parent->phase_count;
	memcpy(child->phases, parent->phases, sizeof(child->phases));
	memcpy(child->triggers, parent->triggers, sizeof(child->triggers));
	child->armed = parent->armed;
	child->locked = parent->locked;
	child->covered = parent->covered;
	child->pretended = parent->pretended;
}

struct story_process *story_add(struct story *story, enum begun begun, pid_t pid,
				struct story_process *parent)
{
	struct story_process *process = ARENA_NEW(story->arena, struct story_process);

	*ARENA_PUSH(story->arena, story->list, story->count) = process;
	process->number = (unsigned)story->count;
	process->begun = begun;
	process->began = story->now;
	process->pid = pid;
	process->parent = parent;
	process->image = process;
	process->program = process->name = "?";
	process->violations = json_array();
	if (parent && begun == BEGUN_FORK) {
		inherit(process, parent);
		process->image = parent->image;
	} else if (parent) {
		process->under_lock = parent->under_lock || parent->locked;
	}
	return process;
}

void story_end(const struct story *story, struct story_process *process, bool replaced)
{
	process->over = true;
	process->ended = story->now;
	process->replaced = replaced;
	/* It was seen that the library would be silent in it. */
	if (process->reach == REACH_UNKNOWN && process->why_not)
		process->reach = NOT_REACHED;
}

/* --- who says it ------------------------------------------------------------------------------ */

static const char *text_of(const json_t *event, const char *name)
{
	const char *text = json_string_value(json_object_get(event, name));

	return text ? text : "";
}

static const char *keep(const struct story *story, const json_t *event, const char *name)
{
	const char *text = text_of(event, name);

	return arena_strndup(story->arena, text, strlen(text));
}

static pid_t number_of(const json_t *event, const char *name)
{
	return (pid_t)json_integer_value(json_object_get(event, name));
}

static bool is_event(const json_t *event, const char *name)
{
	return !strcmp(text_of(event, "event"), name);
}

/* The latest of that number among all (`image` NULL) or among those of a program. */
static struct story_process *find_inner(const struct story *story,
					const struct story_process *image, pid_t inner)
{
	for (size_t i = story->count; i-- > 0;)
		if (story->list[i]->inner == inner && (!image || story->list[i]->image == image))
			return story->list[i];
	return NULL;
}

static struct story_process *begin_fork(struct story *story, const json_t *event,
					struct story_process *image)
{
	struct story_process *parent = find_inner(story, image, number_of(event, "ppid"));
	struct story_process *child;

	if (!parent)
		parent = image;
	child = story_add(story, BEGUN_FORK, 0, parent);
	child->inner = number_of(event, "pid");
	/* A number means the same here and there when it did for the one that was executed. */
	if (parent->image->pid == parent->image->inner)
		child->pid = child->inner;
	return child;
}

/* Where executed programs are followed each has its number. */
static struct story_process *entry_of_image(struct story *story, const json_t *event, bool *is_new)
{
	size_t number = (size_t)json_integer_value(json_object_get(event, "image"));
	pid_t pid = number_of(event, "pid");
	struct story_process *image, *found;

	/* Blind, but under another watcher: the numbers are that one's. */
	if (story->blind || !number || number > story->count)
		return NULL;
	image = story->list[number - 1];
	if (!image->inner)
		image->inner = pid;
	found = is_event(event, "forked") ? NULL : find_inner(story, image, pid);
	if (found)
		return found;
	*is_new = true;
	return begin_fork(story, event, image);
}

/* Where they are not, a process is the one of that id that began last. */
static struct story_process *entry_by_pid(struct story *story, const json_t *event, bool *is_new)
{
	pid_t pid = number_of(event, "pid");
	struct story_process *found = find_inner(story, NULL, pid), *parent;

	if (is_event(event, "loaded")) {
		parent = found && !found->over ? found
					       : find_inner(story, NULL, number_of(event, "ppid"));
		if (found && !found->over)
			story_end(story, found, true);
		found = story_add(story, BEGUN_EXEC, pid, parent);
		found->inner = pid;
		*is_new = true;
	} else if (is_event(event, "forked") || !found) {
		parent = find_inner(story, NULL, number_of(event, "ppid"));
		found = story_add(story, parent ? BEGUN_FORK : BEGUN_EXEC, pid, parent);
		found->inner = pid;
		*is_new = true;
	}
	return found;
}

/* --- what it says ----------------------------------------------------------------------------- */

/* The bit of the event's phase; 0: it has none. */
static uint32_t phase_bit(const struct story *story, struct story_process *process,
			  const json_t *event)
{
	const char *name = text_of(event, "phase");
	unsigned i;

	for (i = 0; i < process->phase_count; i++)
		if (!strcmp(process->phases[i], name))
			return 1u << i;
	if (!*name || i == STORY_PHASES_MAX)
		return 0;
	process->phases[i] = keep(story, event, "phase");
	process->phase_count++;
	return 1u << i;
}

static void take_armed(const struct story *story, struct story_process *process,
		       const json_t *event)
{
	uint32_t bit = phase_bit(story, process, event);
	const char **text;

	process->policy = keep(story, event, "policy");
	if (!bit)
		return;
	process->armed |= bit;
	text = &process->triggers[__builtin_ctz(bit)];
	/* A trigger that waited for a library is said again when it came. */
	if (*text && strstr(*text, text_of(event, "trigger")))
		return;
	*text = arena_printf(story->arena, "%s%s%s", *text ? *text : "", *text ? ", " : "",
			     text_of(event, "trigger"));
}

static void take_loaded(const struct story *story, struct story_process *process,
			const json_t *event)
{
	process->loaded = true;
	process->reach = REACHED;
	process->why_not = NULL;
	process->name = keep(story, event, "program");
	process->program = keep(story, event, "file");
}

static void take_locked(const struct story *story, struct story_process *process,
			const json_t *event)
{
	uint32_t bit = phase_bit(story, process, event);

	process->locked |= bit;
	if (!process->own)
		process->own_since = story->now;
	process->own |= bit;
}

/* What its parent has by now is not what it had at the fork: that is in the events that follow.
 * What is not in them, it locked while the child was there. */
static void take_forked(const struct story *story, struct story_process *process,
			const json_t *event)
{
	(void)story;
	(void)event;
	process->locked = process->covered = process->pretended = 0;
	process->left = process->parent ? process->parent->own : 0;
}

static void take_inherited(const struct story *story, struct story_process *process,
			   const json_t *event)
{
	uint32_t bit = phase_bit(story, process, event);

	if (process->parent && process->parent->pretended & bit)
		process->pretended |= bit;
	else
		process->locked |= bit;
}

static void take_unlocked(const struct story *story, struct story_process *process,
			  const json_t *event)
{
	uint32_t bit = phase_bit(story, process, event);

	process->locked &= ~bit;
	process->covered &= ~bit;
}

static void take_covered(const struct story *story, struct story_process *process,
			 const json_t *event)
{
	process->covered |= phase_bit(story, process, event);
}

static void take_pretended(const struct story *story, struct story_process *process,
			   const json_t *event)
{
	process->pretended |= phase_bit(story, process, event);
}

static void take_not_armed(const struct story *story, struct story_process *process,
			   const json_t *event)
{
	process->not_armed = keep(story, event, "policy");
}

static void take_refused(const struct story *story, struct story_process *process,
			 const json_t *event)
{
	process->refused = keep(story, event, "reason");
}

static void take_denied(const struct story *story, struct story_process *process,
			const json_t *event)
{
	json_array_append_new(process->violations, json_deep_copy(event));
}

static const struct {
	const char *event;
	void (*take)(const struct story *story, struct story_process *process, const json_t *event);
} events[] = {
	{ "loaded", take_loaded },
	{ "armed", take_armed },
	{ "pending", take_armed },
	{ "not armed in this program", take_not_armed },
	{ "refused", take_refused },
	{ "forked", take_forked },
	{ "locked before the fork", take_inherited },
	{ "ends without having locked", take_unlocked },
	/* A phase that may not write says so just before. */
	{ "locking", take_locked },
	{ "locked", take_locked },
	{ "covered by the lock of a later phase", take_covered },
	{ "observing", take_pretended },
	{ "would lock", take_pretended },
	{ "denied", take_denied },
};

struct story_process *story_take(struct story *story, const json_t *event, bool *is_new)
{
	struct story_process *process;

	*is_new = false;
	process = entry_of_image(story, event, is_new);
	if (!process)
		process = entry_by_pid(story, event, is_new);
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (is_event(event, events[i].event))
			events[i].take(story, process, event);
	return process;
}

/* --- questions -------------------------------------------------------------------------------- */

/* What the process executed in its place. */
static const struct story_process *successor(const struct story *story,
					     const struct story_process *process)
{
	for (size_t i = process->number; process->replaced && i < story->count; i++)
		if (story->list[i]->parent == process && story->list[i]->begun == BEGUN_EXEC &&
		    story->list[i]->pid == process->pid)
			return story->list[i];
	return NULL;
}

/* Is it `process`, or forked from it, or from such a one? */
static bool is_of_line(const struct story_process *member, const struct story_process *process)
{
	while (member != process && member->begun == BEGUN_FORK && member->parent)
		member = member->parent;
	return member == process;
}

static bool is_sibling(const struct story_process *one, const struct story_process *other)
{
	return one != other && one->begun == BEGUN_FORK && one->parent == other->parent;
}

/* Phases that go together with one that the process, or who is of its line, locked by itself: a
 * process that locks the later one of two has the earlier one as well, unless they are of processes
 * apart. Without such a lock: all. */
static uint32_t together(const struct story *story, const struct story_process *process)
{
	uint32_t own = 0, bits = 0;

	for (size_t i = process->number - 1; i < story->count; i++)
		if (is_of_line(story->list[i], process))
			own |= story->list[i]->own;
	for (size_t i = process->image->number - 1; own && i < story->count; i++) {
		const struct story_process *member = story->list[i];
		uint32_t has = member->locked | member->covered;

		if (member->image == process->image && has & own)
			bits |= has;
	}
	return own ? bits : UINT32_MAX;
}

/* The phases that it must have. */
static uint32_t due(const struct story *story, const struct story_process *process)
{
	uint32_t bits = process->left;

	if (process->begun == BEGUN_EXEC)
		return process->armed;
	for (size_t i = process->image->number - 1; i < story->count; i++)
		if (is_sibling(story->list[i], process))
			bits |= story->list[i]->own;
	bits &= process->armed;
	return bits ? bits & together(story, process) : 0;
}

static uint32_t missing(const struct story *story, const struct story_process *process)
{
	uint32_t bits = due(story, process);

	for (size_t i = process->number - 1; bits && i < story->count; i++) {
		const struct story_process *member = story->list[i];

		if (is_of_line(member, process))
			bits &= ~(member->locked | member->covered | member->pretended);
	}
	return bits;
}

/* Whatever its age. */
static bool lacks(const struct story *story, const struct story_process *process)
{
	const struct story_process *next;

	if (!process->armed) /* as most of a test suite */
		return false;
	next = successor(story, process);
	if (process->under_lock || (next && next->policy) ||
	    (process->begun == BEGUN_FORK && process->replaced))
		return false;
	return missing(story, process);
}

static bool is_young(const struct story *story, const struct story_process *process)
{
	uint64_t slowest = 0;

	if (process->begun == BEGUN_EXEC || !process->over)
		return false;
	for (size_t i = process->image->number - 1; i < story->count; i++) {
		const struct story_process *member = story->list[i];

		if (member->image == process->image && member->begun == BEGUN_FORK && member->own &&
		    member->own_since - member->began > slowest)
			slowest = member->own_since - member->began;
	}
	return process->ended - process->began < STORY_YOUNG_MS ||
	       process->ended - process->began < STORY_YOUNG_TIMES * slowest;
}

bool story_lacks_lock(const struct story *story, const struct story_process *process)
{
	return lacks(story, process) && !is_young(story, process);
}

bool story_ended_young(const struct story *story, const struct story_process *process)
{
	return lacks(story, process) && is_young(story, process);
}

unsigned story_missing_phase(const struct story *story, const struct story_process *process)
{
	uint32_t bits = missing(story, process);

	return bits ? (unsigned)__builtin_ctz(bits) : 0;
}

const struct story_process *story_peer(const struct story *story,
				       const struct story_process *process)
{
	uint32_t bit = 1u << story_missing_phase(story, process);

	for (size_t i = process->image->number - 1; i < story->count; i++)
		if (is_sibling(story->list[i], process) && story->list[i]->own & bit)
			return story->list[i];
	return process->parent;
}

bool story_is_alive(const struct story *story, const struct story_process *process)
{
	for (size_t i = process->number - 1; i < story->count; i++)
		if (is_of_line(story->list[i], process) && !story->list[i]->over)
			return true;
	return false;
}
