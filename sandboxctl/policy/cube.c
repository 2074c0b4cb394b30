/* cube.c - sets of argument values as disjoint cubes; see cube.h. */
#include "cube.h"

static void add_cube(struct arena *arena, struct cubes *cubes, const struct cube *cube)
{
	if (cubes->count == CUBES_MAX)
		cubes->too_many = true;
	else
		*ARENA_PUSH(arena, cubes->list, cubes->count) = *cube;
}

struct cubes cubes_all(struct arena *arena)
{
	static const struct cube everything;
	struct cubes cubes = { 0 };

	add_cube(arena, &cubes, &everything);
	return cubes;
}

static bool overlap(const struct cube *a, const struct cube *b)
{
	for (int i = 0; i < ARGUMENTS; i++)
		if ((a->value[i] ^ b->value[i]) & a->mask[i] & b->mask[i])
			return false;
	return true;
}

struct cubes cubes_and(struct arena *arena, const struct cubes *a, const struct cubes *b)
{
	struct cubes result = { .too_many = a->too_many || b->too_many };

	for (size_t i = 0; i < a->count && !result.too_many; i++) {
		for (size_t j = 0; j < b->count && !result.too_many; j++) {
			struct cube both = a->list[i];

			if (!overlap(&a->list[i], &b->list[j]))
				continue;
			for (int k = 0; k < ARGUMENTS; k++) {
				both.mask[k] |= b->list[j].mask[k];
				both.value[k] |= b->list[j].value[k];
			}
			add_cube(arena, &result, &both);
		}
	}
	return result;
}

/* What of `a` is not in `b`: for each bit that only `b` fixes, the part of `a` that has the bits
 * before it as `b` has them and this one otherwise. High bits first: fewer, larger parts overlap
 * with what follows. */
static void sharp(struct arena *arena, struct cubes *result, const struct cube *a,
		  const struct cube *b)
{
	struct cube rest = *a;

	if (!overlap(a, b)) {
		add_cube(arena, result, a);
		return;
	}
	for (int i = 0; i < ARGUMENTS; i++) {
		uint64_t bits = b->mask[i] & ~a->mask[i];

		while (bits) {
			uint64_t bit = (uint64_t)1 << (63 - __builtin_clzll(bits));
			struct cube part = rest;

			part.mask[i] |= bit;
			part.value[i] |= ~b->value[i] & bit;
			add_cube(arena, result, &part);
			rest.mask[i] |= bit;
			rest.value[i] |= b->value[i] & bit;
			bits &= ~bit;
		}
	}
}

struct cubes cubes_minus(struct arena *arena, const struct cubes *a, const struct cubes *b)
{
	struct cubes left = *a;

	left.too_many = a->too_many || b->too_many;
	for (size_t j = 0; j < b->count && !left.too_many; j++) {
		struct cubes next = { 0 };
		bool touched = false;

		for (size_t i = 0; i < left.count && !touched; i++)
			touched = overlap(&left.list[i], &b->list[j]);
		if (!touched)
			continue;
		for (size_t i = 0; i < left.count && !next.too_many; i++)
			sharp(arena, &next, &left.list[i], &b->list[j]);
		left = next;
	}
	return left;
}

static struct cubes append(struct arena *arena, const struct cubes *a, const struct cubes *b)
{
	struct cubes result = { .too_many = a->too_many || b->too_many };

	for (size_t i = 0; i < a->count && !result.too_many; i++)
		add_cube(arena, &result, &a->list[i]);
	for (size_t i = 0; i < b->count && !result.too_many; i++)
		add_cube(arena, &result, &b->list[i]);
	return result;
}

struct cubes cubes_or(struct arena *arena, const struct cubes *a, const struct cubes *b)
{
	struct cubes more = cubes_minus(arena, b, a), less = cubes_minus(arena, a, b);
	struct cubes one = append(arena, a, &more), other = append(arena, b, &less);

	/* Which of the two is cut decides how many parts there are. */
	if (one.too_many || (!other.too_many && other.count < one.count))
		return other;
	return one;
}

/* --- tests ------------------------------------------------------------------------------------ */

static uint64_t width_bits(unsigned width)
{
	return width >= 64 ? UINT64_MAX : ((uint64_t)1 << width) - 1;
}

static void add_masked(struct arena *arena, struct cubes *cubes, const struct condition *test,
		       uint64_t mask, uint64_t value)
{
	struct cube cube = { 0 };

	cube.mask[test->slot] = mask;
	cube.value[test->slot] = value;
	add_cube(arena, cubes, &cube);
}

/* Unsigned x < limit within the bits of `low`, with the bits of `high` as in `fixed`: for each
 * one-bit of the limit, the numbers that agree above it and have a zero there. */
