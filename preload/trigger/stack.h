/* stack.h - stacks of our own, for what happens at a call of a watched function. See stack.c. */
#ifndef STACK_H
#define STACK_H

#include <stdint.h>

/* load: makes them, once. */
void stack_prepare(void);

/* hook, not in a vfork child: work(argument) on a stack of ours, with all signals blocked. */
void stack_run(void (*work)(void *argument), void *argument);

/* hook, also within stack_run: futex(2) FUTEX_WAIT on `word`, where the barrier reaches us. */
void stack_wait(const uint32_t *word, uint32_t while_value);

/* entry-ARCH.S: work(argument) on the stack that ends at `stack` (16-byte aligned), and back. The
 * word below `stack` is where the stack that it came from ends. */
void stack_call(void (*work)(void *argument), void *argument, uintptr_t stack);

#endif
