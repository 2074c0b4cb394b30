/* lockdown.h - what happens when a phase's trigger fires. See lockdown.c. */
#ifndef LOCKDOWN_H
#define LOCKDOWN_H

#include <stdbool.h>
#include <stdint.h>

struct policyc_phase;

struct lockdown {
	const void *image;
	const struct policyc_phase *phase;
	const char *trigger;   /* its text */
	uint32_t phases_armed; /* bits of the phases that stay armed after this one */
	bool dry_run;
	bool observe;
	bool learn;
	bool verbose;
	uint32_t *locked; /* becomes 1 */
};

/* load: ends the process when this library has no such step as the phase asks for. */
void lockdown_require(const struct policyc_phase *phase);

/* hook, all signals blocked, at most one at a time in the process. Returns locked, or not at all.
 */
void lockdown(const struct lockdown *lock);

#endif
