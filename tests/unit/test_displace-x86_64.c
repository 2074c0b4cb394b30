/* test_displace-x86_64.c - copies of first instructions, run: they do what the function did.
 *
 * Each sample is run where it stands, then its first bytes are made traps and its copy is run.
 */
#include "trigger/insn-x86_64.h"
#include "trigger/patch.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <sys/mman.h>
#include <cmocka.h>

enum { PAGE = 4096, FAR = 1 << 20, DATA = 256 };

typedef long (*sample_code)(long);

/* The function, with data of 64 bits at DATA behind it; its copy is FAR from it. */
static unsigned char *place;
static const uint64_t data = 0x1122334455667788;

static int make_place(void **unused)
{
	(void)unused;
	place = mmap(NULL, FAR + PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return place == MAP_FAILED;
}

static int drop_place(void **unused)
{
	(void)unused;
	return munmap(place, FAR + PAGE);
}

#define CODE(text) text, sizeof(text) - 1

/* int3 where nothing else is. */
static struct patch_code put(const char *bytes, size_t size)
{
	struct patch_code function = { place, size, PAGE };

	memset(place, 0xcc, PAGE);
	memcpy(place, bytes, size);
	memcpy(place + DATA, &data, sizeof(data));
	return function;
}

static long run(const unsigned char *code, long argument)
{
	union {
		const unsigned char *bytes;
		sample_code code;
	} entry = { code };

	return entry.code(argument);
}

static const struct sample {
	const char *what;
	const char *bytes;
	size_t size;
	long argument, result;
} samples[] = {
	{ "a frame", CODE("\x55\x48\x89\xe5\x89\xf8\x5d\xc3"), 7, 7 },
	{ "an address behind endbr64", CODE("\xf3\x0f\x1e\xfa\x48\x8b\x05\xf5\0\0\0\xc3"), 0,
	  0x1122334455667788 },
	{ "an address before an immediate",
	  CODE("\x81\x3d\xf6\0\0\0\x88\x77\x66\x55\x0f\x94\xc0\x0f\xb6\xc0\xc3"), 0, 1 },
	{ "a short condition, taken", CODE("\x85\xff\x74\x06\xb8\x01\0\0\0\xc3\xb8\x02\0\0\0\xc3"),
	  0, 2 },
	{ "a short condition, not taken",
	  CODE("\x85\xff\x74\x06\xb8\x01\0\0\0\xc3\xb8\x02\0\0\0\xc3"), 9, 1 },
	{ "a wide condition, taken", CODE("\x31\xc0\x0f\x84\x01\0\0\0\xcc\xb0\x05\xc3"), 0, 5 },
	{ "a short jump", CODE("\xeb\x05\xcc\xcc\xcc\xcc\xcc\xb8\x03\0\0\0\xc3"), 0, 3 },
	{ "a wide jump", CODE("\xe9\x02\0\0\0\xcc\xcc\xb8\x04\0\0\0\xc3"), 0, 4 },
	{ "a wide jump with a prefix", CODE("\xf2\xe9\x02\0\0\0\xcc\xcc\xb8\x04\0\0\0\xc3"), 0, 4 },
	{ "a return", CODE("\xc3\xcc\xcc\xcc\xcc"), 0, -1 },
	{ "a jump through memory",
	  CODE("\x48\x8d\x05\x07\0\0\0\xff\xe0\xcc\xcc\xcc\xcc\xcc"
	       "\xb0\x06\x0f\xb6\xc0\xc3"),
	  0, 6 },
};

static void a_copy_does_what_the_function_does(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof(samples) / sizeof(*samples); i++) {
		const struct sample *sample = &samples[i];
		const struct patch_code function = put(sample->bytes, sample->size);
		const char *why = patch_displace(place + FAR, &function);

		if (why)
			fail_msg("%s: %s", sample->what, why);
		if (sample->result >= 0)
			assert_int_equal(run(place, sample->argument), sample->result);
		memset(place, 0xcc, PATCH_SIZE);
		if (sample->result >= 0)
			assert_int_equal(run(place + FAR, sample->argument), sample->result);
		else
			run(place + FAR, sample->argument);
	}
}

