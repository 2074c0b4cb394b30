/* callers.h - whose code made a call: OBJECT+0xOFFSET.
 *
 * What it is: the executable memory of each process by object, and the first return address on the
 * stack that is not libc's.
 * What it must not do: be asked for every call. It reads /proc and the program's stack.
 */
#ifndef CALLERS_H
#define CALLERS_H

#include "processes.h"

/* "redis-server+0x5234", in the arena; NULL when nothing is known. `thread` waits for us, and made
 * its call at `address`. */
const char *caller_of(struct arena *arena, struct process *process, pid_t thread, uint64_t address);

/* What is executable has changed, or the process is gone. */
void callers_forget(struct process *process);

#endif
