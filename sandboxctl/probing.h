/* probing.h - sandboxctl run --probe: a .test file, tried in the program at its lock.
 *
 * What it is: SANDBOX_PROBES for one run.
 * What it must not do: leave its file behind.
 */
#ifndef PROBING_H
#define PROBING_H

#include "sandboxctl.h"

struct probing {
	const char *directory, *file;
};

/* Writes the probes of `test` for the policy, and sets SANDBOX_PROBES. False after saying why not;
 * then nothing is left. */
bool probing_begin(struct session *session, struct probing *probing, const char *test,
		   const char *policy);
void probing_end(const struct probing *probing);

#endif