static void add_below(struct arena *arena, struct cubes *cubes, const struct condition *test,
		      uint64_t limit, uint64_t low, uint64_t high, uint64_t fixed)
{
	uint64_t above = 0;

	for (uint64_t bit = low ^ (low >> 1); bit; bit >>= 1) {
		if (limit & bit)
			add_masked(arena, cubes, test, high | above | bit, fixed | (limit & above));
		above |= bit;
	}
}

static struct cubes below(struct arena *arena, const struct condition *test, uint64_t limit)
{
	uint64_t all = width_bits(test->width), sign = all ^ (all >> 1);
	struct cubes cubes = { 0 };

	if (!test->is_signed) {
		add_below(arena, &cubes, test, limit, all, 0, 0);
	} else if (limit & sign) {
		add_below(arena, &cubes, test, limit & ~sign, all >> 1, sign, sign);
	} else { /* all negative ones, and those from 0 */
		add_masked(arena, &cubes, test, sign, sign);
		add_below(arena, &cubes, test, limit, all >> 1, sign, 0);
	}
	return cubes;
}

static struct cubes equal(struct arena *arena, const struct condition *test, uint64_t mask,
			  uint64_t value)
{
	struct cubes cubes = { 0 };

	add_masked(arena, &cubes, test, mask, value);
	return cubes;
}

static struct cubes not_cubes(struct arena *arena, const struct cubes *cubes)
{
	struct cubes all = cubes_all(arena);

	return cubes_minus(arena, &all, cubes);
}

static struct cubes members(struct arena *arena, const struct condition *test)
{
	struct cubes cubes = { 0 };

	for (size_t i = 0; i < test->count; i++) {
		struct cubes one = equal(arena, test, test->bits, test->numbers[i]);

		one = cubes_minus(arena, &one, &cubes); /* the same number twice */
		cubes = append(arena, &cubes, &one);
	}
	return cubes;
}

static enum test_op opposite(enum test_op op)
{
	static const enum test_op opposites[] = {
		[TEST_EQ] = TEST_NE,	 [TEST_NE] = TEST_EQ,	      [TEST_LT] = TEST_GE,
		[TEST_LE] = TEST_GT,	 [TEST_GT] = TEST_LE,	      [TEST_GE] = TEST_LT,
		[TEST_HAS] = TEST_HAS,	 [TEST_WITHIN] = TEST_WITHIN, [TEST_IN] = TEST_NOT_IN,
		[TEST_NOT_IN] = TEST_IN,
	};

	return opposites[op];
}

static struct cubes test_cubes(struct arena *arena, const struct condition *test, bool negated)
{
	enum test_op op = negated ? opposite(test->op) : test->op;
	uint64_t number = test->numbers[0], all = width_bits(test->width);
	struct cubes cubes, one;

	switch (op) {
	case TEST_EQ:
	case TEST_IN:
		return members(arena, test);
	case TEST_NE:
	case TEST_NOT_IN:
		cubes = members(arena, test);
		return not_cubes(arena, &cubes);
	case TEST_LT:
		return below(arena, test, number);
	case TEST_LE:
		cubes = below(arena, test, number);
		one = equal(arena, test, all, number);
		return append(arena, &cubes, &one);
	case TEST_GE:
		cubes = below(arena, test, number);
		return not_cubes(arena, &cubes);
	case TEST_GT:
		cubes = below(arena, test, number);
		one = equal(arena, test, all, number);
		cubes = append(arena, &cubes, &one);
		return not_cubes(arena, &cubes);
	case TEST_HAS:
		cubes = equal(arena, test, number, number);
		return negated ? not_cubes(arena, &cubes) : cubes;
	case TEST_WITHIN:
		cubes = equal(arena, test, all & ~number, 0);
		return negated ? not_cubes(arena, &cubes) : cubes;
	}
	return (struct cubes){ .too_many = true };
}

static struct cubes make_cubes(struct arena *arena, const struct condition *condition, bool negated)
{
	struct cubes left, right;

	if (condition->kind == CONDITION_TEST)
		return test_cubes(arena, condition, negated);
	if (condition->kind == CONDITION_NOT)
		return make_cubes(arena, condition->left, !negated);
	left = make_cubes(arena, condition->left, negated);
	if (left.too_many)
		return left;
	right = make_cubes(arena, condition->right, negated);
	return (condition->kind == CONDITION_AND) != negated ? cubes_and(arena, &left, &right)
							     : cubes_or(arena, &left, &right);
}

struct cubes cubes_of(struct arena *arena, const struct condition *condition)
{
	return condition ? make_cubes(arena, condition, false) : cubes_all(arena);
}
