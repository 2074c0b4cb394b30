/* conditions.c - from the arguments that were seen to conditions; see conditions.h. */
#include "conditions.h"

#include "opens.h"

#include "policy/decode.h"

#include <linux/sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

/* More values than this are no condition that anybody reads. */
enum { VALUES_MAX = 24, KIND_OF_SOCKET = 0xf };

struct maker {
	struct arena *arena;
	uint32_t number;
	const struct syscall_name *name;
	bool exact;
};

#define TEXT(...) arena_printf(maker->arena, __VA_ARGS__)

static const char *argument(const struct maker *maker, unsigned slot)
{
	return maker->name->arguments[slot].name;
}

static const char *value_text(const struct maker *maker, unsigned slot, uint64_t value)
{
	return decode_value(maker->arena, ARCH_NATIVE, maker->name, slot, value);
}

static void add(const struct maker *maker, struct conditions *conditions, const char *condition,
		struct sighting **list, size_t count)
{
	*ARENA_PUSH(maker->arena, conditions->list, conditions->count) =
		(struct conditioned){ condition, list, count };
}

/* --- one argument at a time, all values together ---------------------------------------------- */

static uint64_t all_bits(struct sighting **list, size_t count, unsigned slot)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < count; i++)
		bits |= list[i]->cube.value[slot];
	return bits;
}

/* What nobody asked for stays refused: executable memory, or at least memory that can also be
 * written. */
static const char *memory_condition(const struct maker *maker, struct sighting **list, size_t count,
				    unsigned slot)
{
	bool executes = all_bits(list, count, slot) & PROT_EXEC;

	for (size_t i = 0; executes && i < count; i++)
		if ((list[i]->cube.value[slot] & (PROT_EXEC | PROT_WRITE)) ==
		    (PROT_EXEC | PROT_WRITE))
			return NULL;
	return TEXT("not %s has %s", argument(maker, slot),
		    executes ? "PROT_WRITE|PROT_EXEC" : "PROT_EXEC");
}

static const char *within(const struct maker *maker, unsigned slot, uint64_t bits)
{
	return TEXT("%s within %s", argument(maker, slot), value_text(maker, slot, bits));
}

/* Threads and processes are different rights. */
static void add_clone(const struct maker *maker, struct conditions *conditions,
		      struct sighting **list, size_t count, unsigned slot)
{
	struct sighting **threads = arena_alloc(maker->arena, count, sizeof(*threads));
	struct sighting **processes = arena_alloc(maker->arena, count, sizeof(*processes));
	size_t thread_count = 0, process_count = 0;

	for (size_t i = 0; i < count; i++) {
		if (list[i]->cube.value[slot] & CLONE_THREAD)
			threads[thread_count++] = list[i];
		else
			processes[process_count++] = list[i];
	}
	if (thread_count)
		add(maker, conditions,
		    TEXT("%s has CLONE_THREAD and %s", argument(maker, slot),
			 within(maker, slot, all_bits(threads, thread_count, slot))),
		    threads, thread_count);
	if (process_count)
		add(maker, conditions,
		    within(maker, slot, all_bits(processes, process_count, slot)), processes,
		    process_count);
}

/* --- files --------------------------------------------------------------------------------------
 */

static int compare_kinds(const void *a, const void *b)
{
	const struct open_kind *x = a, *y = b;

	if (x->are != y->are)
		return x->are < y->are ? -1 : 1;
	return (x->bits > y->bits) - (x->bits < y->bits);
}

/* Of these kinds those that are not in another one, reading first. */
static size_t widest(struct open_kind *kinds, size_t count)
{
	size_t kept = 0;

	qsort(kinds, count, sizeof(kinds[0]), compare_kinds);
	for (size_t i = 0; i < count; i++) {
		bool is_held = false;

		/* Those before have been moved: what held them holds this one, too. */
		for (size_t j = 0; j < kept; j++)
			is_held |= open_kind_is_in(kinds[i], kinds[j]);
		for (size_t j = i + 1; j < count; j++)
			is_held |= open_kind_is_in(kinds[i], kinds[j]);
		if (!is_held)
			kinds[kept++] = kinds[i];
	}
	return kept;
}

