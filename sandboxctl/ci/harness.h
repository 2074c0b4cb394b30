/* harness.h - of which test of a suite a process is.
 *
 * What it is: a table of variables that test harnesses put into the environment of what they start,
 * and of harnesses that are known by being a process' ancestor.
 * What it must not do: guess. A process that tells nothing belongs to no test.
 */
#ifndef CI_HARNESS_H
#define CI_HARNESS_H

#include "policy/arena.h"

#include <stdbool.h>
#include <sys/types.h>

struct background {
	const char *test;    /* NULL: nobody tells */
	const char *command; /* the words of its command line */
	bool has_library;    /* LD_PRELOAD names the library */
};

/* Of a process that is there, once it has executed its program. All texts are plain (text.h). */
struct background background_of(struct arena *arena, pid_t pid, const char *library);

#endif
