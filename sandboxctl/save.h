/* save.h - a file is complete or not there.
 *
 * What it is: written beside its place under another name first, then renamed. Devices, pipes and
 * what our own output goes to are written to as they are.
 */
#ifndef SAVE_H
#define SAVE_H

#include "sandboxctl.h"

/* False after saying what is wrong. */
bool save_file(struct arena *arena, const char *path, const void *bytes, size_t size);

/* A directory for what lives as long as the command: other users may enter it, for a program that
 * gives its rights up and executes itself again reads there. NULL after saying what is wrong. */
const char *temporary_directory(struct arena *arena);

/* All of it, to a descriptor; false: errno says why. */
bool write_all(int file, const void *bytes, size_t size);

#endif
