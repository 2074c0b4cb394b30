/* test_stack.c - phases that could not stack are found, all of them, and no others. */
#include "generate.h"
#include "memory.h"

#include "policy/stack.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

enum { POLICIES = 150, SAMPLES = 200 };

static const char *const calls[] = { "socket", "lseek", "kill", "mmap", "rt_sigaction" };
static const char *const actions[] = { "allow",	     "log",  "errno EPERM", "errno EACCES",
				       "trap EPERM", "trap", "kill" };

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static struct generator generator = {
	.random = { 20260131 },
	.calls = calls,
	.call_count = COUNT(calls),
	.actions = actions,
	.action_count = COUNT(actions),
};

/* Two phases; the second is another one, or the first with more refusals. */
static char *two_phases(bool narrower)
{
	static const char head[] = "policy 1\nphase a\ntrigger main\n";
	char *first = generate_policy(&generator), *second = generate_policy(&generator), *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	fprintf(out, "%sphase b\ntrigger main\n", first);
	fputs((narrower ? first : second) + strlen(head), out);
	if (narrower)
		fputs("kill socket where family == AF_UNIX\nkill lseek\n", out);
	fclose(out);
	free(first);
	free(second);
	return text;
}

/* NULL when it is one that is refused (a contradiction). */
static struct policy *random_policy(struct memory *memory, bool narrower)
{
	char *text = two_phases(narrower);
	struct policy *policy = resolve_policy(
		&memory->context, memory_add(memory, "test.policy", text, strlen(text)),
		ARCH_NATIVE, NULL);

	free(text);
	return memory->diagnostics.errors ? NULL : policy;
}

/* As the kernel adds two filters up: the stricter counts. What phase b says is then untrue. */
static bool is_untrue(struct verdict a, struct verdict b)
{
	bool both_made = is_allowed(a.action) && is_allowed(b.action);
	bool said = !b.decision || b.decision->origin == ORIGIN_TEXT;
	bool guard = a.decision && a.decision->origin == ORIGIN_GUARD;

	return said && !guard && !both_made && a.action.kind > b.action.kind;
}

static bool is_told(const struct policy *policy, const struct clashes *clashes, struct verdict a,
		    struct verdict b)
{
	struct place places[] = { verdict_place(&policy->phases[0], a),
				  verdict_place(&policy->phases[1], b) };

	for (size_t i = 0; i < clashes->count; i++)
		if (clashes->list[i].places[EARLIER].start == places[0].start &&
		    clashes->list[i].places[LATER].start == places[1].start)
			return true;
	return false;
}

static uint64_t random_value(const struct condition *condition)
{
	while (condition && condition->kind != CONDITION_TEST)
		condition = condition->right && random_below(&generator.random, 2)
				    ? condition->right
				    : condition->left;
	if (!condition || !random_below(&generator.random, 4))
		return random_edge(&generator.random, 64);
	return condition->numbers[random_below(&generator.random, (unsigned)condition->count)] +
	       random_below(&generator.random, 3) - 1;
}

/* Numbers of the conditions of either phase. */
static void random_arguments(const struct policy *policy, uint32_t number, uint64_t *arguments)
{
	for (int i = 0; i < ARGUMENTS; i++) {
		const struct phase *phase = &policy->phases[random_below(&generator.random, 2)];
		const struct call *call = find_call(phase, number);
		const struct condition *condition = NULL;

		if (call)
			condition =
				call->list[random_below(&generator.random, (unsigned)call->count)]
					.condition;
		arguments[i] = random_value(condition);
	}
}

static size_t try_number(const struct policy *policy, const struct clashes *clashes,
			 uint32_t number)
{
	uint32_t arch = arches[ARCH_NATIVE].audit;
	size_t untrue = 0;

	for (int i = 0; i < SAMPLES; i++) {
		uint64_t arguments[ARGUMENTS];
		struct verdict a, b;

		random_arguments(policy, number, arguments);
		a = evaluate(policy, &policy->phases[0], arch, number, arguments);
		b = evaluate(policy, &policy->phases[1], arch, number, arguments);
		if (!is_untrue(a, b))
			continue;
		untrue++;
		assert_true(is_told(policy, clashes, a, b));
	}
	return untrue;
}

static void no_clash_is_missed(void **unused)
{
	static const uint32_t beyond[] = { 400, 999 }; /* in no table */
	size_t untrue = 0;

	(void)unused;
	for (int i = 0; i < POLICIES; i++) {
		struct memory memory;
		struct policy *policy;
		struct clashes clashes;

		memory_begin(&memory);
		policy = random_policy(&memory, false);
		if (policy) {
			clashes = find_clashes(&memory.context, policy);
			for (size_t j = 0; j < COUNT(calls); j++)
				untrue += try_number(
					policy, &clashes,
					(uint32_t)names_syscall(calls[j])->number[ARCH_NATIVE]);
			for (size_t j = 0; j < COUNT(beyond); j++)
				untrue += try_number(policy, &clashes, beyond[j]);
			assert_int_equal(memory.diagnostics.errors, 0);
		}
		memory_end(&memory);
	}
	assert_true(untrue > POLICIES);
}

