/* altstack.c - threads that share one alternate signal stack; see altstack.h.
 *
 * Contract: hook.
 */
#include "altstack.h"

#include <stdbool.h>

#include "raw.h"

enum { BUCKET_BITS = 8, ALIGNMENT = 16, NUMBER_BITS = 32 };

/* The last thread that gave a stack of this hash: the low half of the address, in units of 16,
 * above the thread. Two stacks with the same half are 64 GiB apart or a multiple of it. */
static uint64_t last[1 << BUCKET_BITS];
static uint32_t is_shared;

/* Stacks are often a whole number of pages: the low bits tell nothing (Fibonacci hashing). */
static uint32_t bucket(uint32_t where)
{
	return where * 0x9e3779b1u >> (NUMBER_BITS - BUCKET_BITS);
}

static bool is_there(uint32_t tid)
{
	long pid = raw(getpid);

	return raw(tgkill, pid, tid, 0) == 0;
}

/* Memory that a thread gave back when it ended comes again, so the other one must be alive. */
int64_t altstack_note(const stack_t *stack)
{
	uint64_t before;
	uint32_t where, self = (uint32_t)raw(gettid);

	if (!stack || !readable(stack) || !readable(&stack->ss_flags) ||
	    (stack->ss_flags & SS_DISABLE))
		return 0;
	where = (uint32_t)((uintptr_t)stack->ss_sp / ALIGNMENT);
	before = __atomic_exchange_n(&last[bucket(where)], (uint64_t)where << NUMBER_BITS | self,
				     __ATOMIC_RELAXED);
	if (before >> NUMBER_BITS == where && (uint32_t)before != self &&
	    is_there((uint32_t)before))
		__atomic_store_n(&is_shared, 1, __ATOMIC_RELAXED);
	return 0;
}

/* Programs with stacks too small for a signal frame have an alternate one for each thread. */
struct action altstack_action(struct action action)
{
	if (__atomic_load_n(&is_shared, __ATOMIC_RELAXED))
		action.flags &= ~(unsigned long)SA_ONSTACK;
	return action;
}
