/* lower.h - decisions to a filter program.
 *
 * What it is: per call, disjoint regions of argument values with one action each; then BPF.
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
};

struct program {
	struct sock_filter *code;
	size_t count;
};

/* False after saying which call needs too many regions. Marks decisions that decide something. */
bool lower_call(struct context *context, const struct policy *policy, const struct phase *phase,
		struct call *call, struct lowered_call *lowered);

/* False after saying why not. */
bool lower_phase(struct context *context, const struct policy *policy, const struct phase *phase,
		 struct program *program);

/* Whether the call is let through whatever its arguments are. */
bool always_allowed(const struct lowered_call *lowered);

#endif
