/* capabilities.h - what is left of root's rights. See capabilities.c. */
#ifndef CAPABILITIES_H
#define CAPABILITIES_H

#include <stdbool.h>
#include <stdint.h>

struct policyc_phase;

/* capabilities(7), one thread's; bit n is capability n. */
struct capabilities {
	uint64_t effective, permitted, inheritable;
};

/* load: from now on a change from root to another user leaves the capabilities permitted, but not
 * effective, for what the lock has to do (PR_SET_KEEPCAPS). A negative errno: it will not. */
long capabilities_keep(void);

/* load, in a user namespace just made: the capabilities that came with it stay permitted only. */
void capabilities_hide(void);

/* any, on each thread: makes these effective; false when they are not permitted (any more).
 * `before` is for capabilities_lower. */
long capabilities_raise(uint64_t wanted, struct capabilities *before);
long capabilities_lower(const struct capabilities *before);

/* any: is this one effective on the calling thread? */
bool capabilities_has(int capability);

/* hook: did keep or hide leave something to give back? */
bool capabilities_are_kept(void);

/* hook, all threads held: what keep or hide left goes, on every thread. */
void capabilities_give_back(void);

/* hook, all threads held: the step `capabilities`, on every thread. */
void capabilities_drop(const void *image, const struct policyc_phase *phase);

#endif
