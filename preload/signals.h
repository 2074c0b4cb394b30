/* signals.h - rt_sigaction and friends as the kernel has them.
 *
 * libc's sigaction() refuses signals 32 and 33, takes a lock for SIGABRT, and brings its own
 * restorer; the library needs the first and wants neither of the others.
 * Contract: any.
 */
#ifndef SIGNALS_H
#define SIGNALS_H

#include <signal.h>
#include <stdint.h>

#include "raw.h"

#define MASK_SIZE 8ul /* bytes of the kernel's sigset_t */

typedef void (*signal_handler)(int signal, siginfo_t *info, void *context);

/* struct sigaction of linux/signal_types.h */
struct action {
	signal_handler handler;
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

static inline long action_get(int signal, struct action *action)
{
	return raw(rt_sigaction, signal, NULL, action, MASK_SIZE);
}

static inline long action_put(int signal, const struct action *action)
{
	return raw(rt_sigaction, signal, action, NULL, MASK_SIZE);
}

/* A handler that runs with every signal blocked, on the thread's alternate stack if it has one
 * (a goroutine's or coroutine's own stack may be too small for a signal frame). */
static inline struct action action_handler(signal_handler handler)
{
	struct action action = {
		.handler = handler,
		.flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK | MACHINE_SA_RESTORER,
		.restorer = machine_restorer,
		.mask = ~0ull,
	};

	return action;
}

/* SIG_DFL is 0 and SIG_IGN is 1; they have another type than a handler with three arguments. */
static inline bool action_is_default(const struct action *action)
{
	return (uintptr_t)action->handler == 0;
}

static inline bool action_is_handler(const struct action *action)
{
	return (uintptr_t)action->handler > 1;
}

#endif
