/* scenes.c - who made calls, and after which phases; see scenes.h. */
#include "scenes.h"

#include "hash.h"

#include <string.h>

enum { SLOTS_FIRST = 256 };

void scenes_begin(struct scenes *scenes, struct arena *arena)
{
	*scenes = (struct scenes){ .arena = arena, .slot_count = SLOTS_FIRST };
	scenes->slots = arena_alloc(arena, SLOTS_FIRST, sizeof(*scenes->slots));
}

static uint64_t hash_of(const struct scene *scene)
{
	uint64_t hash = hash_number(scene->generation, (uint64_t)scene->fired << 32);

	return hash_text(hash_number(hash, (uint64_t)scene->pid), scene->program);
}

static bool same(const struct scene *a, const struct scene *b)
{
	return a->generation == b->generation && a->fired == b->fired && a->pid == b->pid &&
	       !strcmp(a->program, b->program);
}

/* The slot of the scene, or the free one where it belongs. */
static uint32_t *slot_of(const struct scenes *scenes, const struct scene *scene)
{
	size_t i = hash_of(scene);

	for (;; i++) {
		uint32_t *slot = &scenes->slots[i % scenes->slot_count];

		if (!*slot || same(&scenes->list[*slot - 1], scene))
			return slot;
	}
}

/* Half of the slots are free at least. */
static void grow(struct scenes *scenes)
{
	if (scenes->count * 2 < scenes->slot_count)
		return;
	scenes->slot_count *= 4;
	scenes->slots = arena_alloc(scenes->arena, scenes->slot_count, sizeof(*scenes->slots));
	for (size_t i = 0; i < scenes->count; i++)
		*slot_of(scenes, &scenes->list[i]) = (uint32_t)i + 1;
}

uint32_t scenes_place(struct scenes *scenes, const struct scene *scene)
{
	uint32_t *slot = slot_of(scenes, scene);
	struct scene *added;

	if (*slot)
		return *slot - 1;
	added = ARENA_PUSH(scenes->arena, scenes->list, scenes->count);
	*added = *scene;
	added->program = arena_strndup(scenes->arena, scene->program, strlen(scene->program));
	*slot = (uint32_t)scenes->count;
	grow(scenes);
	return (uint32_t)scenes->count - 1;
}
