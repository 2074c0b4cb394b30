/* triggers.c - the trigger lines of a phase as the library takes them; see triggers.h.
 *
 * A condition becomes an OR of ANDs of single comparisons. `after` becomes a trigger of its own
 * that locks nothing (a step) and stands before the one that waits for it.
 */
#include "triggers.h"

#include "bind.h"
#include "trigger/hooks.h"

#include <string.h>

enum { TRIGGER_TESTS_MAX = 64 };

static struct diagnostic *fail(struct context *context, struct place place, const char *message)
{
	return diagnose(context->diagnostics, ERROR, place, "%s", message);
}

#define TEXT(...) arena_printf(context->arena, __VA_ARGS__)

/* --- conditions ------------------------------------------------------------------------------- */

struct clauses {
	struct clause {
		struct policyc_test tests[TRIGGER_TESTS_MAX];
		size_t count;
	} * list;
	size_t count;
	bool too_many;
};

static void add_clause(struct context *context, struct clauses *clauses,
		       const struct policyc_test *tests, size_t count)
{
	struct clause *clause;

	if (clauses->count == TRIGGER_TESTS_MAX || count > TRIGGER_TESTS_MAX) {
		clauses->too_many = true;
		return;
	}
	clause = ARENA_PUSH(context->arena, clauses->list, clauses->count);
	memcpy(clause->tests, tests, count * sizeof(*tests));
	clause->count = count;
}

static struct clauses both_clauses(struct context *context, const struct clauses *a,
				   const struct clauses *b)
{
	struct clauses result = { .too_many = a->too_many || b->too_many };
	struct policyc_test tests[2 * TRIGGER_TESTS_MAX];

	for (size_t i = 0; i < a->count && !result.too_many; i++) {
		for (size_t j = 0; j < b->count && !result.too_many; j++) {
			const struct clause *left = &a->list[i], *right = &b->list[j];

			memcpy(tests, left->tests, left->count * sizeof(tests[0]));
			memcpy(tests + left->count, right->tests, right->count * sizeof(tests[0]));
			add_clause(context, &result, tests, left->count + right->count);
		}
	}
	return result;
}

static struct clauses either_clauses(struct context *context, const struct clauses *a,
				     const struct clauses *b)
{
	struct clauses result = { .too_many = a->too_many || b->too_many };

	for (size_t i = 0; i < a->count; i++)
		add_clause(context, &result, a->list[i].tests, a->list[i].count);
	for (size_t i = 0; i < b->count; i++)
		add_clause(context, &result, b->list[i].tests, b->list[i].count);
	return result;
}

/* An operator of the language as one comparison, and its opposite. */
static const struct {
	enum policyc_op op, opposite;
} trigger_ops[] = {
	[TEST_EQ] = { POLICYC_EQ, POLICYC_NE },	 [TEST_NE] = { POLICYC_NE, POLICYC_EQ },
	[TEST_LT] = { POLICYC_LT, POLICYC_GE },	 [TEST_LE] = { POLICYC_LE, POLICYC_GT },
	[TEST_GT] = { POLICYC_GT, POLICYC_LE },	 [TEST_GE] = { POLICYC_GE, POLICYC_LT },
	[TEST_HAS] = { POLICYC_EQ, POLICYC_NE }, [TEST_WITHIN] = { POLICYC_EQ, POLICYC_NE },
	[TEST_IN] = { POLICYC_EQ, POLICYC_NE },	 [TEST_NOT_IN] = { POLICYC_NE, POLICYC_EQ },
};

static struct clauses test_clauses(struct context *context, const struct condition *test,
				   bool negated)
{
	struct clauses result = { 0 };
	struct policyc_test tests[TESTS_MAX];
	size_t count = test->count < TESTS_MAX ? test->count : TESTS_MAX;
	enum policyc_op op = negated ? trigger_ops[test->op].opposite : trigger_ops[test->op].op;

	for (size_t i = 0; i < count; i++) {
		tests[i] = (struct policyc_test){ .slot = test->slot,
						  .op = (uint8_t)op,
						  .mask = test->bits,
						  .value = test->numbers[i] };
		if (test->op == TEST_HAS)
			tests[i].mask = test->numbers[0];
		if (test->op == TEST_WITHIN) {
			tests[i].mask = ~test->numbers[0];
			tests[i].value = 0;
		}
	}
	result.too_many = count < test->count;
	if (op == POLICYC_NE) { /* none of them */
		add_clause(context, &result, tests, count);
		return result;
	}
	for (size_t i = 0; i < count; i++)
		add_clause(context, &result, &tests[i], 1);
	return result;
}