/* A line for each of the things that were done to files. */
static void add_opens(const struct maker *maker, struct conditions *conditions,
		      struct sighting **list, size_t count, unsigned slot)
{
	struct open_kind *kinds = arena_alloc(maker->arena, count, sizeof(*kinds));
	bool *taken = arena_alloc(maker->arena, count, sizeof(*taken));
	size_t kind_count;

	for (size_t i = 0; i < count; i++)
		kinds[i] = open_kind(list[i]->cube.value[slot], maker->exact);
	kind_count = widest(kinds, count);
	for (size_t i = 0; i < kind_count; i++) {
		struct sighting **of_kind = arena_alloc(maker->arena, count, sizeof(*of_kind));
		size_t of_count = 0;

		for (size_t j = 0; j < count; j++) {
			uint64_t flags = list[j]->cube.value[slot];

			if (taken[j] || !open_kind_is_in(open_kind(flags, maker->exact), kinds[i]))
				continue;
			taken[j] = true;
			of_kind[of_count++] = list[j];
		}
		add(maker, conditions,
		    open_kind_text(maker->arena, kinds[i], argument(maker, slot)), of_kind,
		    of_count);
	}
}

/* --- values, several arguments together ------------------------------------------------------- */

/* What of the argument makes a difference: ANY when nothing does. */
static const uint64_t ANY = UINT64_MAX;

static bool protocol_matters(const struct sighting *sighting)
{
	uint64_t family = sighting->cube.value[0];
	uint64_t type = sighting->cube.value[1] & KIND_OF_SOCKET;

	return type == SOCK_RAW || (family != AF_INET && family != AF_INET6 && family != AF_UNIX);
}

static uint64_t token(const struct maker *maker, const struct sighting *sighting, unsigned slot)
{
	uint64_t value = sighting->cube.value[slot];

	if (!sighting->cube.mask[slot])
		return ANY;
	switch (argument_use(maker->name, slot)) {
	case USE_SOCKET:
		return value & KIND_OF_SOCKET;
	case USE_PROTOCOL:
		return protocol_matters(sighting) ? value : ANY;
	case USE_VALUE:
	case USE_ZERO:
		return value;
	default:
		return ANY;
	}
}

static int compare_values(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* "family in {AF_INET, AF_INET6}"; "" for any, NULL when it would be too long. */
static const char *values_test(const struct maker *maker, unsigned slot, uint64_t *values,
			       size_t count)
{
	bool is_socket = argument_use(maker->name, slot) == USE_SOCKET;
	const char *left = TEXT("%s%s", argument(maker, slot), is_socket ? " & 0xf" : "");
	const char *text = "";

	qsort(values, count, sizeof(values[0]), compare_values);
	for (size_t i = 0; i < count; i++)
		if (values[i] == ANY)
			return "";
	if (count > VALUES_MAX)
		return NULL;
	if (count == 1)
		return TEXT("%s == %s", left, value_text(maker, slot, values[0]));
	for (size_t i = 0; i < count; i++)
		text = TEXT("%s%s%s", text, i ? ", " : "", value_text(maker, slot, values[i]));
	return TEXT("%s in {%s}", left, text);
}

/* Those that are alike in the argument, and what their further arguments ask for. */
struct alike {
	uint64_t value;
	struct sighting **list;
	size_t count;
	struct conditions rest;
	bool taken;
};

static struct conditions value_conditions(const struct maker *maker, struct sighting **list,
					  size_t count, unsigned slot);

static struct alike *split(const struct maker *maker, struct sighting **list, size_t count,
			   unsigned slot, size_t *kinds)
{
	struct alike *all = NULL;

	*kinds = 0;
	for (size_t i = 0; i < count; i++) {
		uint64_t value = token(maker, list[i], slot);
		size_t at = 0;

		while (at < *kinds && all[at].value != value)
			at++;
		if (at == *kinds)
			*ARENA_PUSH(maker->arena, all, *kinds) = (struct alike){ .value = value };
		*ARENA_PUSH(maker->arena, all[at].list, all[at].count) = list[i];
	}
	return all;
}

static bool same_conditions(const struct conditions *a, const struct conditions *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->list[i].condition ? a->list[i].condition : "",
			   b->list[i].condition ? b->list[i].condition : "") != 0)
			return false;
	return true;
}

