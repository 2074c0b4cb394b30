/* evaluate.c - what a policy says about one call: straight from the expressions as written.
 *
 * This is the meaning that the compiled filter is held against (verify.c), so it must not share
 * any step with the compilation (lower.c, cube.c).
 */
#include "policy.h"

#include <linux/seccomp.h>
#include <stdlib.h>

static uint64_t width_mask(unsigned width)
{
	return width >= 64 ? UINT64_MAX : ((uint64_t)1 << width) - 1;
}

static int64_t sign_extend(uint64_t value, unsigned width)
{
	unsigned shift = 64 - width;

	return (int64_t)(value << shift) >> shift;
}

/* -1, 0, 1 as the type of the argument orders the two. */
static int compare(const struct condition *test, uint64_t a, uint64_t b)
{
	if (test->is_signed) {
		int64_t x = sign_extend(a, test->width), y = sign_extend(b, test->width);

		return (x > y) - (x < y);
	}
	return (a > b) - (a < b);
}

static bool is_member(const struct condition *test, uint64_t value)
{
	for (size_t i = 0; i < test->count; i++)
		if (value == test->numbers[i])
			return true;
	return false;
}

static bool evaluate_test(const struct condition *test, const uint64_t arguments[ARGUMENTS])
{
	uint64_t value = arguments[test->slot] & width_mask(test->width) & test->bits;
	uint64_t number = test->numbers[0];

	switch (test->op) {
	case TEST_EQ:
		return value == number;
	case TEST_NE:
		return value != number;
	case TEST_LT:
		return compare(test, value, number) < 0;
	case TEST_LE:
		return compare(test, value, number) <= 0;
	case TEST_GT:
		return compare(test, value, number) > 0;
	case TEST_GE:
		return compare(test, value, number) >= 0;
	case TEST_HAS:
		return (value & number) == number;
	case TEST_WITHIN:
		return (value & ~number) == 0;
	case TEST_IN:
		return is_member(test, value);
	case TEST_NOT_IN:
		return !is_member(test, value);
	}
	return false;
}

bool evaluate_condition(const struct condition *condition, const uint64_t arguments[ARGUMENTS])
{
	if (!condition)
		return true;
	switch (condition->kind) {
	case CONDITION_TEST:
		return evaluate_test(condition, arguments);
	case CONDITION_AND:
		return evaluate_condition(condition->left, arguments) &&
		       evaluate_condition(condition->right, arguments);
	case CONDITION_OR:
		return evaluate_condition(condition->left, arguments) ||
		       evaluate_condition(condition->right, arguments);
	case CONDITION_NOT:
		return !evaluate_condition(condition->left, arguments);
	}
	return false;
}

static int compare_number(const void *key, const void *item)
{
	uint32_t number = *(const uint32_t *)key, other = ((const struct call *)item)->number;

	return (number > other) - (number < other);
}

const struct call *find_call(const struct phase *phase, uint32_t number)
{
	if (!phase->call_count)
		return NULL;
	return bsearch(&number, phase->calls, phase->call_count, sizeof(phase->calls[0]),
		       compare_number);
}

struct action phase_otherwise(const struct policy *policy, const struct phase *phase,
			      uint32_t number)
{
	bool known = names_number(policy->arch, number) != NULL;

	return known || !phase->unknown.action.kind ? phase->otherwise.action
						    : phase->unknown.action;
}

static bool is_permission(struct action action)
{
	return action.kind == ACTION_ALLOW || action.kind == ACTION_LOG;
}

/* The strictest that matches; among equals the first. */
static const struct decision *strictest(const struct call *call, enum origin origin,
					const uint64_t arguments[ARGUMENTS])
{
	const struct decision *best = NULL;

	for (size_t i = 0; call && i < call->count; i++) {
		const struct decision *decision = &call->list[i];

		if (decision->origin != origin ||
		    (best && decision->action.kind <= best->action.kind))
			continue;
		if (evaluate_condition(decision->condition, arguments))
			best = decision;
	}
	return best;
}

static bool is_foreign(const struct policy *policy, uint32_t audit_arch, uint32_t number)
{
	if (audit_arch != arches[policy->arch].audit)
		return true;
	/* x32 numbers; -1 is what a tracer makes of a call that is to be skipped. */
	return policy->arch == ARCH_X86_64 && number > NUMBER_MAX && number != UINT32_MAX;
}

struct verdict evaluate(const struct policy *policy, const struct phase *phase, uint32_t audit_arch,
			uint32_t number, const uint64_t arguments[ARGUMENTS])
{
	struct verdict verdict = { .reason = REASON_DECISION };
	const struct decision *guard;
	const struct call *call;

	if (is_foreign(policy, audit_arch, number))
		return (struct verdict){ .action.kind = ACTION_KILL, .reason = REASON_FOREIGN };
	call = find_call(phase, number);
	verdict.decision = strictest(call, ORIGIN_TEXT, arguments);
	if (!verdict.decision)
		verdict.decision = strictest(call, ORIGIN_IMPLIED, arguments);
	if (verdict.decision) {
		verdict.action = verdict.decision->action;
	} else {
		verdict.action = phase_otherwise(policy, phase, number);
		verdict.reason =
			names_number(policy->arch, number) ? REASON_DEFAULT : REASON_UNKNOWN;
	}
	guard = is_permission(verdict.action) ? strictest(call, ORIGIN_GUARD, arguments) : NULL;
	if (guard)
		return (struct verdict){ guard->action, REASON_DECISION, guard };
	return verdict;
}

uint32_t action_return(struct action action)
{
	switch (action.kind) {
	case ACTION_ALLOW:
		return SECCOMP_RET_ALLOW;
	case ACTION_LOG:
		return SECCOMP_RET_LOG;
	case ACTION_ERRNO:
		return SECCOMP_RET_ERRNO | action.error;
	case ACTION_TRAP_ERRNO:
		return SECCOMP_RET_TRAP | action.error;
	case ACTION_TRAP:
		return SECCOMP_RET_TRAP;
	case ACTION_KILL:
	case ACTION_NONE:
		break;
	}
	return SECCOMP_RET_KILL_PROCESS;
}

const char *action_text(struct arena *arena, struct action action)
{
	static const char *const words[] = {
		[ACTION_NONE] = "kill",	  [ACTION_ALLOW] = "allow", [ACTION_LOG] = "log",
		[ACTION_ERRNO] = "errno", [ACTION_TRAP] = "trap",   [ACTION_TRAP_ERRNO] = "trap",
		[ACTION_KILL] = "kill",
	};
	const char *error = names_errno_text(action.error);

	if (action.kind != ACTION_ERRNO && action.kind != ACTION_TRAP_ERRNO)
		return words[action.kind];
	if (error)
		return arena_printf(arena, "%s %s", words[action.kind], error);
	return arena_printf(arena, "%s %u", words[action.kind], action.error);
}
