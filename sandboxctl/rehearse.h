/* rehearse.h - what ld.so will do with the library, seen before the program is started.
 *
 * What it is: the program's own loader, asked to list what it loads (as ldd does), with the very
 * environment that the program will have.
 * What it must not do: run any code of the program: only for what reach_program() lets pass.
 */
#ifndef REHEARSE_H
#define REHEARSE_H

#include "policy/arena.h"

/* NULL, or why the program would run without the library: in the words of ld.so. */
const char *rehearse(struct arena *arena, const char *program, char **argv, const char *library);

#endif
