/* nested.h - what the library itself needs in programs that a locked one starts, while nothing is
 * locked: to read its policy there and to lock once more, under the first lock.
 *
 * What it is: its calls there, and those that only a lock would make, as a model of their own to be
 * held against the policy. What it must not do: mix with what the programs did.
 */
#ifndef NESTED_H
#define NESTED_H

#include "record/cover.h"
#include "record/recorder.h"

struct nested {
	struct model model;
	struct nested_first {
		const struct sighting *sighting;
		const void *where; /* whoever tells knows what it is */
	} * firsts;
	size_t first_count;
	struct nested_lock {
		uint32_t scene;
		const char *phase;
		const void *where;
	} * locks;
	size_t lock_count;
};

void nested_begin(struct nested *nested, struct arena *arena);

/* Under the recorder's lock: see watch_own and watch_fired there. */
void nested_call(struct nested *nested, struct recorder *recorder, struct process *process,
		 pid_t thread, const struct seccomp_data *call, const void *where);
void nested_fires(struct nested *nested, const struct process *process, const char *phase,
		  const void *where);

/* Afterwards. */
struct coverage nested_cover(struct nested *nested, struct context *context,
			     const struct recorder *recorder, const struct policy *policy);
/* Where it was seen first. */
const void *nested_where(const struct nested *nested, const struct sighting *sighting);

#endif
