/* sigsys.h - what happens at a trapped call. See sigsys.c. */
#ifndef SIGSYS_H
#define SIGSYS_H

#include <stdint.h>

/* hook, before the filter is loaded: takes SIGSYS over; reports name `phase`. */
void sigsys_take(const char *phase);

/* hook, signal: takes SIGSYS out of a mask that a thread is about to get back, once it is taken
 * over. */
void sigsys_unblock(uint64_t *mask);

#endif