/* `more` asks for the same as `conditions`: what it was made of counts for these too. */
static void join_alike(const struct maker *maker, struct conditions *conditions,
		       const struct conditions *more)
{
	for (size_t j = 0; more->list && j < conditions->count; j++)
		for (size_t k = 0; k < more->list[j].count; k++)
			*ARENA_PUSH(maker->arena, conditions->list[j].list,
				    conditions->list[j].count) = more->list[j].list[k];
}

/* All that ask for the same behind this argument become one test of it. */
static void add_alike(const struct maker *maker, struct conditions *conditions, struct alike *all,
		      size_t kinds, size_t first, unsigned slot)
{
	uint64_t *values = arena_alloc(maker->arena, kinds, sizeof(*values));
	struct conditions rest = all[first].rest;
	const char *test;
	size_t count = 0;

	for (size_t i = first; i < kinds; i++) {
		if (all[i].taken || !same_conditions(&all[i].rest, &rest))
			continue;
		all[i].taken = true;
		values[count++] = all[i].value;
		if (i != first)
			join_alike(maker, &rest, &all[i].rest);
	}
	test = values_test(maker, slot, values, count);
	for (size_t j = 0; j < rest.count; j++) {
		const char *condition = rest.list[j].condition;

		if (test && *test)
			condition = condition ? TEXT("%s and %s", test, condition) : test;
		add(maker, conditions, condition, rest.list[j].list, rest.list[j].count);
	}
}

/* From this argument on. */
static struct conditions value_conditions(const struct maker *maker, struct sighting **list,
					  size_t count, unsigned slot)
{
	struct conditions conditions = { 0 };
	struct alike *all;
	size_t kinds;

	if (!maker->name || slot == maker->name->count) {
		add(maker, &conditions, NULL, list, count);
		return conditions;
	}
	all = split(maker, list, count, slot, &kinds);
	for (size_t i = 0; i < kinds; i++)
		all[i].rest = value_conditions(maker, all[i].list, all[i].count, slot + 1);
	for (size_t i = 0; i < kinds; i++)
		if (!all[i].taken)
			add_alike(maker, &conditions, all, kinds, i, slot);
	return conditions;
}

/* --- all together ----------------------------------------------------------------------------- */

/* An argument that was not kept any more: there were too many. */
static bool is_open(struct sighting **list, size_t count, unsigned slot)
{
	for (size_t i = 0; i < count; i++)
		if (!list[i]->cube.mask[slot])
			return true;
	return false;
}

struct conditions find_conditions(struct arena *arena, struct sighting **list, size_t count,
				  bool exact)
{
	const struct maker maker = { arena, list[0]->number,
				     names_number(ARCH_NATIVE, list[0]->number), exact };
	struct conditions conditions = { 0 };

	for (unsigned slot = 0; maker.name && slot < maker.name->count; slot++) {
		enum argument_use use = argument_use(maker.name, slot);

		if (use < USE_OPEN || is_open(list, count, slot))
			continue;
		if (use == USE_PROCESS)
			add_clone(&maker, &conditions, list, count, slot);
		else if (use == USE_OPEN)
			add_opens(&maker, &conditions, list, count, slot);
		else
			add(&maker, &conditions,
			    use == USE_MEMORY ? memory_condition(&maker, list, count, slot)
					      : within(&maker, slot, all_bits(list, count, slot)),
			    list, count);
		return conditions;
	}
	return value_conditions(&maker, list, count, 0);
}
