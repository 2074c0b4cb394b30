/* guard.h - what becomes of the program when the recorder is killed.
 *
 * What it is: a process that does nothing until then.
 * What it must not do: answer calls while the recorder lives.
 */
#ifndef GUARD_H
#define GUARD_H

#include "listener.h"

/* The guard's pid, or -1. It ends by itself when nobody is left who could make a call. */
pid_t guard_start(struct listener *listener);

#endif
