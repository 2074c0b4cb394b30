/* clock.h - the time, without libc. Contract: any (before the lock). */
#ifndef CLOCK_H
#define CLOCK_H

#include <time.h>

#include "raw.h"

static inline uint64_t timespec_ms(const struct timespec *t)
{
	return (uint64_t)t->tv_sec * 1000 + (uint64_t)t->tv_nsec / 1000000;
}

/* CLOCK_MONOTONIC in milliseconds. */
static inline uint64_t clock_ms(void)
{
	struct timespec t = { 0 };

	raw(clock_gettime, CLOCK_MONOTONIC, &t);
	return timespec_ms(&t);
}

#endif
