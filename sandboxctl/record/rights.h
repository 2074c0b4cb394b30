/* rights.h - the files and ports that were used, as lines for Landlock.
 *
 * What it is: read, write, create, execute, bind and connect lines for what a phase was seen to do,
 * folded to directories where names would be chance or many.
 * What it must not do: fold up to a directory that holds what is not the program's: /etc, /home,
 * /var/lib and their like. There each file has its line.
 */
#ifndef RIGHTS_H
#define RIGHTS_H

#include "sightings.h"

struct right_line {
	const char *text; /* "read   /etc/ssl", "connect tcp 53 853" */
	const char *why;  /* "3 files, 12 times" */
};

struct right_lines {
	struct right_line *list;
	size_t count;
};

/* Of what was seen, calls or not. Paths are those of the run, with all links followed. */
struct right_lines find_rights(struct arena *arena, struct sighting *const *seen, size_t count);

#endif
