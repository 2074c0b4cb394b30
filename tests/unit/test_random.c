/* test_random.c - random policies: what is compiled does what the text says.
 *
 * RANDOM_COUNT policies (4000) from RANDOM_SEED (1) on, half of them for each architecture. A
 * failure prints the seed and the text. A policy that asks for more than a filter has room for is
 * no failure; such are counted, and must be few.
 */
#include "generate.h"
#include "memory.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const char *const actions[] = { "allow",	       "allow", "allow",       "log", "errno EPERM",
				       "errno ENOSYS", "trap",	"trap EACCES", "kill" };

/* What a policy that is right may be refused for. */
static struct refusal {
	const char *message;
	unsigned long count;
} refusals[] = {
	{ "larger than the kernel takes", 0 },
	{ "contradicts", 0 }, /* the same call was chosen twice */
};

static unsigned long compiled_count, proven_count, call_count;

static bool count_refusal(const char *message)
{
	for (size_t i = 0; i < COUNT(refusals); i++) {
		if (strstr(message, refusals[i].message)) {
			refusals[i].count++;
			return true;
		}
	}
	return false;
}

static void judge(const struct memory *memory, const char *text, unsigned long seed)
{
	bool counted = false;

	for (size_t i = 0; i < memory->diagnostics.count; i++) {
		const struct diagnostic *diagnostic = &memory->diagnostics.list[i];

		if (diagnostic->severity != ERROR || counted)
			continue;
		counted = count_refusal(diagnostic->message);
		if (counted)
			continue;
		print_error("RANDOM_SEED=%lu\n%s\n%s", seed, text,
			    diagnostics_text(&memory->diagnostics));
		fail();
	}
}

static void try_policy(const char *text, enum arch arch, unsigned long seed)
{
	struct memory memory;
	struct compiled compiled;
	struct image image;

	memory_begin(&memory);
	if (memory_build(&memory, text, arch, &compiled) &&
	    make_image(&memory.context, &compiled, "/memory", &image)) {
		compiled_count++;
		proven_count += !compiled.verified.sampled;
		call_count += compiled.verified.tried;
	}
	judge(&memory, text, seed);
	memory_end(&memory);
}

static void random_policies_do_what_they_say(void **unused)
{
	unsigned long count = from_environment("RANDOM_COUNT", 4000);
	unsigned long first = from_environment("RANDOM_SEED", 1);

	(void)unused;
	for (unsigned long seed = first; seed < first + count; seed++) {
		struct generator generator = { .arch = seed % 2 ? ARCH_X86_64 : ARCH_AARCH64,
					       .actions = actions,
					       .action_count = COUNT(actions) };
		char *text;

		random_begin(&generator.random, seed);
		text = generate_policy(&generator);
		try_policy(text, generator.arch, seed);
		free(text);
	}
	print_message("%lu random policies from seed %lu: %lu compiled without a difference "
		      "(%lu proven, %lu in part a sample), %lu calls compared\n",
		      count, first, compiled_count, proven_count, compiled_count - proven_count,
		      call_count);
	for (size_t i = 0; i < COUNT(refusals); i++)
		print_message("%lu refused: %s\n", refusals[i].count, refusals[i].message);
	assert_true(compiled_count >= count / 100 * 98);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_policies_do_what_they_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
