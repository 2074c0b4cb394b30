/* attempt.h - one call of SANDBOX_PROBES, so made that it does no harm where it is allowed. */
#ifndef LOCKDOWN_ATTEMPT_H
#define LOCKDOWN_ATTEMPT_H

#include <stdbool.h>

struct probe;
struct probes;

struct attempt {
	const struct probes *table;
	const struct probe *probe;
	const char *name; /* of the file that it may make; NULL: none */
};

/* hook, on the thread that locks: before the child is made. */
void attempt_begin(struct attempt *attempt, const struct probes *table, const struct probe *probe);

/* hook, in the child, before its filter. */
void attempt_ready(const struct attempt *attempt);

/* hook, in the child, behind its filter: makes the call; the kernel's answer. */
long attempt_make(const struct attempt *attempt);

/* hook, on the thread that locks, once the child has ended: was a file made? It is gone then. */
bool attempt_made_file(const struct attempt *attempt);

/* A death by `signal` that means that the program was started: 0: none does. */
int attempt_death_of_success(const struct attempt *attempt);

#endif
