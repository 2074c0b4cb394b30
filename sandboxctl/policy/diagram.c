/* diagram.c - binary decision diagrams over the arguments' bits; see diagram.h.
 *
 * A node asks for one bit. Bits are asked in one order: the first argument's first, high bits
 * first. Equal nodes are one node, so equal functions are the same number, and a bit that does not
 * matter is not asked for.
 */
#include "diagram.h"

#include <string.h>

enum {
	REGISTER_BITS = 64,
	SLOTS_FIRST = 1 << 12,
	CACHE_SLOTS = 1 << 16,
	NODES_MAX = 1 << 21,
	NODES_KEPT = 1 << 15,
	STEPS_MAX = 1 << 23,
};

#define DIAGRAM_LEAF UINT32_MAX

struct diagram_cached {
	uint32_t generation, a, b, result;
};

/* --- nodes ------------------------------------------------------------------------------------ */

void diagram_begin(struct diagram *diagram, struct arena *arena)
{
	*diagram = (struct diagram){ .arena = arena, .slots = SLOTS_FIRST };
	diagram->table = arena_alloc(arena, diagram->slots, sizeof(diagram->table[0]));
	diagram->cache = arena_alloc(arena, CACHE_SLOTS, sizeof(diagram->cache[0]));
}

void diagram_ask(struct diagram *diagram, const struct cube *given)
{
	/* A few nodes are worth keeping: most questions are alike. */
	if (diagram->count > NODES_KEPT || diagram->too_large) {
		memset(diagram->table, 0, diagram->slots * sizeof(diagram->table[0]));
		diagram->count = 0;
	}
	diagram->given = *given;
	diagram->steps = 0;
	diagram->gave_up |= diagram->too_large;
	diagram->too_large = false;
}

static size_t mix(uint32_t a, uint32_t b, uint32_t c)
{
	uint64_t x =
		a * 0x9e3779b97f4a7c15ull ^ b * 0xc2b2ae3d27d4eb4full ^ c * 0x165667b19e3779f9ull;

	return (size_t)(x ^ (x >> 29));
}

static uint32_t *find_slot(const struct diagram *diagram, const struct diagram_node *wanted)
{
	size_t at = mix(wanted->bit, wanted->zero, wanted->one) & (diagram->slots - 1);

	for (;; at = (at + 1) & (diagram->slots - 1)) {
		const struct diagram_node *node;

		if (!diagram->table[at])
			return &diagram->table[at];
		node = &diagram->nodes[diagram->table[at] - 1];
		if (node->bit == wanted->bit && node->zero == wanted->zero &&
		    node->one == wanted->one)
			return &diagram->table[at];
	}
}

static void grow_table(struct diagram *diagram)
{
	diagram->slots *= 2;
	diagram->table = arena_alloc(diagram->arena, diagram->slots, sizeof(diagram->table[0]));
	for (size_t i = 0; i < diagram->count; i++)
		*find_slot(diagram, &diagram->nodes[i]) = (uint32_t)i + 1;
}

static uint32_t take_node(struct diagram *diagram, uint32_t bit, uint32_t zero, uint32_t one)
{
	struct diagram_node wanted = { bit, zero, one, 0 };
	uint32_t *slot;

	if (zero == one && bit != DIAGRAM_LEAF)
		return zero;
	slot = find_slot(diagram, &wanted);
	if (*slot)
		return *slot - 1;
	if (diagram->count == NODES_MAX) {
		diagram->too_large = true;
		return 0;
	}
	*ARENA_PUSH(diagram->arena, diagram->nodes, diagram->count) = wanted;
	*slot = (uint32_t)diagram->count;
	if (2 * diagram->count > diagram->slots)
		grow_table(diagram);
	return (uint32_t)diagram->count - 1;
}

uint32_t diagram_leaf(struct diagram *diagram, uint32_t number)
{
	return take_node(diagram, DIAGRAM_LEAF, number, number);
}

/* --- two functions as one --------------------------------------------------------------------- */

struct joining {
	struct diagram *diagram;
	diagram_join_leaves join;
	const void *data;
};

static uint32_t join_nodes(const struct joining *joining, uint32_t a, uint32_t b)
{
	struct diagram *diagram = joining->diagram;
	struct diagram_cached *cached = &diagram->cache[mix(a, b, 0) & (CACHE_SLOTS - 1)];
	struct diagram_node x = diagram->nodes[a], y = diagram->nodes[b];
	uint32_t bit = x.bit < y.bit ? x.bit : y.bit, zero, one, result;

	if (bit == DIAGRAM_LEAF)
		return diagram_leaf(diagram, joining->join(joining->data, x.zero, y.zero));
	if (cached->generation == diagram->generation && cached->a == a && cached->b == b)
		return cached->result;
	if (++diagram->steps > STEPS_MAX)
		diagram->too_large = true;
	if (diagram->too_large)
		return a;
	zero = join_nodes(joining, x.bit == bit ? x.zero : a, y.bit == bit ? y.zero : b);
	one = join_nodes(joining, x.bit == bit ? x.one : a, y.bit == bit ? y.one : b);
	result = take_node(diagram, bit, zero, one);
	*cached = (struct diagram_cached){ diagram->generation, a, b, result };
	return result;
}

uint32_t diagram_join(struct diagram *diagram, diagram_join_leaves join, const void *data,
		      uint32_t a, uint32_t b)
{
	struct joining joining = { diagram, join, data };

	diagram->generation++;
	return join_nodes(&joining, a, b);
}

static uint32_t both(const void *data, uint32_t a, uint32_t b)
{
	(void)data;
	return a && b;
}

static uint32_t either(const void *data, uint32_t a, uint32_t b)
{
	(void)data;
	return a || b;
}

