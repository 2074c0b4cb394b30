/* arena.h - memory that is given back all at once.
 *
 * What it is: allocation for a command that reads a policy, answers and exits.
 * What it must not do: return NULL (a command without memory says so and stops), free one item.
 */
#ifndef ARENA_H
#define ARENA_H

#include <stddef.h>

struct arena_chunk;

struct arena {
	struct arena_chunk *chunks;
};

void *arena_alloc(struct arena *arena, size_t count, size_t size);
char *arena_strndup(struct arena *arena, const char *text, size_t length);
char *arena_printf(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void arena_free(struct arena *arena);

/* Makes room for one more after `count` items of `size` bytes; capacities are powers of two. */
void *arena_grow(struct arena *arena, void *items, size_t count, size_t size);

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), 1, sizeof(type)))

/* Appends an item to a list of `count` at `items`; the value is its address. It is zeroed, unless
 * the list was longer before. */
#define ARENA_PUSH(arena, items, count)                                                            \
	((items) = arena_grow((arena), (items), (count), sizeof(*(items))), &(items)[(count)++])

#endif
