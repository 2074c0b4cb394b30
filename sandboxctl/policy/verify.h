/* verify.h - the compiled filter against the meaning of the text.
 *
 * What it is: the proof that every .policyc file has behind it: the exact program, run by our own
 * interpreter, for the calls where it could differ.
 */
#ifndef VERIFY_H
#define VERIFY_H

#include "lower.h"

struct verified {
	unsigned long tried; /* calls that were compared */
	unsigned sampled;    /* numbers for which not all classes of calls were tried */
};

/* False after an error with one call as a witness. Adds to `verified`. Marks the decisions that
 * decided something, and the calls that are proven. */
bool verify_phase(struct context *context, const struct policy *policy, const struct phase *phase,
		  const struct program *program, struct verified *verified);

#endif