/* The callee answers with the address that it would return to. */
static void a_call_returns_into_the_function(void **unused)
{
	static const struct {
		const char *bytes;
		size_t size;
		int after; /* where the call returns to */
	} calls[] = {
		{ CODE("\xe8\x01\0\0\0\xc3\x48\x8b\x04\x24\xc3"), 5 },
		{ CODE("\x90\x90\x90\xff\xd7\xc3"), 5 },     /* call *%rdi */
		{ CODE("\x57\xff\x54\x24\x00\x5f\xc3"), 0 }, /* call *(%rsp) */
		{ CODE("\x57\xff\xd4\xc3"), 0 },	     /* call *%rsp */
		{ CODE("\x90\xff\xd7\x90\x90\xc3"), 0 },     /* returns to byte 3 */
		{ CODE("\x90\x90\x90\xff\x15\x04\0\0\0\xc3\xcc\xcc\xcc"), 9 }, /* through memory */
	};
	static const unsigned char callee[] = { 0x48, 0x8b, 0x04, 0x24, 0xc3 };
	const unsigned char *address = place + 128;

	(void)unused;
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		const struct patch_code function = put(calls[i].bytes, calls[i].size);
		const char *why = patch_displace(place + FAR, &function);

		memcpy(place + 128, callee, sizeof(callee));
		memcpy(place + 13, &address, sizeof(address));
		if (!calls[i].after) {
			assert_non_null(why);
			continue;
		}
		assert_null(why);
		memset(place, 0xcc, PATCH_SIZE);
		assert_int_equal(run(place + FAR, (long)address), (long)(place + calls[i].after));
	}
}

static void what_cannot_be_moved_is_refused(void **unused)
{
	static const struct {
		const char *bytes;
		size_t size;
		const char *why;
	} refused[] = {
		{ CODE("\xe2\x10\x90\x90\x90\xc3"), "works in its place only" }, /* loop */
		{ CODE("\xe3\x10\x90\x90\x90\xc3"), "works in its place only" }, /* jrcxz */
		{ CODE("\x90\xcb\x90\x90\x90\xc3"), "works in its place only" }, /* lret */
		{ CODE("\xff\xc8\x75\xfd\x90\xc3"), "branch back to themselves" },
		{ CODE("\x90\x90\xeb\xfd\x90\xc3"), "branch back to themselves" },
		{ CODE("\x66\xe9\x00\x00\x90\xc3"), "not known" },
		{ CODE("\x06\x90\x90\x90\x90\xc3"), "not known" },
		{ CODE("\x67\x8b\x05\x00\0\0\0\xc3"), "address of 32 bits" },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		const struct patch_code function = put(refused[i].bytes, refused[i].size);
		const char *why = patch_displace(place + FAR, &function);

		if (!why || !strstr(why, refused[i].why))
			fail_msg("%zu: %s, not %s", i, why ? why : "moved", refused[i].why);
	}
}

