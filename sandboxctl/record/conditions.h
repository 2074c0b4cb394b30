/* conditions.h - from the arguments that were seen to the conditions of a policy.
 *
 * What it is: for one call the `where` that a person would write: the narrowest that is still
 * readable.
 * What it must not do: know which calls are allowed at all, or groups.
 */
#ifndef CONDITIONS_H
#define CONDITIONS_H

#include "sightings.h"

/* One line of a policy for a call. */
struct conditioned {
	const char *condition;	/* NULL: always */
	struct sighting **list; /* what it is for */
	size_t count;
};

struct conditions {
	struct conditioned *list;
	size_t count;
};

/* `list`: all sightings of one call. `exact`: the flags of open are not generalised. */
struct conditions find_conditions(struct arena *arena, struct sighting **list, size_t count,
				  bool exact);

#endif
