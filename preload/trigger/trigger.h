/* trigger.h - when: the phases of the policy, what each waits for, and who locks. See trigger.c. */
#ifndef TRIGGER_H
#define TRIGGER_H

#include <stdbool.h>
#include <stdint.h>

#include "trigger/hooks.h"

struct config;

/* load: takes the checked image over and arms its phases; fires those with the trigger `load`. */
void trigger_arm(const void *image, const struct config *config);

/* Bit n: hook n may fire a phase that is still armed. The only thing a hook looks at once all
 * phases are locked: a plain load. */
extern uint32_t trigger_hooks;

/* hook: a hooked libc call is about to be made. */
void trigger_hook(enum hook hook, const int64_t slots[WAIT_SLOTS]);

/* hook: main() is about to be called. */
void trigger_main(void);

/* hook: the patched function of site `site` is about to run. */
void trigger_site(unsigned site);

/* signal: `signal` was delivered, and a phase wanted it. */
void trigger_signal(int signal);

/* signal, hook: does what the policy says of phases whose deadline is over. */
void trigger_deadlines(void);

/* hook: bit n is set while phase n is armed. */
uint32_t trigger_armed(void);

/* hook: runs work(argument) with all signals blocked while no other thread locks or patches. */
void trigger_alone(void (*work)(void *argument), void *argument);

/* hook: true in a child made by vfork(2) or posix_spawn(3): it shares our memory but would get a
 * filter of its own, so it must not fire. */
bool trigger_in_vfork_child(void);

/* hook: trigger `number` of phase `phase`: does it wait now, has what it comes after been met? */
bool trigger_is_due(unsigned phase, unsigned number);

/* hook: is it a step that was met, so that nothing waits for it any more? */
bool trigger_is_done(unsigned phase, unsigned number);

/* hook: says that event of the trigger, where everything is said. */
void trigger_say(const char *event, unsigned phase, unsigned number);

#endif
