/* diagram.h - which decision each combination of arguments meets: binary decision diagrams.
 *
 * What it is: functions from the bits of the six argument registers to small numbers (leaves), each
 * function in one form only. Exact for every condition of the language.
 * What it must not do: know calls, actions or files; decide (evaluate.c does).
 */
#ifndef DIAGRAM_H
#define DIAGRAM_H

#include "cube.h"

struct diagram_node {
	uint32_t bit; /* which one is asked, from the top; DIAGRAM_LEAF: none */
	uint32_t zero, one;
	uint32_t mark; /* of the last walk that came by */
};

struct diagram {
	struct arena *arena;
	struct diagram_node *nodes;
	size_t count;
	uint32_t *table; /* nodes by their content, 0: none */
	size_t slots;
	struct diagram_cached *cache;
	uint32_t generation, mark;
	struct cube given; /* bits that are known: functions are made for these values only */
	unsigned long steps;
	bool too_large; /* given up: results mean nothing */
	bool gave_up;	/* once, on a question before this one */
};

void diagram_begin(struct diagram *diagram, struct arena *arena);
/* Before the next question: functions made before are not to be used any more. */
void diagram_ask(struct diagram *diagram, const struct cube *given);

/* The same number everywhere. */
uint32_t diagram_leaf(struct diagram *diagram, uint32_t number);
/* 1 where a bound condition holds (NULL: everywhere), 0 elsewhere. */
uint32_t diagram_condition(struct diagram *diagram, const struct condition *condition);

/* Two functions as one: each pair of leaves becomes what `join` says. */
typedef uint32_t (*diagram_join_leaves)(const void *data, uint32_t a, uint32_t b);
uint32_t diagram_join(struct diagram *diagram, diagram_join_leaves join, const void *data,
		      uint32_t a, uint32_t b);

/* Calls `found` once for each leaf that some arguments reach, with such arguments: the bits that
 * matter and those given. */
typedef void (*diagram_found)(void *data, uint32_t number, const struct cube *witness);
void diagram_walk(struct diagram *diagram, uint32_t function, diagram_found found, void *data);

#endif