static void a_copy_too_far_from_what_it_needs_is_refused(void **unused)
{
	static const char load[] = "\x48\x8b\x05\xf9\0\0\0\xc3";
	const struct patch_code function = put(load, sizeof(load) - 1);
	unsigned char *far = mmap(place + (3ul << 30), PAGE, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	(void)unused;
	if (far == MAP_FAILED)
		far = mmap(place - (3ul << 30), PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	assert_ptr_not_equal(far, MAP_FAILED);
	assert_non_null(strstr(patch_displace(far, &function), "too far away"));
	assert_null(patch_displace(place + FAR, &function)); /* control */
	munmap(far, PAGE);
}

static void nothing_beyond_the_room_is_read(void **unused)
{
	static const unsigned char insn[] = { 0x55, 0x48, 0x89, 0xe5, 0x48, 0x8b,
					      0x05, 0xf5, 0,	0,    0 };
	unsigned char copy[PATCH_COPY_MAX];

	(void)unused;
	for (size_t room = 0; room < sizeof(insn); room++) {
		unsigned char *exact = malloc(room ? room : 1); /* the sanitizer knows its end */
		const struct patch_code function = { exact, 0, room };

		memcpy(exact, insn, room);
		assert_non_null(patch_displace(copy, &function));
		patch_scan(&function, 0);
		patch_is_padding(&function, 0);
		free(exact);
	}
}

static void a_branch_to_the_first_bytes_is_found(void **unused)
{
	static const struct {
		const char *bytes;
		size_t size;
		bool to_0, to_1; /* refused from byte 0 on, from byte 1 on */
	} functions[] = {
		{ CODE("\x90\x90\x90\x90\x90\xff\xcf\x75\xf7\xc3"), true, false },
		{ CODE("\x90\x90\x90\x90\x90\xff\xcf\x75\xf8\xc3"), true, true },
		{ CODE("\x90\x90\x90\x90\x90\xff\xcf\x75\xfb\xc3"), true, true },
		{ CODE("\x90\x90\x90\x90\x90\xff\xcf\x75\xfc\xc3"), false, false },
		{ CODE("\x90\x90\x90\x90\x90\xff\xcf\x0f\x85\xf6\xff\xff\xff\xc3"), true, true },
		{ CODE("\x90\x90\x90\x90\x90\xff\xcf\xe2\xf8\xc3"), true, true },
		{ CODE("\x90\x90\x90\x90\x90\xe8\xf6\xff\xff\xff\xc3"), false,
		  false },					      /* recursion */
		{ CODE("\x90\x90\x90\x90\x90\x06\xc3"), true, true }, /* what may it be? */
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++) {
		const struct patch_code function = put(functions[i].bytes, functions[i].size);

		if ((patch_scan(&function, 0) != NULL) != functions[i].to_0 ||
		    (patch_scan(&function, 1) != NULL) != functions[i].to_1)
			fail_msg("function %zu", i);
	}
}

static void padding_is_told_from_code(void **unused)
{
	static const struct {
		const char *bytes;
		size_t size;
		bool padding;
	} ends[] = {
		{ CODE("\xc3\x90\x90\x90\x90"), true },
		{ CODE("\xc3\xcc\xcc\xcc\xcc"), true },
		{ CODE("\xc3\x66\x90\x66\x90"), true },
		{ CODE("\xc3\x66\x2e\x0f\x1f\x84\0\0\0\0\0"), true },
		{ CODE("\xc3\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), true },
		{ CODE("\xc3\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01"), false },
		{ CODE("\xc3\x90\x90\x90\xc3"), false },
		{ CODE("\xc3\xf3\x90\xcc\xcc"), false }, /* pause */
		{ CODE("\xc3\x55\x48\x89\xe5"), false },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		const struct patch_code function = put(ends[i].bytes, ends[i].size);

		if (patch_is_padding(&function, 1) != ends[i].padding)
			fail_msg("end %zu", i);
	}
}

static void an_instruction_that_is_not_all_there_is_not_known(void **unused)
{
	static const struct {
		const char *bytes;
		size_t size;
	} insns[] = {
		{ CODE("\xf3\x0f\x1e\xfa") },
		{ CODE("\x48\xb8\1\2\3\4\5\6\7\x08") },
		{ CODE("\x66\xc7\x84\x24\0\1\0\0\x34\x12") },
		{ CODE("\xc5\xfd\x6f\x05\0\0\0\0") },
		{ CODE("\xc4\xe3\x7d\x39\xc1\x01") },
		{ CODE("\x62\xf1\x7c\x48\x10\x44\x24\x01") },
		{ CODE("\xc8\x10\0\0") },
		{ CODE("\x67\xa1\1\2\3\4") },
		{ CODE("\x66\x66\x48\xe8\0\0\0\0") },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(insns) / sizeof(*insns); i++) {
		unsigned char with_more[32] = { 0 };
		struct insn insn;

		memcpy(with_more, insns[i].bytes, insns[i].size);
		assert_true(insn_decode(&insn, with_more, sizeof(with_more)));
		assert_int_equal(insn.length, insns[i].size);
		for (size_t size = 0; size < insns[i].size; size++)
			assert_false(insn_decode(&insn, with_more, size));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_copy_does_what_the_function_does),
		cmocka_unit_test(a_call_returns_into_the_function),
		cmocka_unit_test(what_cannot_be_moved_is_refused),
		cmocka_unit_test(a_copy_too_far_from_what_it_needs_is_refused),
		cmocka_unit_test(nothing_beyond_the_room_is_read),
		cmocka_unit_test(a_branch_to_the_first_bytes_is_found),
		cmocka_unit_test(padding_is_told_from_code),
		cmocka_unit_test(an_instruction_that_is_not_all_there_is_not_known),
	};

	return cmocka_run_group_tests(tests, make_place, drop_place);
}
