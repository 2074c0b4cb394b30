/* task.h - /proc/self/task without libc: which threads there are, and what they are.
 *
 * Contract: hook. One user at a time (numbers.h): the thread that locks.
 */
#ifndef TASK_H
#define TASK_H

#include <stdbool.h>
#include <stdint.h>

#include "lockdown/numbers.h"

/* Opens /proc/self/task; ends the process with a reason when it cannot. To be closed before the
 * next one is opened. */
int task_open(void);
void task_close(int directory);

/* True, once, in a process that was forked while its parent had that directory open. A copy of the
 * descriptor is closed. */
bool task_forget_parent(void);

/* As task_open; negative when it cannot be opened. */
int task_try_open(void);

/* The next thread's id, 0 at the end. */
int task_next(struct numbers *list);

/* From now on no file is read: what is said below of states is then known of dead threads only. */
void task_reads_no_more(void);
bool task_can_read(void);

/* True for a thread that will never run a signal handler: it is gone or dead, or it is a worker
 * that the kernel added to the process (io_uring). False when that cannot be told. */
bool task_is_out_of_reach(int directory, int tid);

/* True while the thread runs or could run; false when it waits (or is gone). */
bool task_is_running(int directory, int tid);

/* How long it has had a CPU in its life, as far as the kernel says; else as if for ever. */
uint64_t task_cpu_ms(int tid);

/* What a thread is to io_uring. The kernel's threads act with rights of their own; one that polls
 * does what the program writes into the ring's memory, and needs no system call for it. */
enum task_ring { TASK_RING_NONE, TASK_RING_WORKS, TASK_RING_POLLS };

/* Ends the process when it cannot be told. */
enum task_ring task_ring(int directory, int tid);

/* Ends the process: "thread TID (NAME) WHY"; without the name where `directory` is negative. */
_Noreturn void task_fatal(int directory, int tid, const char *why);

/* Ends the process: "thread TID (NAME) WHY: ERRNO". */
_Noreturn void task_fatal_errno(int tid, const char *name, const char *why, long error);

#endif