static uint32_t differs(const void *data, uint32_t a, uint32_t b)
{
	(void)data;
	return a != b;
}

static uint32_t negation(struct diagram *diagram, uint32_t function)
{
	return diagram_join(diagram, differs, NULL, function, diagram_leaf(diagram, 1));
}

/* --- one test --------------------------------------------------------------------------------- */

/* Where one bit leads; a bit that is known is not asked. */
static uint32_t ask_bit(struct diagram *diagram, unsigned slot, unsigned bit, uint32_t zero,
			uint32_t one)
{
	if (diagram->given.mask[slot] >> bit & 1)
		return diagram->given.value[slot] >> bit & 1 ? one : zero;
	return take_node(diagram, slot * REGISTER_BITS + (REGISTER_BITS - 1 - bit), zero, one);
}

/* argument & mask == value: from the lowest bit up, as nodes stand on those that are asked later */
static uint32_t equal(struct diagram *diagram, unsigned slot, uint64_t mask, uint64_t value)
{
	uint32_t no = diagram_leaf(diagram, 0), function = diagram_leaf(diagram, 1);

	for (unsigned bit = 0; bit < REGISTER_BITS; bit++) {
		if (!(mask >> bit & 1))
			continue;
		function = value >> bit & 1 ? ask_bit(diagram, slot, bit, no, function)
					    : ask_bit(diagram, slot, bit, function, no);
	}
	return function;
}

/* argument < limit, or <= */
static uint32_t below(struct diagram *diagram, const struct condition *test, bool or_equal)
{
	uint32_t no = diagram_leaf(diagram, 0), yes = diagram_leaf(diagram, 1);
	uint32_t function = or_equal ? yes : no;

	for (unsigned bit = 0; bit < test->width; bit++) {
		bool limit = test->numbers[0] >> bit & 1;
		bool is_sign = test->is_signed && bit + 1u == test->width;

		if (is_sign) /* set: negative, so less */
			function = limit ? ask_bit(diagram, test->slot, bit, no, function)
					 : ask_bit(diagram, test->slot, bit, function, yes);
		else
			function = limit ? ask_bit(diagram, test->slot, bit, yes, function)
					 : ask_bit(diagram, test->slot, bit, function, no);
	}
	return function;
}

static uint32_t member(struct diagram *diagram, const struct condition *test)
{
	uint32_t function = diagram_leaf(diagram, 0);

	for (size_t i = 0; i < test->count; i++)
		function = diagram_join(diagram, either, NULL, function,
					equal(diagram, test->slot, test->bits, test->numbers[i]));
	return function;
}

static uint32_t one_test(struct diagram *diagram, const struct condition *test)
{
	uint64_t all = test->width >= 64 ? UINT64_MAX : ((uint64_t)1 << test->width) - 1;
	uint64_t number = test->numbers[0];

	switch (test->op) {
	case TEST_EQ:
	case TEST_IN:
		return member(diagram, test);
	case TEST_NE:
	case TEST_NOT_IN:
		return negation(diagram, member(diagram, test));
	case TEST_LT:
		return below(diagram, test, false);
	case TEST_LE:
		return below(diagram, test, true);
	case TEST_GT:
		return negation(diagram, below(diagram, test, true));
	case TEST_GE:
		return negation(diagram, below(diagram, test, false));
	case TEST_HAS:
		return equal(diagram, test->slot, number, number);
	case TEST_WITHIN:
		return equal(diagram, test->slot, all & ~number, 0);
	}
	return diagram_leaf(diagram, 0);
}

uint32_t diagram_condition(struct diagram *diagram, const struct condition *condition)
{
	uint32_t left, right;

	if (!condition)
		return diagram_leaf(diagram, 1);
	if (condition->kind == CONDITION_TEST)
		return one_test(diagram, condition);
	left = diagram_condition(diagram, condition->left);
	if (condition->kind == CONDITION_NOT)
		return negation(diagram, left);
	right = diagram_condition(diagram, condition->right);
	return diagram_join(diagram, condition->kind == CONDITION_AND ? both : either, NULL, left,
			    right);
}

/* --- leaves and their witnesses --------------------------------------------------------------- */

struct walking {
	struct diagram *diagram;
	struct cube path;
	diagram_found found;
	void *data;
};

static void report_leaf(const struct walking *walking, uint32_t number)
{
	struct cube witness = walking->path;

	for (int i = 0; i < ARGUMENTS; i++) {
		witness.mask[i] |= walking->diagram->given.mask[i];
		witness.value[i] |= walking->diagram->given.value[i];
	}
	walking->found(walking->data, number, &witness);
}

/* What lies below a node does not depend on the way to it: once is enough. */
static void walk_node(struct walking *walking, uint32_t at)
{
	struct diagram_node *node = &walking->diagram->nodes[at];
	unsigned slot = node->bit / REGISTER_BITS;
	uint64_t mask = (uint64_t)1 << (REGISTER_BITS - 1 - node->bit % REGISTER_BITS);

	if (node->mark == walking->diagram->mark)
		return;
	node->mark = walking->diagram->mark;
	if (node->bit == DIAGRAM_LEAF) {
		report_leaf(walking, node->zero);
		return;
	}
	walking->path.mask[slot] |= mask;
	walk_node(walking, node->zero);
	walking->path.value[slot] |= mask;
	walk_node(walking, node->one);
	walking->path.value[slot] &= ~mask;
	walking->path.mask[slot] &= ~mask;
}

void diagram_walk(struct diagram *diagram, uint32_t function, diagram_found found, void *data)
{
	struct walking walking = { .diagram = diagram, .found = found, .data = data };

	diagram->mark++;
	walk_node(&walking, function);
}
