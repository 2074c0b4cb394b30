/* learned.h - from recordings to a policy file.
 *
 * What it is: reading, writing, and the proof that what was seen is allowed by what was written.
 */
#ifndef LEARNED_H
#define LEARNED_H

#include "record/watch.h"
#include "sandboxctl.h"

struct learned {
	const char *output;
	const char *const *recordings;
	size_t recording_count;
	bool exact, quiet;
};

/* False after saying what is wrong. */
bool write_learned(struct session *session, const struct learned *learned);

/* A few lines on how a run went. */
void tell_run(const struct watch *watch);

#endif
