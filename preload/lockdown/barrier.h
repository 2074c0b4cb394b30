/* barrier.h - hold every other thread of the process at a known place. See barrier.c. */
#ifndef BARRIER_H
#define BARRIER_H

#include <stdbool.h>
#include <stdint.h>

/* Which threads of io_uring's, that take no signals, may go on beside those that are held. */
enum barrier_rings {
	BARRIER_ANY_RINGS,
	BARRIER_NO_POLLING, /* none that takes requests without a system call */
	BARRIER_NO_RINGS,   /* none: for barrier_run */
};

/* hook, all signals blocked on the caller: returns when every other thread of the process is held
 * inside our handler (and so is past its birth, and can start no new thread). Returns how many.
 * Ends the process when a thread cannot be reached, or is one of io_uring's that may not go on. */
unsigned barrier_hold(enum barrier_rings rings);

/* hook: as barrier_hold, to write code: where the threads are in their lives does not matter. */
void barrier_hold_for_code(void);

/* hook, between barrier_hold_for_code and barrier_release: is a held thread going to run the code
 * at `first`..`last` next? */
bool barrier_holds_in(uintptr_t first, uintptr_t last);

/* hook, between barrier_hold and barrier_release: work(argument) on the calling thread,
 * then, when that answered 0, on every other one, all at the same time. Returns the caller's error:
 * then no other thread has begun. An error of another ends the process: "thread N (NAME) WHAT:
 * ERRNO". work: signal contract, little stack (a kilobyte), the same on every thread. */
long barrier_run(long (*work)(void *argument), void *argument, const char *what);

/* hook: is there any other thread? */
bool barrier_holds_others(void);

/* hook: as barrier_run, on the other threads only. */
void barrier_run_others(long (*work)(void *argument), void *argument, const char *what);

/* hook, also after the filter is loaded: lets them go on. One futex call, none when none is held.
 */
void barrier_release(void);

#endif
