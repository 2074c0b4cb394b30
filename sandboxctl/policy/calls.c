/* calls.c - the calls of one phase while lines are added to them; see calls.h. */
#include "calls.h"

#include <stdlib.h>

enum { NUMBERS_MAX = 256 };

/* Where a call beyond the table stands, or can stand. */
static struct call **other_slot(struct context *context, struct call_index *index, uint32_t number,
				struct place place)
{
	for (size_t i = 0; i < index->other_count; i++)
		if (index->others[i]->number == number)
			return &index->others[i];
	if (index->other_count < NUMBERS_MAX)
		return ARENA_PUSH(context->arena, index->others, index->other_count);
	diagnose(context->diagnostics, ERROR, place, "more than %d calls by number", NUMBERS_MAX);
	return NULL;
}

struct call *take_call(struct context *context, struct call_index *index, uint32_t number,
		       const struct syscall_name *name, struct place place)
{
	struct call **slot = number < TABLE_NUMBERS ? &index->list[number]
						    : other_slot(context, index, number, place);

	if (!slot)
		return NULL;
	if (!*slot) {
		*slot = ARENA_NEW(context->arena, struct call);
		(*slot)->number = number;
		(*slot)->name = name;
	}
	return *slot;
}

bool phase_traps(const struct phase *phase, const struct call_index *index)
{
	enum action_kind kinds[] = { phase->otherwise.action.kind, phase->unknown.action.kind };

	for (int i = 0; i < 2; i++)
		if (kinds[i] == ACTION_TRAP || kinds[i] == ACTION_TRAP_ERRNO)
			return true;
	for (size_t i = 0; i < TABLE_NUMBERS + index->other_count; i++) {
		const struct call *call =
			i < TABLE_NUMBERS ? index->list[i] : index->others[i - TABLE_NUMBERS];

		for (size_t j = 0; call && j < call->count; j++)
			if (call->list[j].action.kind == ACTION_TRAP ||
			    call->list[j].action.kind == ACTION_TRAP_ERRNO)
				return true;
	}
	return false;
}

static int compare_calls(const void *a, const void *b)
{
	uint32_t x = ((const struct call *)a)->number, y = ((const struct call *)b)->number;

	return (x > y) - (x < y);
}

void collect_calls(struct arena *arena, const struct call_index *index, struct phase *phase)
{
	for (size_t i = 0; i < TABLE_NUMBERS; i++)
		if (index->list[i] && index->list[i]->count)
			*ARENA_PUSH(arena, phase->calls, phase->call_count) = *index->list[i];
	for (size_t i = 0; i < index->other_count; i++)
		if (index->others[i]->count)
			*ARENA_PUSH(arena, phase->calls, phase->call_count) = *index->others[i];
	if (phase->call_count)
		qsort(phase->calls, phase->call_count, sizeof(phase->calls[0]), compare_calls);
}
