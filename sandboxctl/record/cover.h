/* cover.h - what was seen, held against a policy.
 *
 * What it is: the calls of a recording that the policy would deny, and the lines of the policy that
 * allowed something.
 * What it must not do: decide by itself. The verdicts are evaluate.c's.
 */
#ifndef COVER_H
#define COVER_H

#include "model.h"

#include "policy/outcome.h"

struct denied {
	const struct phase *phase;
	const struct sighting *sighting;
	struct verdict verdict;
	bool perhaps; /* arguments that the recording lacks decide */
};

/* A word of a line that gives rights: a call or a group. */
struct unused {
	const struct phase *phase;
	struct place place;
};

struct coverage {
	struct denied *denied;
	size_t denied_count;
	struct unused *unused;
	size_t unused_count;
};

struct coverage cover(struct context *context, const struct model *model, const char *program,
		      const struct policy *policy);

#endif
