/* implied.c - calls that nobody saw, and that go with those that were seen; see implied.h. */
#include "implied.h"

#include "policy/decode.h"

#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

/* libc takes a small piece from brk and a large one from mmap, where brk fails from mmap as well;
 * what it gives back, and how it makes a block larger, are sizes, too. */
static const struct memory_call {
	const char *name;
	bool is_cause;	 /* seen, it says that there is an allocator */
	bool of_threads; /* their heaps grow with it */
} memory_calls[] = {
	{ "brk", true, false },	   { "munmap", true, false },	{ "mmap", true, false },
	{ "mremap", true, false }, { "madvise", false, false }, { "mprotect", false, true },
};

/* What a handler of crashes sends to its own process, so that it dies of what it caught. */
static const int crashes[] = { SIGILL, SIGABRT, SIGBUS, SIGFPE, SIGSEGV };
static const char *const senders[] = { "kill", "tkill" };

struct implier {
	struct arena *arena;
	struct sighting **list;
	size_t count, seen;
};

static const struct syscall_name *name_of(const struct sighting *sighting)
{
	return names_number(ARCH_NATIVE, sighting->number);
}

static struct sighting *find_seen(const struct implier *implier, const char *name)
{
	for (size_t i = 0; i < implier->seen; i++)
		if (name_of(implier->list[i]) && !strcmp(name_of(implier->list[i])->name, name))
			return implier->list[i];
	return NULL;
}

/* Nobody saw it: no counts, no callers, no arguments. */
static struct sighting *imply(struct implier *implier, const struct sighting *cause,
			      const char *name)
{
	struct sighting *implied = arena_alloc(implier->arena, 1, sizeof(*implied));

	*implied =
		(struct sighting){ .kind = SIGHT_CALL,
				   .scene = cause->scene,
				   .number = (uint32_t)names_syscall(name)->number[ARCH_NATIVE] };
	implier->list[implier->count++] = implied;
	return implied;
}

static void set_argument(struct sighting *sighting, const char *argument, uint64_t value)
{
	const struct syscall_name *name = name_of(sighting);

	for (unsigned slot = 0; slot < name->count; slot++) {
		if (strcmp(name->arguments[slot].name, argument) != 0)
			continue;
		sighting->cube.mask[slot] = decode_mask(name, slot);
		sighting->cube.value[slot] = value;
	}
}

/* --- memory ----------------------------------------------------------------------------------- */

static void imply_memory(struct implier *implier, bool has_threads)
{
	enum { CALLS = sizeof(memory_calls) / sizeof(memory_calls[0]) };
	const struct sighting *cause = NULL;

	for (size_t i = 0; i < CALLS && !cause; i++)
		if (memory_calls[i].is_cause)
			cause = find_seen(implier, memory_calls[i].name);
	for (size_t i = 0; i < CALLS && cause; i++) {
		const struct memory_call *call = &memory_calls[i];

		if (!find_seen(implier, call->name) && (!call->of_threads || has_threads))
			set_argument(imply(implier, cause, call->name), "prot",
				     PROT_READ | PROT_WRITE);
	}
}

/* --- crashes ---------------------------------------------------------------------------------- */

static bool sends(const struct sighting *sighting, const char *name, int sig)
{
	const struct syscall_name *known = name_of(sighting);

	if (!known || strcmp(known->name, name) != 0)
		return false;
	for (unsigned slot = 0; slot < known->count; slot++)
		if (!strcmp(known->arguments[slot].name, "sig"))
			return sighting->cube.mask[slot] &&
			       sighting->cube.value[slot] == (uint64_t)sig;
	return false;
}

static struct sighting *find_sent(const struct implier *implier, const char *name, int sig)
{
	for (size_t i = 0; i < implier->seen; i++)
		if (sends(implier->list[i], name, sig))
			return implier->list[i];
	return NULL;
}

static void imply_crashes(struct implier *implier, const char *name)
{
	enum { KINDS = sizeof(crashes) / sizeof(crashes[0]) };
	const struct sighting *cause = NULL;

	for (size_t i = 0; i < KINDS && !cause; i++)
		cause = find_sent(implier, name, crashes[i]);
	for (size_t i = 0; i < KINDS && cause; i++) {
		struct sighting *implied;

		if (find_sent(implier, name, crashes[i]))
			continue;
		implied = imply(implier, cause, name);
		implied->cube = cause->cube;
		set_argument(implied, "sig", (uint64_t)crashes[i]);
	}
}

/* --- all together ----------------------------------------------------------------------------- */

struct sighting **add_implied(struct arena *arena, struct sighting **list, size_t *count,
			      bool has_threads)
{
	enum {
		MOST = sizeof(memory_calls) / sizeof(memory_calls[0]) +
		       sizeof(senders) / sizeof(senders[0]) * sizeof(crashes) / sizeof(crashes[0])
	};
	struct implier implier = { arena, arena_alloc(arena, *count + MOST, sizeof(*list)), *count,
				   *count };

	if (*count)
		memcpy(implier.list, list, *count * sizeof(*list));
	imply_memory(&implier, has_threads);
	for (size_t i = 0; i < sizeof(senders) / sizeof(senders[0]); i++)
		imply_crashes(&implier, senders[i]);
	*count = implier.count;
	return implier.list;
}

const char *implied_why(const struct sighting *sighting)
{
	for (size_t i = 0; i < sizeof(memory_calls) / sizeof(memory_calls[0]); i++)
		if (!strcmp(memory_calls[i].name, name_of(sighting)->name))
			return "sizes choose among the calls for memory";
	return "whatever a crash is";
}

bool makes_threads(const struct model *model, const char *program)
{
	struct sighting **list;
	size_t count;

	list = model_list(model, &count);
	for (size_t i = 0; i < count; i++) {
		const struct syscall_name *name = name_of(list[i]);

		if (list[i]->kind == SIGHT_CALL && !list[i]->is_foreign && name &&
		    !strcmp(name->name, "clone") && (list[i]->cube.value[0] & CLONE_THREAD) &&
		    !strcmp(model->scenes.list[list[i]->scene].program, program))
			return true;
	}
	return false;
}
