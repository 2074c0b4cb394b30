/* test_random.c - random policies: what is compiled does what the text says.
 *
 * RANDOM_COUNT policies (200) from RANDOM_SEED (1) on; a failure prints the seed and the text.
 * A policy that asks for too much is no failure: it must be refused with that message only.
 */
#include "memory.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t state;

static unsigned below(unsigned limit)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state >> 33) % limit;
}

/* Calls whose arguments are 16, 32 and 64 bits wide, signed and unsigned. */
static const struct {
	const char *call, *arguments[4];
} calls[] = {
	{ "socket", { "family", "type", "protocol", "family" } },
	{ "mmap", { "prot", "flags", "len", "fd" } },
	{ "lseek", { "offset", "whence", "fd", "offset" } },
	{ "fchmod", { "mode", "fd", "mode", "mode" } },
	{ "clone", { "clone_flags", "tls", "newsp", "clone_flags" } },
	{ "ptrace", { "request", "pid", "data", "addr" } },
	{ "prctl", { "option", "arg2", "arg3", "arg4" } },
	{ "ioctl", { "cmd", "fd", "arg", "cmd" } },
	{ "kill", { "pid", "sig", "pid", "sig" } },
	{ "rt_sigaction", { "sig", "sigsetsize", "sig", "sig" } },
	{ "write", { "fd", "count", "fd", "count" } },
	{ "nr:900", { "arg0", "arg1", "arg5", "arg2" } },
};

static const char *const numbers[] = {
	"0",
	"1",
	"2",
	"3",
	"4",
	"7",
	"8",
	"15",
	"16",
	"31",
	"38",
	"255",
	"256",
	"4095",
	"0x1ff",
	"0x7fff",
	"0x8000",
	"0xffff",
	"0x10000",
	"0x7fffffff",
	"0x80000000",
	"-1",
	"-2",
	"-128",
	"0xfffffffe",
	"0xffffffff",
	"AF_INET",
	"PROT_EXEC",
	"O_CREAT",
	"SIGSYS",
	"0x100000000",
	"0x1ffffffff",
	"0x200000000",
	"-0x80000000",
	"0x7fffffffffffffff",
	"0x8000000000000000",
	"0xffffffffffffffff",
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Mostly those that fit everywhere, so that most policies are not refused. */
static const char *number(void)
{
	return numbers[below(6) ? 1 + below(14) : below(COUNT(numbers))];
}

static void write_test(FILE *out, const char *argument)
{
	static const char *const operators[] = {
		"==", "!=", "<", "<=", ">", ">=", "has", "within"
	};

	switch (below(6)) {
	case 0:
		fprintf(out, "%s & %s == 0", argument, number());
		return;
	case 1:
		fprintf(out, "%s & %s|%s != 0", argument, number(), number());
		return;
	case 2:
		fprintf(out, "%s %sin {%s, %s, %s}", argument, below(2) ? "not " : "", number(),
			number(), number());
		return;
	default:
		fprintf(out, "%s %s %s", argument, operators[below(8)], number());
	}
}

static void write_condition(FILE *out, unsigned call, unsigned depth)
{
	if (depth < 3 && below(3)) {
		fputs(below(3) ? "(" : "not (", out);
		write_condition(out, call, depth + 1);
		fputs(below(2) ? " and " : " or ", out);
		write_condition(out, call, depth + 1);
		fputc(')', out);
		return;
	}
	write_test(out, calls[call].arguments[below(4)]);
}

static void write_action(FILE *out)
{
	static const char *const actions[] = { "allow",	      "allow",	      "log",
					       "errno EPERM", "errno ENOSYS", "trap",
					       "trap EACCES", "kill" };

	fputs(actions[below(COUNT(actions))], out);
}

static char *random_policy(void)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	fputs("policy 1\nphase a\ntrigger main\ndefault ", out);
	write_action(out);
	if (below(2)) {
		fputs("\nunknown ", out);
		write_action(out);
	}
	for (unsigned i = 1 + below(8); i; i--) {
		unsigned call = below(COUNT(calls));

		fputs(below(8) ? "\n" : "\noverride ", out);
		write_action(out);
		fprintf(out, " %s", calls[call].call);
		if (below(8)) {
			fputs(" where ", out);
			write_condition(out, call, 0);
		}
	}
	fputs("\n", out);
	fclose(out);
	return text;
}

/* Nonsense that the generator writes, and limits: everything else is a failure. */
static bool is_refusal(const char *message)
{
	static const char *const refusals[] = {
		"does not fit",	 "never negative", "never that large",
		"never below 0", "this mask is 0", "mask takes away",
		"this is 0",	 "contradicts",	   "larger than the kernel takes",
	};

	for (size_t i = 0; i < COUNT(refusals); i++)
		if (strstr(message, refusals[i]))
			return true;
	return false;
}

/* 1: compiled, 0: refused; stops the test when the filter is wrong. */
static int try_policy(const char *text, unsigned long seed)
{
	struct memory memory;
	struct compiled compiled;
	struct image image;
	bool good;

	memory_begin(&memory);
	good = memory_build(&memory, text, below(2) ? ARCH_X86_64 : ARCH_AARCH64, &compiled);
	if (good)
		good = make_image(&memory.context, &compiled, "/memory", &image);
	for (size_t i = 0; i < memory.diagnostics.count; i++) {
		const struct diagnostic *diagnostic = &memory.diagnostics.list[i];

		if (diagnostic->severity == ERROR && !is_refusal(diagnostic->message)) {
			print_error("seed %lu\n%s\n%s", seed, text,
				    diagnostics_text(&memory.diagnostics));
			fail();
		}
	}
	memory_end(&memory);
	return good;
}

static unsigned long from_environment(const char *name, unsigned long otherwise)
{
	const char *text = getenv(name);

	return text ? strtoul(text, NULL, 10) : otherwise;
}

static void random_policies_do_what_they_say(void **unused)
{
	unsigned long count = from_environment("RANDOM_COUNT", 200);
	unsigned long first = from_environment("RANDOM_SEED", 1), compiled = 0;

	(void)unused;
	for (unsigned long seed = first; seed < first + count; seed++) {
		char *text;

		state = seed * 0x9e3779b97f4a7c15 + 1;
		for (int i = 0; i < 8; i++)
			below(2);
		text = random_policy();
		compiled += (unsigned long)try_policy(text, seed);
		free(text);
	}
	print_message("%lu of %lu random policies compiled, all as their text says\n", compiled,
		      count);
	assert_true(compiled > count / 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_policies_do_what_they_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
