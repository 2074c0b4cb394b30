/* sightings.h - what was seen how often: calls with their arguments, files, addresses.
 *
 * What it is: a hash table that is asked once for every system call of the recorded program, and
 * the queue of what is to be written.
 * What it must not do: allocate for what it has seen before, know files or processes.
 */
#ifndef SIGHTINGS_H
#define SIGHTINGS_H

#include "arguments.h"

enum sighting_kind { SIGHT_CALL, SIGHT_FILE, SIGHT_ADDRESS };

/* Who made a call: "redis-server+0x5234", "libc.so.6+0xd4ad7". */
enum { CALLERS_MAX = 4 };

struct sighting {
	enum sighting_kind kind;
	uint32_t scene; /* index in a list of the recorder's */

	/* SIGHT_CALL */
	uint32_t number;
	bool is_foreign; /* of another architecture */
	bool is_clone3;	 /* a clone3, shown as the clone that does the same */
	struct cube cube;
	const char *callers[CALLERS_MAX];
	unsigned caller_count;

	/* SIGHT_FILE, SIGHT_ADDRESS */
	const char *what, *use;
	const char *settled; /* SIGHT_FILE: with all links followed; NULL: the same */
	bool found, missing; /* ... when it was named: at times the one, at times the other */

	uint64_t count, written; /* written: what of `count` is in the recording */
	uint64_t first, last;	 /* place among all calls, from 1 */

	uint64_t hash;
	struct sighting *next;	 /* of the same slot */
	struct sighting *queued; /* of the queue; itself: the last */
};

struct sightings {
	struct arena *arena;
	struct sighting **slots;
	size_t slot_count, count;
	struct sighting *queue, *queue_end;
	uint64_t total; /* calls */
};

void sightings_begin(struct sightings *sightings, struct arena *arena);

/* The one that is like `key` in kind, scene and content; made when there is none. `*is_new` says
 * which. Counts one more, and queues it when the recording is too far behind. */
struct sighting *sight(struct sightings *sightings, const struct sighting *key, bool *is_new);

/* The last sight() of it did not happen. */
void unsight(struct sightings *sightings, struct sighting *sighting);

/* Takes the next of the queue, or NULL. */
struct sighting *sightings_next(struct sightings *sightings);
/* Queues all that is not written yet. */
void sightings_queue_all(struct sightings *sightings);
/* Puts one back: it could not be written. */
void sighting_requeue(struct sightings *sightings, struct sighting *sighting);

/* Adds a caller as far as there is room; false when it is known. */
bool sighting_caller(struct sighting *sighting, const char *caller);

#endif
