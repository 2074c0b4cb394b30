/* test_opens.c - flags of opened files as kinds: what a kind holds can do no more than what was
 * seen. */
#include "record/opens.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

static const struct {
	uint64_t flags;
	const char *text, *exact;
} cases[] = {
	{ O_RDONLY | O_CLOEXEC | O_DIRECTORY, "flags & (O_ACCMODE|O_CREAT|O_TRUNC) == O_RDONLY",
	  "flags & (O_ACCMODE|O_CREAT|O_TRUNC) == O_RDONLY" },
	{ O_WRONLY | O_CREAT | O_APPEND,
	  "flags & (O_ACCMODE|O_TRUNC|O_APPEND|O_TMPFILE) == O_WRONLY|O_APPEND",
	  "flags & (O_ACCMODE|O_CREAT|O_EXCL|O_TRUNC|O_APPEND|O_TMPFILE) == "
	  "O_WRONLY|O_CREAT|O_APPEND" },
	{ O_WRONLY | O_APPEND,
	  "flags & (O_ACCMODE|O_CREAT|O_TRUNC|O_APPEND|O_TMPFILE) == O_WRONLY|O_APPEND",
	  "flags & (O_ACCMODE|O_CREAT|O_EXCL|O_TRUNC|O_APPEND|O_TMPFILE) == O_WRONLY|O_APPEND" },
	{ O_WRONLY | O_CREAT | O_TRUNC, "flags & (O_ACCMODE|O_TMPFILE) == O_WRONLY",
	  "flags & (O_ACCMODE|O_CREAT|O_EXCL|O_TRUNC|O_APPEND|O_TMPFILE) == "
	  "O_WRONLY|O_CREAT|O_TRUNC" },
	{ O_RDWR, "flags & (O_ACCMODE|O_CREAT|O_TRUNC|O_TMPFILE) == O_RDWR",
	  "flags & (O_ACCMODE|O_CREAT|O_EXCL|O_TRUNC|O_APPEND|O_TMPFILE) == O_RDWR" },
	{ O_RDWR | O_CREAT | O_EXCL | O_APPEND, "flags has O_CREAT|O_EXCL",
	  "flags & (O_ACCMODE|O_CREAT|O_EXCL|O_TRUNC|O_APPEND|O_TMPFILE) == "
	  "O_RDWR|O_CREAT|O_EXCL|O_APPEND" },
	{ O_RDWR | O_TMPFILE, "flags has O_TMPFILE",
	  "flags & (O_ACCMODE|O_CREAT|O_EXCL|O_TRUNC|O_APPEND|O_TMPFILE) == O_RDWR|O_TMPFILE" },
	{ O_RDONLY | O_CREAT, "flags & (O_ACCMODE|O_TRUNC) == O_RDONLY",
	  "flags & (O_ACCMODE|O_CREAT|O_EXCL|O_TRUNC|O_APPEND) == O_RDONLY|O_CREAT" },
	{ O_WRONLY | O_DIRECTORY,
	  "flags & (O_ACCMODE|O_CREAT|O_TRUNC|O_TMPFILE) == O_WRONLY|O_DIRECTORY",
	  "flags & (O_ACCMODE|O_CREAT|O_EXCL|O_TRUNC|O_APPEND|O_TMPFILE) == O_WRONLY|O_DIRECTORY" },
};

static void each_case_has_its_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena arena = { 0 };
		uint64_t flags = cases[i].flags;

		assert_string_equal(open_kind_text(&arena, open_kind(flags, false), "flags"),
				    cases[i].text);
		assert_string_equal(open_kind_text(&arena, open_kind(flags, true), "flags"),
				    cases[i].exact);
		arena_free(&arena);
	}
}

/* --- all flags -------------------------------------------------------------------------------- */

/* Those that decide, and one that does not. */
static const uint64_t bits[] = { O_WRONLY, O_RDWR,   O_CREAT,	  O_EXCL,
				 O_TRUNC,  O_APPEND, O_DIRECTORY, O_TMPFILE & ~O_DIRECTORY,
				 O_CLOEXEC };
enum { BITS = sizeof(bits) / sizeof(bits[0]) };

static uint64_t flags_of(unsigned number)
{
	uint64_t flags = 0;

	for (unsigned i = 0; i < BITS; i++)
		if (number >> i & 1)
			flags |= bits[i];
	return flags;
}

enum {
	READS = 1,
	WRITES_AT_THE_END = 2,
	WRITES_ANYWHERE = 4,
	EMPTIES = 8,
	MAKES = 16, /* when it is missing */
	MAKES_NEW = 32,
	MAKES_NAMELESS = 64,
};

/* What an open with these flags can do to a file, by open(2); 0: it fails. */
static unsigned powers(uint64_t flags)
{
	uint64_t mode = flags & O_ACCMODE;
	unsigned all = 0;

	if ((flags & O_TMPFILE) == O_TMPFILE)
		return mode && !(flags & O_CREAT) ? MAKES_NAMELESS : 0;
	if (flags & O_CREAT && flags & O_EXCL)
		return MAKES_NEW;
	if (mode != O_WRONLY)
		all |= READS;
	if (mode != O_RDONLY)
		all |= WRITES_AT_THE_END | (flags & O_APPEND ? 0 : WRITES_ANYWHERE);
	if (flags & O_TRUNC)
		all |= EMPTIES;
	if (flags & O_CREAT)
		all |= MAKES | MAKES_NEW;
	return all;
}

static bool holds(struct open_kind kind, uint64_t flags)
{
	return (flags & kind.bits) == kind.are;
}

static void a_kind_holds_what_was_seen_and_nothing_that_can_do_more(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 1U << BITS; i++) {
		uint64_t seen = flags_of(i);

		assert_true(holds(open_kind(seen, false), seen));
		assert_true(holds(open_kind(seen, true), seen));
		if (!powers(seen))
			continue;
		for (unsigned j = 0; j < 1U << BITS; j++) {
			uint64_t other = flags_of(j);

			if (holds(open_kind(seen, false), other))
				assert_int_equal(powers(other) & ~powers(seen), 0);
			if (holds(open_kind(seen, true), other) && powers(other))
				assert_int_equal(powers(other), powers(seen));
		}
	}
}

static void a_kind_in_another_holds_nothing_else(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 1U << BITS; i++) {
		for (unsigned j = 0; j < 1U << BITS; j++) {
			uint64_t one = flags_of(i), other = flags_of(j);

			if (open_kind_is_in(open_kind(one, false), open_kind(other, false)))
				assert_true(holds(open_kind(other, false), one));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_case_has_its_text),
		cmocka_unit_test(a_kind_holds_what_was_seen_and_nothing_that_can_do_more),
		cmocka_unit_test(a_kind_in_another_holds_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
