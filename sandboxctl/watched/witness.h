/* witness.h - was a signal for us alone, or for our whole process group?
 *
 * What it is: a process in our group that does nothing but be there. What is pending in it was sent
 * to the group, by a terminal or by kill(2), and reached the command, too: the kernel tells a
 * group's youngest first, so it has a signal before we do. What it must not do: outlive us, hold
 * anything open, or be taken for one of the command's.
 */
#ifndef WITNESS_H
#define WITNESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* 0: there can be none. */
pid_t witness_start(void);

/* The signals that came to the group, as bits: 1 is the first. A new one takes its place if there
 * are any. False: nobody knows. */
bool witness_ask(pid_t *witness, uint64_t *signals);

void witness_end(pid_t *witness);

#endif
