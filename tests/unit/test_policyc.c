/* test_policyc.c - a damaged image is refused, whatever is damaged in it. */
#include "memory.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

static const char text[] = "policy 1\nabout a sample\nprogram sample /bin/other\n"
			   "phase start\n trigger main\n default allow\n"
			   "phase serve\n trigger epoll_wait where timeout != 0 and maxevents > 1\n"
			   " trigger call main_loop\n default trap\n allow read write\n";

static struct memory memory;
static struct image image;
static uint32_t arch;

static int make(void **unused)
{
	struct compiled compiled;

	(void)unused;
	memory_begin(&memory);
	arch = arches[ARCH_X86_64].audit;
	return !memory_build(&memory, text, ARCH_X86_64, &compiled) ||
	       !make_image(&memory.context, &compiled, "/memory", &image);
}

static int unmake(void **unused)
{
	(void)unused;
	memory_end(&memory);
	return 0;
}

/* In memory of its own, so that a sanitizer sees every byte read beyond the end. */
static bool accepted(const void *bytes, size_t size)
{
	char *exact = malloc(size ? size : 1);
	bool good;

	memcpy(exact, bytes, size);
	good = !policyc_check(exact, size, arch);
	free(exact);
	return good;
}

static void the_image_is_whole(void **unused)
{
	const struct policyc_header *header = image.bytes;
	const struct policyc_phase *phases = policyc_at(header, header->phases);
	const struct policyc_trigger *triggers = policyc_at(header, phases[1].triggers);
	const struct policyc_source *sources = policyc_at(header, header->sources);
	const uint32_t *programs = policyc_at(header, header->programs);

	(void)unused;
	assert_true(accepted(image.bytes, image.size));
	assert_string_equal(policyc_string(header, header->name), "test");
	assert_string_equal(policyc_string(header, header->about), "a sample");
	assert_int_equal(header->programs.count, 2);
	assert_string_equal(policyc_string(header, programs[1]), "/bin/other");
	assert_string_equal(policyc_string(header, sources[0].path), "test.policy");
	assert_int_equal(sources[0].size, sizeof(text) - 1);
	assert_int_equal(header->phases.count, 2);
	assert_int_equal(phases[0].flags, POLICYC_PHASE_WRITES);
	assert_int_equal(phases[1].flags, POLICYC_PHASE_TRAPS | POLICYC_PHASE_WRITES);
	assert_int_equal(phases[1].triggers.count, 2);
	assert_int_equal(triggers[0].tests.count, 2);
	assert_string_equal(policyc_string(header, triggers[1].function), "main_loop");
}

static void every_length_but_its_own_is_refused(void **unused)
{
	char *longer = calloc(1, image.size + 8);

	(void)unused;
	memcpy(longer, image.bytes, image.size);
	for (size_t size = 0; size < image.size; size++)
		assert_false(accepted(image.bytes, size));
	assert_false(accepted(longer, image.size + 8));
	free(longer);
}

static void every_flipped_bit_is_refused(void **unused)
{
	char *bytes = image.bytes;

	(void)unused;
	for (size_t bit = 0; bit < image.size * 8; bit++) {
		bytes[bit / 8] = (char)(bytes[bit / 8] ^ (1 << bit % 8));
		assert_non_null(policyc_check(bytes, image.size, arch));
		bytes[bit / 8] = (char)(bytes[bit / 8] ^ (1 << bit % 8));
	}
}

/* Damage with a right checksum: nothing outside the file may be read, refused or not. */
static void every_word_may_be_anything(void **unused)
{
	static const uint32_t words[] = { 0, 1, 7, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff };
	char *bytes = malloc(image.size);
	struct policyc_header *header = (struct policyc_header *)bytes;
	size_t refused = 0;

	(void)unused;
	for (size_t at = 24; at + 4 <= 4096 && at + 4 <= image.size; at += 4) {
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
			memcpy(bytes, image.bytes, image.size);
			memcpy(bytes + at, &words[i], 4);
			header->checksum = policyc_checksum(bytes, image.size);
			refused += policyc_check(bytes, image.size, arch) != NULL;
		}
	}
	free(bytes);
	assert_true(refused > 100);
}

static void another_architecture_is_refused(void **unused)
{
	(void)unused;
	assert_non_null(policyc_check(image.bytes, image.size, arches[ARCH_AARCH64].audit));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_image_is_whole),
		cmocka_unit_test(every_length_but_its_own_is_refused),
		cmocka_unit_test(every_flipped_bit_is_refused),
		cmocka_unit_test(every_word_may_be_anything),
		cmocka_unit_test(another_architecture_is_refused),
	};

	return cmocka_run_group_tests(tests, make, unmake);
}
