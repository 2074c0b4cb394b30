/* partition.c - values in classes that comparisons cannot tell apart; see partition.h.
 *
 * A value is read bit by bit from the highest. After some bits each comparison is settled, or still
 * equal so far: that is the state. Values with the same state stay together whatever bits follow,
 * so one value for each state is enough, and there are few states. After the last bit each state
 * is a class. No class is missed: every value has its way through the states.
 */
#include "partition.h"

#include <string.h>

enum { BITS = 64, WORDS = COMPARISONS_MAX / 64, SLOTS = 4 * CLASSES_MAX };

/* One bit for each comparison: equal so far; less (for an order). Neither: it fails. */
struct state {
	uint64_t equal[WORDS], less[WORDS];
	uint64_t value;
};

struct states {
	struct state list[CLASSES_MAX];
	size_t count;
};

struct sorter {
	size_t words;
	uint64_t orders[WORDS];
	struct states one, other;
	uint16_t slots[SLOTS]; /* by hash: a place in the list that is built, plus one */
	size_t slot_mask;
};

struct sorter *sorter_new(struct arena *arena)
{
	return ARENA_NEW(arena, struct sorter);
}

void partition_begin(struct partition *partition)
{
	partition->count = 0;
	partition->value_count = 0;
	partition->too_many = false;
}

void partition_add(struct partition *partition, struct comparison added)
{
	for (size_t i = 0; i < partition->count; i++) {
		const struct comparison *other = &partition->list[i];

		if (other->mask == added.mask && other->flip == added.flip &&
		    other->number == added.number && other->is_order == added.is_order)
			return;
	}
	if (partition->count == COMPARISONS_MAX)
		partition->too_many = true;
	else
		partition->list[partition->count++] = added;
}

/* --- states ----------------------------------------------------------------------------------- */

static size_t hash(const struct sorter *sorter, const struct state *state)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < sorter->words; i++)
		sum = (sum ^ state->equal[i] ^ (state->less[i] << 1 | state->less[i] >> 63)) *
		      0x9e3779b97f4a7c15;
	return (size_t)(sum >> 40);
}

static bool same(const struct sorter *sorter, const struct state *a, const struct state *b)
{
	size_t size = sorter->words * sizeof(a->equal[0]);

	return !memcmp(a->equal, b->equal, size) && !memcmp(a->less, b->less, size);
}

/* False when there are too many. */
static bool add_state(struct sorter *sorter, struct states *states, const struct state *state)
{
	size_t slot = hash(sorter, state) & sorter->slot_mask;

	for (; sorter->slots[slot]; slot = (slot + 1) & sorter->slot_mask)
		if (same(sorter, &states->list[sorter->slots[slot] - 1], state))
			return true;
	if (states->count == CLASSES_MAX)
		return false;
	states->list[states->count++] = *state;
	sorter->slots[slot] = (uint16_t)states->count;
	return true;
}

static void empty(struct sorter *sorter, struct states *states, size_t expected)
{
	size_t slots = 16;

	while (slots < 4 * expected && slots < SLOTS)
		slots *= 2;
	memset(sorter->slots, 0, slots * sizeof(sorter->slots[0]));
	sorter->slot_mask = slots - 1;
	states->count = 0;
}

/* --- bits ------------------------------------------------------------------------------------- */

/* What a bit settles: for each comparison, whether the value is less or greater by it. */
struct column {
	uint64_t less[WORDS], greater[WORDS];
};

static void read_bit(const struct partition *partition, unsigned bit, bool one,
		     struct column *column)
{
	memset(column, 0, sizeof(*column));
	for (size_t i = 0; i < partition->count; i++) {
		const struct comparison *comparison = &partition->list[i];
		bool in = (one && (comparison->mask >> bit & 1)) != (comparison->flip >> bit & 1);
		bool wanted = comparison->number >> bit & 1;

		if (!in && wanted)
			column->less[i / 64] |= (uint64_t)1 << i % 64;
		else if (in && !wanted)
			column->greater[i / 64] |= (uint64_t)1 << i % 64;
	}
}

static struct state step(const struct sorter *sorter, const struct state *from,
			 const struct column *column, uint64_t bit)
{
	struct state to;

	for (size_t i = 0; i < sorter->words; i++) {
		to.less[i] = from->less[i] | (from->equal[i] & column->less[i] & sorter->orders[i]);
		to.equal[i] = from->equal[i] & ~(column->less[i] | column->greater[i]);
	}
	to.value = from->value | bit;
	return to;
}

static bool next_bit(const struct partition *partition, struct sorter *sorter,
		     const struct states *from, struct states *to, unsigned bit, bool first)
{
	struct column columns[2];
	bool fits = true;

	read_bit(partition, bit, false, &columns[0]);
	read_bit(partition, bit, true, &columns[1]);
	empty(sorter, to, 2 * from->count);
	for (size_t i = 0; i < from->count && fits; i++) {
		for (int turn = 0; turn < 2 && fits; turn++) {
			bool one = first != turn;
			struct state state =
				step(sorter, &from->list[i], &columns[one], (uint64_t)one << bit);

			/* After the last bit, equal is not less: the same as greater. */
			for (size_t j = 0; j < sorter->words && !bit; j++)
				state.equal[j] &= ~sorter->orders[j];
			fits = add_state(sorter, to, &state);
		}
	}
	return fits;
}

static void begin(const struct partition *partition, struct sorter *sorter)
{
	struct state *state = &sorter->one.list[0];

	sorter->words = (partition->count + 63) / 64;
	memset(sorter->orders, 0, sizeof(sorter->orders));
	memset(state, 0, sizeof(*state));
	for (size_t i = 0; i < partition->count; i++) {
		state->equal[i / 64] |= (uint64_t)1 << i % 64;
		if (partition->list[i].is_order)
			sorter->orders[i / 64] |= (uint64_t)1 << i % 64;
	}
	sorter->one.count = 1;
}

void partition_sort(struct partition *partition, struct sorter *sorter, uint64_t random)
{
	struct states *from = &sorter->one, *to = &sorter->other;

	if (!partition->count) { /* one class, which is quick to find */
		partition->values[0] = random;
		partition->value_count = 1;
		return;
	}
	begin(partition, sorter);
	for (unsigned bit = BITS; bit-- && !partition->too_many;) {
		struct states *swap = from;

		partition->too_many =
			!next_bit(partition, sorter, from, to, bit, random >> bit & 1);
		from = to;
		to = swap;
	}
	partition->value_count = 0;
	for (size_t i = 0; i < from->count; i++)
		partition->values[partition->value_count++] = from->list[i].value;
}
