/* policy.h - finding, compiling if need be, and checking the policy of this program. See policy.c.
 */
#ifndef POLICY_H
#define POLICY_H

#include <stdbool.h>

struct config;

/* The paths a policy's `program` is compared with: absolute ones whole, others by basename. */
struct executable {
	const char *file;	/* what runs: /proc/self/exe */
	const char *started_as; /* what was asked for: AT_EXECFN, a link to it or a script */
};

/* load: the checked image, in memory of its own (writable: seccomp_observe edits it). Ends the
 * process with a reason when there is no usable policy. */
void *policy_for(const struct config *config, const struct executable *executable);

/* load: does the policy arm in this executable? Yes when it names no program, or this one. */
bool policy_arms_in(const void *image, const struct executable *executable);

/* load: gives the image's memory back. */
void policy_drop(void *image);

#endif
