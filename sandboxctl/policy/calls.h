/* calls.h - the calls of one phase while lines are added to them.
 *
 * What it is: a table from a number to what is decided about it so far.
 * What it must not do: judge whether decisions go together.
 */
#ifndef CALLS_H
#define CALLS_H

#include "policy.h"

struct call_index {
	struct call *list[TABLE_NUMBERS];
	struct call **others; /* numbers beyond the table */
	size_t other_count;
};

/* The call of that number, made when there is none; NULL after saying that there are too many. */
struct call *take_call(struct context *context, struct call_index *index, uint32_t number,
		       const struct syscall_name *name, struct place place);

/* Whether something is trapped: there, or by what the phase says of all other calls. */
bool phase_traps(const struct phase *phase, const struct call_index *index);

/* Those about which something is decided, to phase->calls. */
void collect_calls(struct arena *arena, const struct call_index *index, struct phase *phase);

#endif
