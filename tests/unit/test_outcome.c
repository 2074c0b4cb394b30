/* test_outcome.c - decision diagrams: every verdict that can come is found, and no other. */
#include "generate.h"
#include "memory.h"

#include "policy/outcome.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

enum { POLICIES = 60, SAMPLES = 200, SINGLES = 8 };

static const char *const calls[] = {
	"socket", "lseek", "kill", "fchmod", "mmap", "clone", "openat"
};
static const char *const actions[] = { "allow",	       "log",	     "errno EPERM",
				       "errno EACCES", "trap EPERM", "kill" };

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static struct generator generator = {
	.random = { 20260131 },
	.calls = calls,
	.call_count = COUNT(calls),
	.actions = actions,
	.action_count = COUNT(actions),
};

/* A random policy; NULL when it is one that is refused (a contradiction). */
static struct policy *random_policy(struct memory *memory, const char *name)
{
	char *text;
	struct policy *policy;

	generator.arch = ARCH_NATIVE;
	text = generate_policy(&generator);
	policy = resolve_policy(&memory->context, memory_add(memory, name, text, strlen(text)),
				ARCH_NATIVE, NULL);
	free(text);
	if (!memory->diagnostics.errors)
		return policy;
	memory->diagnostics = (struct diagnostics){ .arena = &memory->arena };
	return NULL;
}

/* A number of some condition, or one at the edges of types, with or without its neighbours. */
static uint64_t random_value(const struct condition *condition)
{
	while (condition && condition->kind != CONDITION_TEST)
		condition = condition->right && random_below(&generator.random, 2)
				    ? condition->right
				    : condition->left;
	if (!condition || random_below(&generator.random, 4) == 0)
		return random_edge(&generator.random, 64);
	return condition->numbers[random_below(&generator.random, (unsigned)condition->count)] +
	       random_below(&generator.random, 3) - 1;
}

static void random_arguments(const struct call *call, uint64_t arguments[ARGUMENTS])
{
	for (int i = 0; i < ARGUMENTS; i++) {
		unsigned which = random_below(&generator.random, (unsigned)call->count);

		arguments[i] = random_value(call->list[which].condition);
	}
}

static struct verdict ask(const struct side *side, uint32_t number, const uint64_t *arguments)
{
	return evaluate(side->policy, side->phase, arches[ARCH_NATIVE].audit, number, arguments);
}

static bool is_found(const struct outcomes *outcomes, struct verdict verdict)
{
	for (size_t i = 0; i < outcomes->count; i++)
		if (outcomes->list[i].verdict.decision == verdict.decision &&
		    same_action(outcomes->list[i].verdict.action, verdict.action))
			return true;
	return false;
}

static void check_call(struct memory *memory, struct diagram *diagram, const struct side *side,
		       const struct call *call)
{
	static const struct cube anything;
	struct outcomes all = find_outcomes(&memory->context, diagram, side->policy, side->phase,
					    call->number, &anything);

	assert_false(all.too_large);
	for (int i = 0; i < SAMPLES; i++) {
		struct cube given;
		struct outcomes one;

		memset(given.mask, 0xff, sizeof(given.mask));
		random_arguments(call, given.value);
		assert_true(is_found(&all, ask(side, call->number, given.value)));
		if (i >= SINGLES)
			continue;
		one = find_outcomes(&memory->context, diagram, side->policy, side->phase,
				    call->number, &given);
		assert_int_equal(one.count, 1);
		assert_true(is_found(&one, ask(side, call->number, given.value)));
	}
}

static void no_verdict_is_missed(void **unused)
{
	size_t checked = 0;

	(void)unused;
	for (int i = 0; i < POLICIES; i++) {
		struct diagram diagram;
		struct memory memory;
		struct side side;

		memory_begin(&memory);
		side.policy = random_policy(&memory, "a.policy");
		diagram_begin(&diagram, &memory.arena);
		for (size_t j = 0; side.policy && j < side.policy->phases[0].call_count; j++) {
			side.phase = &side.policy->phases[0];
			check_call(&memory, &diagram, &side, &side.phase->calls[j]);
			checked++;
		}
		/* outcome.c puts each witness to evaluate.c, and says so when they disagree. */
		assert_int_equal(memory.diagnostics.errors, 0);
		memory_end(&memory);
	}
	assert_true(checked > POLICIES);
}

static bool is_told(const struct differences *differences, struct verdict a, struct verdict b)
{
	for (size_t i = 0; i < differences->count; i++)
		if (differences->list[i].verdicts[0].decision == a.decision &&
		    differences->list[i].verdicts[1].decision == b.decision)
			return true;
	return false;
}

static size_t compare_calls(struct memory *memory, struct diagram *diagram,
			    const struct side sides[2], const struct call *call)
{
	struct differences differences =
		find_differences(&memory->context, diagram, sides, call->number);

	assert_false(differences.too_large);
	for (size_t i = 0; i < differences.count; i++)
		assert_false(same_action(differences.list[i].verdicts[0].action,
					 differences.list[i].verdicts[1].action));
	for (int i = 0; i < SAMPLES; i++) {
		uint64_t arguments[ARGUMENTS];
		struct verdict a, b;

		random_arguments(call, arguments);
		a = ask(&sides[0], call->number, arguments);
		b = ask(&sides[1], call->number, arguments);
		if (!same_action(a.action, b.action))
			assert_true(is_told(&differences, a, b));
	}
	return differences.count;
}

static void no_difference_is_missed(void **unused)
{
	size_t found = 0;

	(void)unused;
	for (int i = 0; i < POLICIES; i++) {
		struct diagram diagram;
		struct memory memory;
		struct side sides[2];

		memory_begin(&memory);
		sides[0].policy = random_policy(&memory, "a.policy");
		sides[1].policy = random_policy(&memory, "b.policy");
		diagram_begin(&diagram, &memory.arena);
		for (int j = 0; sides[0].policy && sides[1].policy && j < 2; j++) {
			const struct phase *phase = &sides[j].policy->phases[0];

			sides[0].phase = &sides[0].policy->phases[0];
			sides[1].phase = &sides[1].policy->phases[0];
			for (size_t k = 0; k < phase->call_count; k++)
				found += compare_calls(&memory, &diagram, sides, &phase->calls[k]);
		}
		assert_int_equal(memory.diagnostics.errors, 0);
		memory_end(&memory);
	}
	assert_true(found > POLICIES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_verdict_is_missed),
		cmocka_unit_test(no_difference_is_missed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
