/* barrier.h - hold every other thread of the process at a known place. See barrier.c. */
#ifndef BARRIER_H
#define BARRIER_H

/* hook, all signals blocked on the caller: returns when every other thread of the process is held
 * inside our handler (and so is past its birth, and can start no new thread). Returns how many.
 * Ends the process when a thread cannot be reached. */
unsigned barrier_hold(void);

/* hook, also after the filter is loaded: lets them go on. One futex call, none when none is held.
 */
void barrier_release(void);

#endif
