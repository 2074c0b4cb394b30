/* memory.h - policies from strings, for the unit tests and fuzzers.
 *
 * What it is: a loader of named texts, and one call from text to proven filters.
 */
#ifndef MEMORY_H
#define MEMORY_H

#include "policy/build.h"
#include "policy/write.h"

#include <string.h>

struct memory_text {
	const char *name, *text;
};

struct memory {
	struct loader loader;
	struct arena arena;
	struct diagnostics diagnostics;
	struct context context;
	struct source sources[16];
	size_t count;
};

static inline const struct source *memory_load(struct loader *loader, struct arena *arena,
					       enum source_kind kind, const char *name,
					       const struct source *from, const char **why)
{
	struct memory *memory = (struct memory *)loader;

	(void)arena;
	(void)kind;
	(void)from;
	for (size_t i = 0; i < memory->count; i++)
		if (!strcmp(memory->sources[i].name, name))
			return &memory->sources[i];
	*why = "is not there";
	return NULL;
}

static inline const struct source *memory_add(struct memory *memory, const char *name,
					      const char *text, size_t size)
{
	struct source *source = &memory->sources[memory->count++];

	source->name = name;
	source->path = arena_printf(&memory->arena, "/memory/%s", name);
	source->text = arena_strndup(&memory->arena, text, size);
	source->size = size;
	return source;
}

static inline void memory_begin(struct memory *memory)
{
	memset(memory, 0, sizeof(*memory));
	memory->loader.load = memory_load;
	memory->diagnostics.arena = &memory->arena;
	memory->context = (struct context){ &memory->arena, &memory->diagnostics, &memory->loader };
}

static inline void memory_end(struct memory *memory)
{
	arena_free(&memory->arena);
}

/* Resolves, lowers and verifies `text`; what is wrong is in memory->diagnostics. */
static inline bool memory_build(struct memory *memory, const char *text, enum arch arch,
				struct compiled *compiled)
{
	const struct source *source = memory_add(memory, "test.policy", text, strlen(text));

	return build_policy(&memory->context, source, arch, NULL, compiled);
}

#endif