static struct clauses make_clauses(struct context *context, const struct condition *condition,
				   bool negated)
{
	struct clauses left, right;

	if (condition->kind == CONDITION_TEST)
		return test_clauses(context, condition, negated);
	if (condition->kind == CONDITION_NOT)
		return make_clauses(context, condition->left, !negated);
	left = make_clauses(context, condition->left, negated);
	if (left.too_many)
		return left;
	right = make_clauses(context, condition->right, negated);
	return (condition->kind == CONDITION_AND) != negated
		       ? both_clauses(context, &left, &right)
		       : either_clauses(context, &left, &right);
}

static void add_tests(struct context *context, struct trigger *trigger,
		      const struct clauses *clauses, struct place place)
{
	bool too_many = clauses->too_many;

	for (size_t i = 0; i < clauses->count && !too_many; i++) {
		for (size_t j = 0; j < clauses->list[i].count && !too_many; j++) {
			struct policyc_test *test;

			test = ARENA_PUSH(context->arena, trigger->tests, trigger->test_count);
			*test = clauses->list[i].tests[j];
			test->last = j + 1 == clauses->list[i].count;
			too_many = trigger->test_count > TRIGGER_TESTS_MAX;
		}
	}
	if (too_many)
		fail(context, place,
		     TEXT("this condition becomes more than %d comparisons: make it simpler",
			  TRIGGER_TESTS_MAX));
}

static void add_hook_tests(struct context *context, enum arch arch, struct trigger *trigger,
			   const struct trigger_syntax *syntax)
{
	struct clauses clauses = { 0 }, meant = { 0 };
	struct policyc_test implied = { .slot = SLOT_TIMEOUT,
					.op = POLICYC_NE,
					.mask = UINT64_MAX };
	struct condition *bound;

	if (syntax->condition) {
		bound = bind_to_hooks(context, syntax->condition, arch, trigger->hooks,
				      &syntax->hook);
		if (!bound)
			return;
		clauses = make_clauses(context, bound, false);
	}
	/* `wait` means calls that really wait, not those that only look; `ready` a message that
	 * says so, not any that is sent. */
	if (syntax->kind == TRIGGER_WAIT || syntax->kind == TRIGGER_READY) {
		if (syntax->kind == TRIGGER_READY)
			implied.slot = SLOT_COUNT;
		add_clause(context, &meant, &implied, 1);
		clauses = syntax->condition ? both_clauses(context, &clauses, &meant) : meant;
	}
	add_tests(context, trigger, &clauses, syntax->place);
}

/* The timeout of `wait`: not all hooks have one, but all fill the slot, and -1 is for ever. */
static bool only_timeout(const struct condition *condition, const struct word **other)
{
	if (!condition)
		return true;
	if (condition->kind != CONDITION_TEST)
		return only_timeout(condition->left, other) &&
		       only_timeout(condition->right, other);
	*other = &condition->argument;
	return !strcmp(condition->argument.text, "timeout");
}

static uint32_t trigger_hooks(struct context *context, const struct trigger_syntax *syntax)
{
	struct diagnostic *diagnostic;
	const struct word *other = NULL;
	struct nearest nearest;
	uint32_t hooks;

	if (syntax->kind == TRIGGER_WAIT) {
		if (only_timeout(syntax->condition, &other))
			return names_blocking();
		fail(context, other->place,
		     TEXT("a condition on wait can look at 'timeout' only, not '%s'", other->text));
		return 0;
	}
	hooks = names_hooks(syntax->hook.text);
	if (hooks)
		return hooks;
	diagnostic = fail(context, syntax->hook.place,
			  TEXT("no trigger is called '%s'", syntax->hook.text));
	names_nearest_trigger(&nearest, syntax->hook.text);
	nearest_hint(context->diagnostics, diagnostic, &nearest);
	if (!nearest.best)
		diagnostic->hint = "to lock before a function of the program: trigger call NAME";
	return 0;
}

