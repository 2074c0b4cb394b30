/* landlock.h - paths, TCP ports and scopes on every thread. See landlock.c. */
#ifndef LANDLOCK_H
#define LANDLOCK_H

struct policyc_phase;

/* hook, every other thread held, when the root is what it will be: makes the phase's ruleset and
 * puts it on every thread. */
void landlock_restrict(const void *image, const struct policyc_phase *phase);

#endif
