/* scenes.h - what is the same for many calls: who made them, and after which phases.
 *
 * What it is: a list without repeats, and the hash table that keeps it so.
 * What it must not do: look through the list: a recording from anywhere may have very many.
 */
#ifndef SCENES_H
#define SCENES_H

#include "policy/arena.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Which program, how often forked since it was started, and the phases whose trigger it has met. */
struct scene {
	const char *program;
	unsigned generation;
	uint32_t fired; /* bits: places in the list of phases */
	pid_t pid;	/* 0: all alike */
};

struct scenes {
	struct arena *arena;
	struct scene *list;
	size_t count;
	uint32_t *slots; /* places in the list plus one, 0: free; a power of two of them */
	size_t slot_count;
};

void scenes_begin(struct scenes *scenes, struct arena *arena);

/* Its place in the list, where it is put when it is new. The name is copied then. */
uint32_t scenes_place(struct scenes *scenes, const struct scene *scene);

#endif
