/* debugfile.h - the separate debug file of a stripped object. See debugfile.c. */
#ifndef DEBUGFILE_H
#define DEBUGFILE_H

#include <stdbool.h>

struct elf_file;
struct line;

/* Opens the debug file of `object`, which was read from `path`. False: there is none; then `tried`
 * has, behind what was in it, where it could have been and why a file there was not taken. */
bool debugfile_open(struct elf_file *debug, const struct elf_file *object, const char *path,
		    struct line *tried);

#endif
