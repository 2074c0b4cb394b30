/* look.h - what /proc says of a process that waits for our answer.
 *
 * What it is: whether the library is in it, and if not, why.
 * What it must not do: believe that a process is still there.
 */
#ifndef LOOK_H
#define LOOK_H

#include "policy/arena.h"

#include <stdbool.h>
#include <sys/types.h>

/* Is the file `library` mapped? */
bool look_for_library(pid_t thread, const char *library);

/* Why it is not: what its environment, its rights or ld.so say to it. */
const char *look_why_not(struct arena *arena, pid_t thread, const char *library);

/* The library is there. Why we shall hear nothing of it all the same; NULL: we shall. `report` is
 * what SANDBOX_REPORT was set to. */
const char *look_why_silent(pid_t thread, const char *report);

/* Does it run the sandboxctl that the library runs: ours, or the one that was installed with it? */
bool look_is_helper(pid_t thread, const char *library);

/* "Tgid" and "PPid" of its status; false: it is gone. */
bool look_at_ids(pid_t thread, pid_t *process, pid_t *parent);

#endif
