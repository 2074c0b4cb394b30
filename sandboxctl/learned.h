/* learned.h - what recordings are good for: a policy is written from them, or held against them.
 *
 * What it is: reading, writing, and the proof that what was seen is allowed by what was written.
 */
#ifndef LEARNED_H
#define LEARNED_H

#include "record/model.h"
#include "record/watch.h"
#include "sandboxctl.h"

struct learned {
	const char *output, *check; /* one of them */
	const char *const *recordings;
	size_t recording_count;
	bool exact, landlock, quiet;
};

/* The groups that say what is dangerous are there; says so when not, or nothing would be. */
bool has_groups(struct session *session);

/* Reads recordings into one model; false after saying what is wrong. */
bool read_recordings(struct session *session, const char *const *paths, size_t count,
		     struct model *model);

/* False after saying what is wrong. */
bool write_learned(struct session *session, const struct learned *learned);

/* Says on standard output what the policy would have denied, and what it gives that was not used.
 * The exit status: `status` when it would have denied nothing. */
int check_learned(struct session *session, const struct learned *learned, int status);

/* A few lines on how a run went. */
void tell_run(const struct watch *watch);

#endif
