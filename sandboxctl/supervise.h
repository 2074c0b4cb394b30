/* supervise.h - sandboxctl run as the parent of the program: it demands that the lock happens.
 *
 * What it is: the verdict on the story of a run, in words and as an exit status.
 */
#ifndef SUPERVISE_H
#define SUPERVISE_H

#include "sandboxctl.h"

enum {
	EXIT_NEVER_LOCKED = 124, /* run: a lock that was required never happened */
};

struct supervision {
	const char *program, *library, *policy; /* policy: as people named it; NULL: not named */
	char **argv;
	const char *report;
	unsigned timeout_ms;
	bool require_lock;
	bool any_will_do;  /* of a process and those that it forks, one that locks is enough */
	bool require_some; /* one lock at least: the policy is not for the program itself */
};

/* Runs it; the exit status. */
int supervise(struct session *session, const struct supervision *supervision);

#endif
