/* test_policyc.c - a damaged image is refused, whatever is damaged in it. */
#include "memory.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>
#include <sched.h>
#include <sys/resource.h>

static const char text[] =
	"policy 1\nabout a sample\nprogram sample /bin/other\n"
	"phase start\n trigger main\n default allow\n"
	"phase serve\n trigger epoll_wait where timeout != 0 and maxevents > 1\n"
	" trigger call main_loop\n default trap\n allow read write\n"
	"phase shut\n trigger signal USR2\n default trap\n"
	" read /etc -/srv\n write /srv\n bind tcp 80\n connect tcp 80 443\n"
	" scope signal\n root /srv\n detach ipc uts\n"
	" capabilities net_raw\n limit nofile 10:20\n limit core 0\n"
	" descriptors report\n descriptors close 9-\n descriptors expect 0-2 3:file:/srv/*\n"
	" dumpable no\n optional scope ipc truncate\n";

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
	assert_true(sources[0].sum == policyc_text_sum(POLICYC_TEXT_SUM, text, sizeof(text) - 1));
	assert_true(policyc_text_sum(POLICYC_TEXT_SUM, "a", 1) == 0xaf63dc4c8601ec8cu); /* FNV-1a */
	assert_int_equal(header->phases.count, 3);
	assert_int_equal(phases[0].flags,
			 POLICYC_PHASE_WRITES | POLICYC_PHASE_LOOKS | POLICYC_PHASE_RINGS);
	assert_int_equal(phases[1].flags,
			 POLICYC_PHASE_TRAPS | POLICYC_PHASE_WRITES | POLICYC_PHASE_LOOKS);
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
	size_t calls = policyc_header(image.bytes)->syscalls.offset, refused = 0;

	(void)unused;
	for (size_t at = 24; at < calls + 64; at += 4) {
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

/* The steps as the text has them. */
static const struct policyc_phase *shut(void)
{
	const struct policyc_header *header = image.bytes;

	return (const struct policyc_phase *)policyc_at(header, header->phases) + 2;
}

static void the_steps_are_what_the_text_says(void **unused)
{
	const struct policyc_phase *phase = shut(), *others = phase - 2;
	const struct policyc_path *paths = policyc_at(image.bytes, phase->path_rules);
	const struct policyc_port *ports = policyc_at(image.bytes, phase->port_rules);
	const struct policyc_limit *limits = policyc_at(image.bytes, phase->limits);
	const struct policyc_range *close = policyc_at(image.bytes, phase->close);
	const struct policyc_expected *expected = policyc_at(image.bytes, phase->expected);

	(void)unused;
	assert_int_equal(others[0].steps | others[1].steps, 0);
	assert_int_equal(phase->flags & POLICYC_PHASE_INVENTORY, POLICYC_PHASE_INVENTORY);
	assert_int_equal(phase->steps, POLICYC_STEPS);
	assert_int_equal(phase->optional, POLICYC_STEP_SCOPE | POLICYC_PART_TRUNCATE);
	assert_int_equal(phase->detach, CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS);
	assert_int_equal(phase->detach_optional, CLONE_NEWIPC);
	assert_int_equal(phase->capabilities, 1u << 13);
	assert_int_equal(phase->files, 0xffff);
	assert_int_equal(phase->ports, 3);
	assert_int_equal(phase->scope, 2);
	assert_string_equal(policyc_string(image.bytes, phase->root), "/srv");
	assert_int_equal(phase->path_rules.count, 2);
	assert_string_equal(policyc_string(image.bytes, paths[1].path), "/srv");
	assert_int_equal(paths[0].rights, 1 << 2 | 1 << 3);
	assert_int_equal(paths[1].rights, 1 << 2 | 1 << 3 | 1 << 1 | 1 << 14 | 1 << 15);
	assert_int_equal(paths[0].flags | paths[1].flags, 0); /* `write /srv` must be there */
	assert_int_equal(phase->port_rules.count, 2);
	assert_int_equal(ports[0].rights, 3);
	assert_int_equal(ports[1].port, 443);
	assert_int_equal(ports[1].rights, 2);
	assert_int_equal(phase->limits.count, 2);
	assert_int_equal(limits[0].resource, RLIMIT_CORE);
	assert_int_equal(limits[1].soft, 10);
	assert_int_equal(limits[1].hard, 20);
	assert_int_equal(close[0].first, 9);
	assert_int_equal(close[0].last, UINT32_MAX);
	assert_int_equal(phase->expected.count, 2);
	assert_int_equal(expected[0].numbers.last, 2);
	assert_int_equal(expected[1].numbers.first, 3);
	assert_int_equal(expected[1].kind, POLICYC_FD_FILE);
	assert_string_equal(policyc_string(image.bytes, expected[1].pattern), "/srv/*");
}

/* Whether the image is refused so once `size` bytes at `at` are the value. */
static bool refused_as(const char *why, size_t at, size_t size, uint64_t value)
{
	uint64_t old = 0;
	char *bytes = image.bytes;
	struct policyc_header *header = image.bytes;
	const char *wrong;

	memcpy(&old, bytes + at, size);
	memcpy(bytes + at, &value, size);
	header->checksum = policyc_checksum(bytes, image.size);
	wrong = policyc_check(bytes, image.size, arch);
	memcpy(bytes + at, &old, size);
	header->checksum = policyc_checksum(bytes, image.size);
	return wrong && !strcmp(wrong, why);
}

static bool refused_for_steps(size_t at, size_t size, uint64_t value)
{
	return refused_as("a step of a phase is damaged", at, size, value);
}

#define FIELD(member)	   offsetof(struct policyc_phase, member), sizeof(shut()->member)
#define ITEM(type, member) offsetof(struct type, member), sizeof(((struct type *)NULL)->member)

/* Each of these alone makes a step that the library cannot take as it is said. */
static void every_field_of_the_steps_is_checked(void **unused)
{
	static const struct {
		size_t at, size;
		uint64_t value;
	} fields[] = {
		{ FIELD(steps), POLICYC_STEPS | 1u << 9 },
		{ FIELD(steps), POLICYC_STEPS & ~(unsigned)POLICYC_STEP_DESCRIPTORS },
		{ FIELD(steps), POLICYC_STEPS & ~(unsigned)POLICYC_STEP_LIMITS },
		{ FIELD(steps), POLICYC_STEPS & ~(unsigned)POLICYC_STEP_ROOT },
		{ FIELD(steps), POLICYC_STEPS & ~(unsigned)POLICYC_STEP_DETACH },
		{ FIELD(steps), POLICYC_STEPS & ~(unsigned)POLICYC_STEP_FILES },
		{ FIELD(steps), POLICYC_STEPS & ~(unsigned)POLICYC_STEP_PORTS },
		{ FIELD(steps), POLICYC_STEPS & ~(unsigned)POLICYC_STEP_SCOPE },
		{ FIELD(steps), POLICYC_STEPS & ~(unsigned)POLICYC_STEP_CAPABILITIES },
		{ FIELD(optional), POLICYC_STEP_DESCRIPTORS },
		{ FIELD(optional), POLICYC_STEP_NOT_DUMPABLE },
		{ FIELD(optional), POLICYC_STEP_DETACH },
		{ FIELD(optional), 1u << 9 },
		{ FIELD(optional), 1u << 18 },
		{ FIELD(detach), 0 },
		{ FIELD(detach), CLONE_NEWIPC },
		{ FIELD(detach), CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_FILES },
		{ FIELD(detach_optional), CLONE_NEWNET },
		{ FIELD(capabilities), (uint64_t)1 << 41 },
		{ FIELD(files), 0 },
		{ FIELD(files), 1 << 16 | 0xffff },
		{ FIELD(files), 1 << 2 },
		{ FIELD(ports), 0 },
		{ FIELD(ports), 1 },
		{ FIELD(ports), 7 },
		{ FIELD(scope), 0 },
		{ FIELD(scope), 4 },
		{ FIELD(root), UINT32_MAX },
		{ FIELD(reserved), 1 },
		{ FIELD(path_rules.count), POLICYC_RULES_MAX + 1 },
		{ FIELD(path_rules.offset), 8 },
		{ FIELD(port_rules.count), POLICYC_RULES_MAX + 1 },
		{ FIELD(port_rules.offset), UINT32_MAX },
		{ FIELD(limits.count), 0 },
		{ FIELD(limits.count), 17 },
		{ FIELD(limits.offset), 8 },
		{ FIELD(close.count), POLICYC_RULES_MAX + 1 },
		{ FIELD(close.offset), 8 },
		{ FIELD(expected.count), POLICYC_RULES_MAX + 1 },
		{ FIELD(expected.offset), 8 },
	};
	static const struct {
		size_t list, at, size;
		uint64_t value;
	} items[] = {
#define ITEM_IN(list, type, member, value)                                                         \
	{ offsetof(struct policyc_phase, list), ITEM(type, member), value }
		ITEM_IN(path_rules, policyc_path, path, 0),
		ITEM_IN(path_rules, policyc_path, path, UINT32_MAX),
		ITEM_IN(path_rules, policyc_path, flags, 2),
		ITEM_IN(path_rules, policyc_path, rights, 0),
		ITEM_IN(path_rules, policyc_path, rights, 1 << 16),
		ITEM_IN(port_rules, policyc_port, port, 65536),
		ITEM_IN(port_rules, policyc_port, rights, 0),
		ITEM_IN(port_rules, policyc_port, rights, 4),
		ITEM_IN(limits, policyc_limit, resource, 16),
		ITEM_IN(limits, policyc_limit, resource, RLIMIT_NOFILE),
		ITEM_IN(limits, policyc_limit, reserved, 1),
		ITEM_IN(limits, policyc_limit, soft, 1),
		ITEM_IN(close, policyc_range, last, 8),
		ITEM_IN(expected, policyc_expected, kind, POLICYC_FDS),
		ITEM_IN(expected, policyc_expected, pattern, UINT32_MAX),
		ITEM_IN(expected, policyc_expected, numbers.first, 3),
#undef ITEM_IN
	};
	size_t phase = (size_t)((const char *)shut() - (const char *)image.bytes);

	(void)unused;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (!refused_for_steps(phase + fields[i].at, fields[i].size, fields[i].value))
			fail_msg("field %zu is not checked", i);
	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
		const char *list = (const char *)shut() + items[i].list;
		size_t start = ((const struct policyc_list *)list)->offset;

		if (!refused_for_steps(start + items[i].at, items[i].size, items[i].value))
			fail_msg("item %zu is not checked", i);
	}
	/* The name of the program is a string, and no absolute path. */
	assert_true(refused_for_steps(phase + offsetof(struct policyc_phase, root), 4,
				      policyc_header(image.bytes)->name));
}

/* The third phase, with bits of itself, of one below, and of one that is both. */
static void a_phase_waits_for_earlier_ones_only(void **unused)
{
	static const struct {
		uint8_t covers, before;
		bool good;
	} rows[] = { { 0, 0, true },  { 1, 2, true },  { 3, 0, true }, { 4, 0, false },
		     { 0, 4, false }, { 0, 8, false }, { 1, 3, false } };
	size_t at = (size_t)((const char *)shut() - (const char *)image.bytes) +
		    offsetof(struct policyc_phase, covers);

	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(refused_as("the order of the phases is damaged", at, 2,
					    rows[i].covers | (uint64_t)rows[i].before << 8),
				 !rows[i].good);
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
		cmocka_unit_test(the_steps_are_what_the_text_says),
		cmocka_unit_test(every_field_of_the_steps_is_checked),
		cmocka_unit_test(a_phase_waits_for_earlier_ones_only),
		cmocka_unit_test(another_architecture_is_refused),
	};

	return cmocka_run_group_tests(tests, make, unmake);
}
