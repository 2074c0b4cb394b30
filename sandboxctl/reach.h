/* reach.h - can the library be in a program?
 *
 * What it is: what its file says: ELF headers, "#!" lines, the mode.
 * What it must not do: start anything.
 */
#ifndef REACH_H
#define REACH_H

#include "policy/arena.h"

enum reach_kind {
	REACH_CAN,
	REACH_NO_PROGRAM, /* the kernel will not execute it */
	REACH_CANNOT,	  /* no library can be preloaded into it, or not this one */
	REACH_SET_ID,	  /* not where its set-id bit counts */
};

/* What is the matter with the program `path`, and for REACH_CAN nothing in `*why`. `root` is put
 * before absolute paths that the file names: "" or "/proc/PID/root". */
enum reach_kind reach_program(struct arena *arena, const char *root, const char *path,
			      const char **why);

/* NULL, or why ld.so cannot open the library: it would run the program without it. */
const char *reach_library(struct arena *arena, const char *path);

#endif
