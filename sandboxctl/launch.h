/* launch.h - a program with the library in it.
 *
 * What it is: everything that is looked at before a program is started. The loader runs a program
 * without a library that it cannot preload, so what would make it do so is refused.
 * What it must not do: start anything.
 */
#ifndef LAUNCH_H
#define LAUNCH_H

#include "sandboxctl.h"

/* The file that execvp() will find, or NULL. */
const char *launch_find(struct session *session, const char *name);

/* NULL, or why the library cannot be in the program: "is linked statically: ...". */
const char *launch_check(struct session *session, const char *path);

/* Where libsandbox.so is, or NULL. */
const char *launch_library(struct session *session);

/* LD_PRELOAD, and SANDBOX_POLICY unless it is NULL. False after saying why not. */
bool launch_environment(struct session *session, const char *library, const char *policy);

#endif
