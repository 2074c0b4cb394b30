/* verify.h - the compiled filter against the meaning of the text.
 *
 * What it is: the proof that every .policyc file has behind it: the exact program, run by our own
 * interpreter, for the calls where it could differ.
 */
#ifndef VERIFY_H
#define VERIFY_H

#include "lower.h"

/* False after an error with one call as a witness. `tried`: how many calls were compared. */
bool verify_phase(struct context *context, const struct policy *policy, const struct phase *phase,
		  const struct program *program, unsigned long *tried);

#endif
