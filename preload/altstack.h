/* altstack.h - threads that share one alternate signal stack.
 *
 * Why: varnish gives each of its threads the same one, for a handler that ends the program. The
 * barrier has a handler on all threads at once: on that stack their frames lay over each other, and
 * the program died of it.
 * What it is: whether two threads that are alive gave the kernel the same stack, and how our
 * handlers keep away from it.
 * What it must not do: look once a phase is locked; its own calls may be denied then.
 */
#ifndef ALTSTACK_H
#define ALTSTACK_H

#include <signal.h>
#include <stdint.h>

#include "signals.h"

/* hook: the calling thread is about to give `stack` to the kernel; may be NULL or unreadable.
 * Returns 0. */
int64_t altstack_note(const stack_t *stack);

/* hook: the action with the stack that it will run on. */
struct action altstack_action(struct action action);

#endif
