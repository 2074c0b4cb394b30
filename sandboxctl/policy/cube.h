/* cube.h - sets of argument values as disjoint cubes.
 *
 * What it is: a cube fixes some bits of the six argument registers; sets are lists of cubes no two
 * of which overlap. This is the shape that a filter of masked comparisons can express.
 * What it must not do: know calls, actions or filters.
 */
#ifndef CUBE_H
#define CUBE_H

#include "policy.h"

struct cube {
	uint64_t mask[ARGUMENTS], value[ARGUMENTS]; /* argument & mask == value */
};

enum { CUBES_MAX = 512 };

/* `too_many`: more than CUBES_MAX; the list is cut off then and must not be used. */
struct cubes {
	struct cube *list;
	size_t count;
	bool too_many;
};

struct cubes cubes_all(struct arena *arena);
struct cubes cubes_and(struct arena *arena, const struct cubes *a, const struct cubes *b);
struct cubes cubes_minus(struct arena *arena, const struct cubes *a, const struct cubes *b);
/* a, and what of b is not in a. */
struct cubes cubes_or(struct arena *arena, const struct cubes *a, const struct cubes *b);
/* Where a bound condition holds (NULL: everywhere). */
struct cubes cubes_of(struct arena *arena, const struct condition *condition);

#endif
