/* partition.h - values of a 64-bit word in classes that a list of comparisons cannot tell apart.
 *
 * What it is: one value out of every class that is not empty. What holds for these holds for all
 * values, as long as nothing but these comparisons is asked of the word.
 * What it must not do: know filters, policies or arguments.
 */
#ifndef PARTITION_H
#define PARTITION_H

#include "arena.h"

#include <stdbool.h>
#include <stdint.h>

/* ((value & mask) ^ flip) == number, or with is_order: < number, without sign. */
struct comparison {
	uint64_t mask, flip, number;
	bool is_order;
};

enum { COMPARISONS_MAX = 512, CLASSES_MAX = 2048 };

struct partition {
	struct comparison list[COMPARISONS_MAX];
	size_t count;
	bool too_many; /* of comparisons or of classes: the list of values is not whole */
	uint64_t values[CLASSES_MAX];
	size_t value_count;
};

void partition_begin(struct partition *partition);
void partition_add(struct partition *partition, struct comparison comparison);

/* Room to work in, for many partitions. */
struct sorter;
struct sorter *sorter_new(struct arena *arena);

/* Fills `values`. Bits that no comparison looks at are taken from `random`. */
void partition_sort(struct partition *partition, struct sorter *sorter, uint64_t random);

#endif
