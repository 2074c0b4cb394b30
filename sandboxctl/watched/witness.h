/* witness.h - was a signal for us alone, or for our whole process group?
 *
 * What it is: a process in our group that does nothing but collect signals. What it has was sent to
 * the group, by a terminal or by kill(2), and reached the command, too: the kernel tells a group's
 * youngest first, so it has a signal before we do. What it must not do: outlive us, hold anything
 * open, or be taken for one of the command's.
 */
#ifndef WITNESS_H
#define WITNESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Sets of signals are bits: 1 is the first. */
struct witness {
	pid_t pid; /* 0: there is none */
	int file;
	uint64_t early; /* it had these before we did */
};

/* When there can be none, .pid is 0. */
void witness_start(struct witness *witness);

/* Which of the signals that came to us since the last question came to the group. False: nobody
 * knows. */
bool witness_ask(struct witness *witness, uint64_t came, uint64_t *of_group);

void witness_end(struct witness *witness);

#endif
