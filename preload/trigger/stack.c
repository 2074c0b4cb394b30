/* stack.c - stacks of our own, for what happens at a call of a watched function.
 *
 * Why: a function may be called with little stack left. A goroutine has some hundred bytes beyond
 * what its functions have asked for, a coroutine as much as its author thought enough for its own
 * code; a lock needs some kilobytes.
 *
 * How: a pool, made at load when there is something to watch. A thread takes a stack by
 * compare-and-swap; when none is free it waits on its own. Signals are blocked meanwhile, all of
 * them: a handler would run here, or where its alternate stack begins, though that is perhaps the
 * one we came from; and one that ends by a long jump would never give the stack back. So the
 * barrier's signal does not get through either, and nobody may wait here: stack_wait() goes back to
 * the thread's own stack for that, and lets signal 33 in.
 * What it must not do: be used by a vfork child, which may be killed with a stack of its parent's.
 *
 * Contract: hook, but for stack_prepare (load).
 */
#include "trigger/stack.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>

#include "raw.h"
#include "report/report.h"
#include "signals.h"
#include "trigger/wiped.h"

#define STACKS 16
#define SIZE   65536ul	  /* a multiple of every page size */
#define STRIDE (2 * SIZE) /* with a guard below */

static const uint64_t no_signals = ~0ull;
static const uint64_t only_barrier = ~(1ull << (33 - 1));

static uintptr_t first; /* the lowest guard */

/* Wiped by fork: the threads that hold stacks are not in the child. */
static struct pool {
	uint32_t taken[STACKS];
	uint32_t freed; /* counts up; threads without a stack sleep on it */
	uint32_t waiting;
} * pool;

void stack_prepare(void)
{
	long memory, error = 0;

	if (pool)
		return;
	memory = raw(mmap, NULL, STACKS * STRIDE, PROT_NONE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
	if (memory < 0 && memory > -4096)
		error = memory;
	for (unsigned i = 0; i < STACKS && !error; i++)
		error = raw(mprotect, memory + (long)(i * STRIDE + SIZE), SIZE,
			    PROT_READ | PROT_WRITE);
	if (error)
		report_fatal_errno(error, "cannot make stacks for the triggers", NULL);
	first = (uintptr_t)memory;
	pool = wiped_page();
}

/* Where stack `index` ends. */
static uintptr_t end_of(unsigned index)
{
	return first + (index + 1) * STRIDE;
}

/* The index of a stack that is the caller's now, or STACKS. */
static unsigned take(void)
{
	for (unsigned i = 0; i < STACKS; i++) {
		uint32_t free = 0;

		if (__atomic_compare_exchange_n(&pool->taken[i], &free, 1, false, __ATOMIC_ACQUIRE,
						__ATOMIC_RELAXED))
			return i;
	}
	return STACKS;
}

static void give_back(unsigned index)
{
	__atomic_store_n(&pool->taken[index], 0, __ATOMIC_RELEASE);
	__atomic_add_fetch(&pool->freed, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&pool->waiting, __ATOMIC_SEQ_CST))
		futex_wake_all(&pool->freed);
}

/* As take(), with all signals blocked; `mask` is what was blocked before. */
static unsigned take_blocked(uint64_t *mask)
{
	for (;;) {
		uint32_t freed = __atomic_load_n(&pool->freed, __ATOMIC_ACQUIRE);
		unsigned index;

		raw(rt_sigprocmask, SIG_SETMASK, &no_signals, mask, MASK_SIZE);
		index = take();
		if (index < STACKS)
			return index;
		raw(rt_sigprocmask, SIG_SETMASK, mask, NULL, MASK_SIZE);
		__atomic_add_fetch(&pool->waiting, 1, __ATOMIC_SEQ_CST);
		futex_wait(&pool->freed, freed);
		__atomic_sub_fetch(&pool->waiting, 1, __ATOMIC_SEQ_CST);
	}
}

void stack_run(void (*work)(void *argument), void *argument)
{
	uint64_t mask = 0;
	unsigned index = take_blocked(&mask);

	stack_call(work, argument, end_of(index));
	give_back(index);
	raw(rt_sigprocmask, SIG_SETMASK, &mask, NULL, MASK_SIZE);
}

struct wait {
	const uint32_t *word;
	uint32_t while_value;
};

/* On the thread's own stack. */
static void wait_there(void *wait_)
{
	const struct wait *wait = wait_;

	raw(rt_sigprocmask, SIG_SETMASK, &only_barrier, NULL, MASK_SIZE);
	futex_wait(wait->word, wait->while_value);
	raw(rt_sigprocmask, SIG_SETMASK, &no_signals, NULL, MASK_SIZE);
}

void stack_wait(const uint32_t *word, uint32_t while_value)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0) - first;
	struct wait wait = { word, while_value };

	if (here < STACKS * STRIDE) {
		const uintptr_t *end = (const uintptr_t *)end_of((unsigned)(here / STRIDE));

		stack_call(wait_there, &wait, end[-1] & ~15ul);
	} else {
		futex_wait(word, while_value);
	}
}
