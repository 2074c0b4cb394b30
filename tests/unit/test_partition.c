/* test_partition.c - classes of values: one value of each, none missing, none twice. */
#include "generate.h"

#include "policy/partition.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

enum { SMALL = 10, AT_MOST = 8 };

static struct partition partition;
static struct random generator = { 88172645463325252 };

/* What comparisons say of a value, one bit for each. */
static uint64_t answers(uint64_t value)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < partition.count; i++) {
		const struct comparison *comparison = &partition.list[i];
		uint64_t seen = (value & comparison->mask) ^ comparison->flip;
		bool holds = comparison->is_order ? seen < comparison->number
						  : seen == comparison->number;

		bits |= (uint64_t)holds << i;
	}
	return bits;
}

static unsigned times(uint64_t wanted)
{
	unsigned count = 0;

	for (size_t i = 0; i < partition.value_count; i++)
		count += answers(partition.values[i]) == wanted;
	return count;
}

static void random_comparisons(unsigned width)
{
	partition_begin(&partition);
	for (unsigned i = random_below(&generator, AT_MOST + 1); i; i--) {
		struct comparison added = {
			.mask = random_below(&generator, 2) ? random_edge(&generator, width)
							    : UINT64_MAX >> (64 - width),
			.flip = random_below(&generator, 3) ? 0 : random_edge(&generator, width),
			.number = random_edge(&generator, width),
			.is_order = random_below(&generator, 2),
		};

		partition_add(&partition, added);
	}
}

/* Every value is tried. */
static void small_words(void **unused)
{
	struct arena arena = { 0 };
	struct sorter *sorter = sorter_new(&arena);

	(void)unused;
	for (int round = 0; round < 2000; round++) {
		bool found[1 << AT_MOST] = { false };
		unsigned classes = 0;

		random_comparisons(SMALL);
		partition_sort(&partition, sorter, random_next(&generator));
		assert_false(partition.too_many);
		for (uint64_t value = 0; value < 1 << SMALL; value++) {
			uint64_t class = answers(value);

			classes += !found[class];
			found[class] = true;
		}
		assert_int_equal(partition.value_count, classes);
		for (uint64_t value = 0; value < 1 << SMALL; value++)
			assert_int_equal(times(answers(value)), 1);
	}
	arena_free(&arena);
}

/* Values at edges and by chance; and no class twice. */
static void whole_words(void **unused)
{
	struct arena arena = { 0 };
	struct sorter *sorter = sorter_new(&arena);

	(void)unused;
	for (int round = 0; round < 2000; round++) {
		random_comparisons(64);
		partition_sort(&partition, sorter, random_next(&generator));
		assert_false(partition.too_many);
		for (size_t i = 0; i < partition.value_count; i++)
			assert_int_equal(times(answers(partition.values[i])), 1);
		for (int i = 0; i < 200; i++) {
			uint64_t edge = random_below(&generator, 2) && partition.count
						? partition.list[i % partition.count].number
						: random_edge(&generator, 64);

			assert_int_equal(times(answers(edge + random_below(&generator, 3) - 1)), 1);
		}
	}
	arena_free(&arena);
}

static void too_many_are_said_to_be(void **unused)
{
	struct arena arena = { 0 };
	struct sorter *sorter = sorter_new(&arena);

	(void)unused;
	partition_begin(&partition);
	for (unsigned bit = 0; bit < 16; bit++) /* 2^16 classes */
		partition_add(&partition, (struct comparison){ .mask = (uint64_t)1 << bit });
	partition_sort(&partition, sorter, 0);
	assert_true(partition.too_many);
	partition_begin(&partition);
	for (uint64_t i = 0; i <= COMPARISONS_MAX; i++)
		partition_add(&partition, (struct comparison){ .mask = UINT64_MAX, .number = i });
	partition_sort(&partition, sorter, 0);
	assert_true(partition.too_many);
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_words),
		cmocka_unit_test(whole_words),
		cmocka_unit_test(too_many_are_said_to_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
