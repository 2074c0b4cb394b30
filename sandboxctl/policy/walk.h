/* walk.h - what a filter program asks about a call.
 *
 * What it is: all comparisons that a program can make on the arguments, for one number or for any,
 * found by following both ways of every jump that the arguments decide.
 * What it must not do: guess. A program that does more with an argument than to mask, to flip and
 * to compare it is not followed.
 */
#ifndef WALK_H
#define WALK_H

#include "arena.h"
#include "partition.h"

#include <linux/filter.h>

enum { WALK_ARGUMENTS = 6 };

struct walk_step;
struct walk_place;

struct walk {
	const struct sock_filter *code;
	size_t count;
	uint32_t arch;
	struct partition *words; /* WALK_ARGUMENTS of them; comparisons are added */
	uint32_t *numbers;	 /* where the answer may change: these begin a range of numbers */
	size_t number_count;
	struct walk_step *steps; /* one for each instruction */
	struct walk_place *stack;
	size_t stacked;
	unsigned turn;
	bool lost;
};

void walk_begin(struct walk *walk, struct arena *arena, const struct sock_filter *code,
		size_t count, uint32_t arch, struct partition *words);

/* `number` NULL: any, which fills `numbers`. False when the program is not followed: the
 * comparisons are not all there. */
bool walk_call(struct walk *walk, const uint32_t *number);

/* Whether the program answers `value` to calls of every other architecture, before it looks at
 * anything else. */
bool walk_refuses_foreign(const struct walk *walk, uint32_t value);

#endif