static void narrower_phases_stack(void **unused)
{
	size_t tried = 0;

	(void)unused;
	for (int i = 0; i < POLICIES; i++) {
		struct memory memory;
		struct policy *policy;

		memory_begin(&memory);
		policy = random_policy(&memory, true);
		if (policy) {
			assert_int_equal(find_clashes(&memory.context, policy).count, 0);
			tried++;
		}
		memory_end(&memory);
	}
	assert_true(tried > POLICIES / 2);
}

/* --- one by one ------------------------------------------------------------------------------- */

#define TWO(first, second)                                                                         \
	"policy 1\nphase a\ntrigger main\n" first "\nphase b\ntrigger wait\n" second "\n"

static unsigned errors_of(const char *text)
{
	struct memory memory;
	struct compiled compiled;
	unsigned errors;

	memory_begin(&memory);
	memory_build(&memory, text, ARCH_X86_64, &compiled);
	errors = memory.diagnostics.errors;
	memory_end(&memory);
	return errors;
}

static void strictness_is_the_order(void **unused)
{
	static const char *const ascending[] = { "errno EPERM", "trap EPERM", "trap", "kill" };

	(void)unused;
	for (size_t i = 0; i < COUNT(ascending); i++)
		for (size_t j = 0; j < COUNT(ascending); j++) {
			char text[256];

			snprintf(text, sizeof(text),
				 TWO("default allow\n%s kill", "default allow\n%s kill"),
				 ascending[i], ascending[j]);
			assert_int_equal(errors_of(text), j < i);
		}
}

static void what_holds_is_right(void **unused)
{
	(void)unused;
	/* made either way; another errno; no table */
	assert_int_equal(errors_of(TWO("default log", "default allow")), 0);
	assert_int_equal(errors_of(TWO("default errno EPERM", "default errno EACCES")), 0);
	assert_int_equal(errors_of(TWO("default trap\nunknown errno ENOSYS", "default trap")), 0);
	/* a deny list on top */
	assert_int_equal(errors_of(TWO("default trap\nallow lseek", "default allow\nkill lseek")),
			 0);
	/* what the library implies: a line of b, the guard of a, the guard of b */
	assert_int_equal(errors_of(TWO("default trap", "default trap\nallow getdents64")), 0);
	assert_int_equal(errors_of(TWO("default trap", "default trap\nallow openat")), 1);
	assert_int_equal(errors_of(TWO("default trap\nallow rt_sigaction",
				       "default errno EPERM\nkill execve\n"
				       "override allow rt_sigaction")),
			 1); /* only the default */
	assert_int_equal(errors_of(TWO("default allow\nkill rt_sigaction where sig == SIGSYS",
				       "default allow\nkill lseek")),
			 0);
	/* a trap of b takes the handler that a denies */
	assert_int_equal(errors_of(TWO("default allow\nkill rt_sigaction where sig == SIGSYS",
				       "default allow\ntrap lseek")),
			 1);
}

static void what_cannot_hold_is_refused(void **unused)
{
	(void)unused;
	assert_int_equal(errors_of(TWO("default trap", "default trap\nallow socket")), 1);
	assert_int_equal(errors_of(TWO("default trap", "default trap\nlog socket")), 1);
	assert_int_equal(errors_of(TWO("default trap", "default errno EPERM")), 1);
	assert_int_equal(errors_of(TWO("default trap", "default trap\nunknown errno ENOSYS")), 1);
	assert_int_equal(errors_of(TWO("default trap", "default trap\nallow nr:999")), 1);
	assert_int_equal(errors_of(TWO("default trap\nunknown kill", "default trap")), 1);
	assert_int_equal(errors_of(TWO("default trap\nallow socket where family == AF_INET",
				       "default trap\nallow socket where family == AF_UNIX")),
			 1);
	/* the kernel reads 32 bits of it: the same test */
	assert_int_equal(errors_of(TWO("default trap\nallow socket where family == AF_INET",
				       "default trap\nallow socket where family in {AF_INET}")),
			 0);
}

static void apart_phases_are_not_compared(void **unused)
{
	(void)unused;
	assert_int_equal(errors_of(TWO("default trap", "apart a\ndefault trap\nallow socket")), 0);
	assert_int_equal(errors_of(TWO("apart b\ndefault trap", "default trap\nallow socket")), 0);
	/* the third is not apart from the first */
	assert_int_equal(
		errors_of(
			TWO("default trap",
			    "apart a\ndefault trap\nallow socket") "phase c\ntrigger wait\ndefault "
								   "trap\nallow socket"),
		1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_clash_is_missed),
		cmocka_unit_test(narrower_phases_stack),
		cmocka_unit_test(strictness_is_the_order),
		cmocka_unit_test(what_holds_is_right),
		cmocka_unit_test(what_cannot_hold_is_refused),
		cmocka_unit_test(apart_phases_are_not_compared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
