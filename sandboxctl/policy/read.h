/* read.h - texts from files: the only part of the language that touches the file system.
 *
 * What it is: names to files along the search path, and files to checked texts.
 * What it must not do: wait (no FIFOs, no devices), read without limit, follow the language.
 */
#ifndef READ_H
#define READ_H

#include "policy.h"

struct files {
	struct loader loader;
	struct arena *arena;
	bool check_owner; /* refuse what others could have written */
	const char *own;  /* directory of the running sandboxctl */
	const char **directories;
	size_t directory_count;
	struct file_entry *cache;
	size_t cache_count;
};

void files_begin(struct files *files, struct arena *arena);

/* A policy by path or by name. NULL: `*why` says what is wrong. */
const struct source *files_policy(struct files *files, const char *name, const char **why);

/* Any text by its path, read as carefully. */
const struct source *files_text(struct files *files, const char *path, const char **why);

/* A text that is not in a file. */
const struct source *text_source(struct arena *arena, const char *name, const char *text);

#endif
