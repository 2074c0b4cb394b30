/* lower.h - decisions to a filter program.
 *
 * What it is: a search tree over the numbers and a chain of comparisons per call; besides, which
 * line decides which region of argument values (for show and for warnings).
 * What it must not do: be believed. verify.c holds the program against evaluate.c.
 */
#ifndef LOWER_H
#define LOWER_H

#include "cube.h"

#include <linux/filter.h>

struct region {
	struct cube cube;
	struct action action;
	struct decision *decision; /* NULL: what no line decides */
};

/* A call's regions, no two overlapping. The rest is `otherwise`. */
struct lowered_call {
	struct call *call;
	struct region *regions;
	size_t count;
	struct action otherwise;
	bool too_many; /* the regions are not all there */
};

struct program {
	struct sock_filter *code;
	size_t count;
};

/* Where each decision of a call applies. Marks the decisions that decide something. */
void find_regions(struct context *context, const struct policy *policy, const struct phase *phase,
		  struct call *call, struct lowered_call *lowered);

/* False after saying why not. */
bool lower_phase(struct context *context, const struct policy *policy, const struct phase *phase,
		 struct program *program);

/* Whether the call is let through whatever its arguments are. */
bool always_allowed(const struct lowered_call *lowered);

#endif
