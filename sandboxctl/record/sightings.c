/* sightings.c - what was seen how often; see sightings.h. */
#include "sightings.h"

#include "hash.h"

#include <string.h>

enum { SLOTS_FIRST = 4096 };

void sightings_begin(struct sightings *sightings, struct arena *arena)
{
	*sightings = (struct sightings){ .arena = arena, .slot_count = SLOTS_FIRST };
	sightings->slots = arena_alloc(arena, SLOTS_FIRST, sizeof(struct sighting *));
}

/* --- hashing ---------------------------------------------------------------------------------- */

static uint64_t hash_of(const struct sighting *key)
{
	uint64_t hash = hash_number(key->kind, (uint64_t)key->scene << 32 | key->number);

	if (key->kind != SIGHT_CALL)
		return hash_text(hash_text(hash, key->what), key->use);
	hash = hash_number(hash, (uint64_t)key->is_foreign << 1 | key->is_clone3);
	for (unsigned i = 0; i < ARGUMENTS; i++)
		if (key->cube.mask[i])
			hash = hash_number(hash_number(hash, key->cube.mask[i]),
					   key->cube.value[i] + i);
	return hash;
}

static bool same(const struct sighting *a, const struct sighting *b)
{
	if (a->kind != b->kind || a->scene != b->scene)
		return false;
	if (a->kind != SIGHT_CALL)
		return !strcmp(a->use, b->use) && !strcmp(a->what, b->what);
	return a->number == b->number && a->is_foreign == b->is_foreign &&
	       a->is_clone3 == b->is_clone3 && !memcmp(&a->cube, &b->cube, sizeof(a->cube));
}

/* Three entries to a slot at most, on average. */
static void grow(struct sightings *sightings)
{
	size_t old_count = sightings->slot_count, count = old_count * 4;
	struct sighting **old = sightings->slots;

	if (sightings->count < old_count * 3)
		return;
	sightings->slots = arena_alloc(sightings->arena, count, sizeof(struct sighting *));
	sightings->slot_count = count;
	for (size_t i = 0; i < old_count; i++) {
		for (struct sighting *at = old[i], *next; at; at = next) {
			struct sighting **slot = &sightings->slots[at->hash % count];

			next = at->next;
			at->next = *slot;
			*slot = at;
		}
	}
}

static struct sighting *add(struct sightings *sightings, const struct sighting *key, uint64_t hash)
{
	struct sighting *sighting = ARENA_NEW(sightings->arena, struct sighting);
	struct sighting **slot;

	grow(sightings);
	*sighting = *key;
	if (key->what)
		sighting->what = arena_strndup(sightings->arena, key->what, strlen(key->what));
	sighting->hash = hash;
	slot = &sightings->slots[hash % sightings->slot_count];
	sighting->next = *slot;
	*slot = sighting;
	sightings->count++;
	return sighting;
}

/* --- counting --------------------------------------------------------------------------------- */

static void enqueue(struct sightings *sightings, struct sighting *sighting)
{
	if (sighting->queued)
		return;
	sighting->queued = sighting;
	if (sightings->queue)
		sightings->queue_end->queued = sighting;
	else
		sightings->queue = sighting;
	sightings->queue_end = sighting;
}

void sighting_requeue(struct sightings *sightings, struct sighting *sighting)
{
	enqueue(sightings, sighting);
}

struct sighting *sight(struct sightings *sightings, const struct sighting *key, bool *is_new)
{
	uint64_t hash = hash_of(key);
	struct sighting *at = sightings->slots[hash % sightings->slot_count];

	if (key->kind == SIGHT_CALL)
		sightings->total++;
	while (at && !(at->hash == hash && same(at, key)))
		at = at->next;
	*is_new = !at;
	if (!at) {
		at = add(sightings, key, hash);
		at->first = sightings->total;
	}
	at->last = sightings->total;
	at->count++;
	/* A count is written when it has doubled: the file grows with the logarithm of the calls,
	 * and a recorder that is killed takes half of a count with it, but no call. */
	if (at->count >= 2 * at->written)
		enqueue(sightings, at);
	return at;
}

void unsight(struct sightings *sightings, struct sighting *sighting)
{
	sighting->count--;
	if (sighting->kind == SIGHT_CALL)
		sightings->total--;
}

struct sighting *sightings_next(struct sightings *sightings)
{
	struct sighting *sighting = sightings->queue;

	if (!sighting)
		return NULL;
	sightings->queue = sighting->queued == sighting ? NULL : sighting->queued;
	sighting->queued = NULL;
	return sighting;
}

void sightings_queue_all(struct sightings *sightings)
{
	for (size_t i = 0; i < sightings->slot_count; i++)
		for (struct sighting *at = sightings->slots[i]; at; at = at->next)
			if (at->count != at->written)
				enqueue(sightings, at);
}

bool sighting_caller(struct sighting *sighting, const char *caller)
{
	for (unsigned i = 0; i < sighting->caller_count; i++)
		if (!strcmp(sighting->callers[i], caller))
			return false;
	if (sighting->caller_count == CALLERS_MAX)
		return false;
	sighting->callers[sighting->caller_count++] = caller;
	return true;
}