/* --- triggers --------------------------------------------------------------------------------- */

static const enum policyc_trigger_kind kinds[] = {
	[TRIGGER_LOAD] = POLICYC_TRIGGER_LOAD,	[TRIGGER_MAIN] = POLICYC_TRIGGER_MAIN,
	[TRIGGER_WAIT] = POLICYC_TRIGGER_HOOK,	[TRIGGER_HOOK] = POLICYC_TRIGGER_HOOK,
	[TRIGGER_CALL] = POLICYC_TRIGGER_CALL,	[TRIGGER_SIGNAL] = POLICYC_TRIGGER_SIGNAL,
	[TRIGGER_READY] = POLICYC_TRIGGER_HOOK,
};

static void check_modifiers(struct context *context, const struct trigger_syntax *syntax)
{
	enum policyc_trigger_kind kind = kinds[syntax->kind];
	bool is_call = kind == POLICYC_TRIGGER_HOOK || kind == POLICYC_TRIGGER_CALL;

	if (syntax->main_thread && !is_call)
		fail(context, syntax->place, "'on main thread' goes with calls only");
	if (syntax->count && !is_call)
		fail(context, syntax->place, "'count' goes with calls only");
	if (syntax->after && (syntax->kind == TRIGGER_LOAD || syntax->kind == TRIGGER_MAIN))
		fail(context, syntax->place,
		     TEXT("'%s' comes once, and before all else: nothing can be waited for",
			  syntax->hook.text));
}

static uint32_t signal_number(struct context *context, enum arch arch, const struct word *word)
{
	const char *name = strncmp(word->text, "SIG", 3) ? TEXT("SIG%s", word->text) : word->text;
	const struct constant_name *constant = names_constant(name);
	struct diagnostic *diagnostic;
	struct nearest nearest;

	if (constant && constant->value[arch] >= 1 && constant->value[arch] <= 31 &&
	    strcmp(name, "SIGKILL") && strcmp(name, "SIGSTOP") && strcmp(name, "SIGSYS"))
		return (uint32_t)constant->value[arch];
	diagnostic = fail(context, word->place,
			  constant ? TEXT("'%s' cannot be a trigger", word->text)
				   : TEXT("no signal is called '%s'", word->text));
	if (!constant) {
		names_nearest_constant(&nearest, name);
		nearest_hint(context->diagnostics, diagnostic, &nearest);
	}
	return 0;
}

/* Adds what the line means and returns its index. */
static uint32_t add_trigger(struct context *context, enum arch arch, struct phase *phase,
			    const struct trigger_syntax *syntax, uint32_t flags)
{
	uint32_t after = 0;
	struct trigger *trigger;

	check_modifiers(context, syntax);
	if (syntax->after)
		after = 1 + add_trigger(context, arch, phase, syntax->after, POLICYC_TRIGGER_STEP);
	trigger = ARENA_PUSH(context->arena, phase->triggers, phase->trigger_count);
	trigger->kind = kinds[syntax->kind];
	trigger->flags = flags | (syntax->main_thread ? POLICYC_TRIGGER_MAIN_THREAD : 0u);
	trigger->count = syntax->count ? syntax->count : 1;
	trigger->after = after;
	trigger->object = syntax->object.text;
	trigger->function = syntax->function.text;
	trigger->offset = syntax->offset;
	trigger->text = syntax->text;
	if (trigger->kind == POLICYC_TRIGGER_SIGNAL)
		trigger->signal = signal_number(context, arch, &syntax->signal);
	if (trigger->kind == POLICYC_TRIGGER_HOOK)
		trigger->hooks = trigger_hooks(context, syntax);
	if (trigger->hooks)
		add_hook_tests(context, arch, trigger, syntax);
	return (uint32_t)phase->trigger_count - 1;
}

void resolve_triggers(struct context *context, enum arch arch, struct phase *phase)
{
	for (size_t i = 0; i < phase->trigger_lines.count; i++)
		add_trigger(context, arch, phase, &phase->trigger_lines.list[i]->trigger, 0);
	if (phase->trigger_count > POLICYC_TRIGGERS_MAX)
		fail(context, phase->place,
		     TEXT("phase '%s' has more than %u triggers, those behind 'after' included",
			  phase->name, POLICYC_TRIGGERS_MAX));
}
