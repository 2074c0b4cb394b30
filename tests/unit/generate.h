/* generate.h - random policies that are right, for the tests that need many.
 *
 * What it is: a stream of random numbers from a seed, and texts made with it: every operator and
 * action, one to six tests on a call, numbers around the edges of the argument's type.
 * What it must not do: depend on anything but the seed.
 */
#ifndef GENERATE_H
#define GENERATE_H

#include "policy/names.h"

#include <stdio.h>

struct random {
	uint64_t state;
};

void random_begin(struct random *random, uint64_t seed);
uint64_t random_next(struct random *random);
unsigned random_below(struct random *random, unsigned limit);

/* A number as the edges of types have it, of at most `width` bits. */
uint64_t random_edge(struct random *random, unsigned width);

struct generator {
	struct random random;
	enum arch arch;
	const char *const *calls; /* NULL: any call of the table */
	size_t call_count;
	const char *const *actions;
	size_t action_count;
};

/* A whole policy; free() it. */
char *generate_policy(struct generator *generator);

/* The environment's number, for counts and seeds. */
unsigned long from_environment(const char *name, unsigned long otherwise);

#endif
