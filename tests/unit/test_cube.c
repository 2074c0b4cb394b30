/* test_cube.c - the algebra of cubes against counting: every value of a few bits is tried. */
#include "memory.h"

#include "policy/bind.h"
#include "policy/cube.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

enum { BITS = 4, VALUES = 1 << BITS };

static uint64_t state = 88172645463325252;

static unsigned below(unsigned limit)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state >> 33) % limit;
}

/* A few random cubes over the low bits of two arguments; they may overlap. */
static struct cubes random_cubes(struct arena *arena)
{
	struct cubes cubes = { 0 };

	for (unsigned i = below(4); i; i--) {
		struct cubes one = cubes_all(arena);

		for (int k = 0; k < 2; k++) {
			one.list[0].mask[k] = below(VALUES);
			one.list[0].value[k] = below(VALUES) & one.list[0].mask[k];
		}
		cubes = cubes_or(arena, &cubes, &one);
	}
	return cubes;
}

static bool cube_has(const struct cube *cube, const uint64_t arguments[ARGUMENTS])
{
	for (int i = 0; i < ARGUMENTS; i++)
		if ((arguments[i] & cube->mask[i]) != cube->value[i])
			return false;
	return true;
}

static unsigned times(const struct cubes *cubes, unsigned a, unsigned b)
{
	uint64_t arguments[ARGUMENTS] = { a, b };
	unsigned count = 0;

	for (size_t i = 0; i < cubes->count; i++)
		count += cube_has(&cubes->list[i], arguments);
	return count;
}

static void sets_are_disjoint_and_right(void **unused)
{
	(void)unused;
	for (int round = 0; round < 3000; round++) {
		struct arena arena = { 0 };
		struct cubes a = random_cubes(&arena), b = random_cubes(&arena);
		struct cubes both = cubes_and(&arena, &a, &b);
		struct cubes either = cubes_or(&arena, &a, &b);
		struct cubes only = cubes_minus(&arena, &a, &b);

		for (unsigned x = 0; x < VALUES; x++) {
			for (unsigned y = 0; y < VALUES; y++) {
				unsigned in_a = times(&a, x, y), in_b = times(&b, x, y);

				assert_true(in_a <= 1 && in_b <= 1);
				assert_int_equal(times(&both, x, y), in_a && in_b);
				assert_int_equal(times(&either, x, y), in_a || in_b);
				assert_int_equal(times(&only, x, y), in_a && !in_b);
			}
		}
		arena_free(&arena);
	}
}

static void tests_hold_where_they_say(void **unused)
{
	static const uint64_t interesting[] = {
		0,
		1,
		2,
		7,
		0x7f,
		0x7fff,
		0x8000,
		0xffff,
		0x7fffffff,
		0x80000000,
		0xffffffff,
		0xfffffffe,
		0x100000000,
		0x7fffffffffffffff,
		0x8000000000000000,
		UINT64_MAX,
	};
	static const uint8_t widths[] = { 16, 32, 64 };
	enum { INTERESTING = sizeof(interesting) / sizeof(interesting[0]) };

	(void)unused;
	for (int round = 0; round < 3 * 2 * 10 * INTERESTING; round++) {
		struct arena arena = { 0 };
		unsigned width = widths[round % 3];
		uint64_t all = width == 64 ? UINT64_MAX : ((uint64_t)1 << width) - 1;
		enum test_op op = (enum test_op)(round / 6 % 10);
		struct condition *test = make_test(&arena, 2, width, op,
						   interesting[round / 60 % INTERESTING] & all);
		struct cubes cubes;

		test->is_signed = round / 3 % 2;
		cubes = cubes_of(&arena, test);
		assert_false(cubes.too_many);
		for (int i = 0; i < INTERESTING * 3; i++) {
			uint64_t arguments[ARGUMENTS] = { 0 };
			unsigned count = 0;

			arguments[2] = interesting[i / 3] + (uint64_t)(i % 3) - 1;
			for (size_t j = 0; j < cubes.count; j++)
				count += cube_has(&cubes.list[j], arguments);
			assert_int_equal(count, evaluate_condition(test, arguments));
		}
		arena_free(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_are_disjoint_and_right),
		cmocka_unit_test(tests_hold_where_they_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
