/* symbolize.c - the function around an address; see symbolize.h. */
#include "symbolize.h"

#include "report/line.h"
#include "trigger/debugfile.h"
#include "trigger/elffile.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The file behind a name in a report: the program's own, or one that lies where libraries do. */
static const char *file_of(struct arena *arena, const char *program, const char *started_as,
			   const char *name)
{
	static const char *const places[] = { "/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib",
					      "/usr/local/lib", "/lib/x86_64-linux-gnu" };
	char *own = program ? realpath(program, NULL) : NULL;
	const char *file = NULL, *slash = own ? strrchr(own, '/') : NULL;

	if (slash && !strcmp(slash + 1, name))
		file = arena_strndup(arena, own, strlen(own));
	else if (program && started_as && !strcmp(started_as, name))
		file = program;
	free(own);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && !file; i++) {
		const char *path = arena_printf(arena, "%s/%s", places[i], name);

		if (!access(path, R_OK))
			file = path;
	}
	return file;
}

/* The last function that begins at or before the address, when it reaches that far. */
static const char *search(struct arena *arena, const struct elf_file *file, uint64_t address,
			  uint64_t *best)
{
	struct elf_walk walk = { 0 };
	struct elf_symbol symbol;
	const char *found = NULL;

	while (elf_next_function(file, &walk, &symbol))
		if (*symbol.name && symbol.value <= address && symbol.value >= *best &&
		    address - symbol.value < symbol.size) {
			*best = symbol.value;
			found = arena_strndup(arena, symbol.name, strcspn(symbol.name, "@"));
		}
	return found;
}

static const char *find_function(struct arena *arena, const char *path, uint64_t address)
{
	struct line tried = { 0 };
	struct elf_file file, debug;
	const char *found, *better;
	uint64_t best = 0;

	if (!elf_open(&file, path))
		return NULL;
	found = search(arena, &file, address, &best);
	if (debugfile_open(&debug, &file, path, &tried)) {
		better = search(arena, &debug, address, &best);
		found = better ? better : found;
		elf_close(&debug);
	}
	elf_close(&file);
	return found;
}

const char *function_at(struct arena *arena, const char *program, const char *started_as,
			const char *object)
{
	const char *plus = object ? strrchr(object, '+') : NULL, *file;
	uint64_t address = plus ? strtoull(plus + 1, NULL, 16) : 0;

	if (!address)
		return NULL;
	file = file_of(arena, program, started_as,
		       arena_strndup(arena, object, (size_t)(plus - object)));
	/* It is where the call returns to: that may be the next function already. */
	return file ? find_function(arena, file, address - 1) : NULL;
}
