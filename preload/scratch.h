/* scratch.h - memory for paths and texts while the library is loaded. See scratch.c. */
#ifndef SCRATCH_H
#define SCRATCH_H

#include <stddef.h>

/* load: zeroed; all of it goes away with scratch_drop(). Ends the process when there is no more. */
void *scratch_take(size_t size);

/* load: a + b + c */
char *scratch_join(const char *a, const char *b, const char *c);

/* load: "/a" of "/a/b", "." of "b" */
char *scratch_directory(const char *path);

/* load */
void scratch_drop(void);

#endif
