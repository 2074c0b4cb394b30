/* lint_tests.c - tests that deny less than they seem to; see build.h.
 *
 * What it does: warns of a line that denies one exact value of an argument which holds flags (one
 * more flag, and the call passes), and of one that takes a bit of O_ACCMODE for a flag.
 * What it must not do: mind lines that allow: there an exact value gives less, not more.
 */
#include "bind.h"
#include "build.h"
#include "outcome.h"

#include <fcntl.h>

static const struct {
	const char *call, *argument;
} flags[] = {
	{ "socket", "type" },		{ "socketpair", "type" },    { "open", "flags" },
	{ "openat", "flags" },		{ "mmap", "prot" },	     { "mmap", "flags" },
	{ "mprotect", "prot" },		{ "pkey_mprotect", "prot" }, { "clone", "clone_flags" },
	{ "unshare", "unshare_flags" }, { "accept4", "flags" },	     { "sendto", "flags" },
	{ "sendmsg", "flags" },		{ "sendmmsg", "flags" },     { "shmat", "shmflg" },
	{ "memfd_create", "flags" },	{ "execveat", "flags" },
};

struct tests {
	struct context *context;
	const struct call *call;
};

static struct diagnostic *warn(const struct tests *tests, struct place place, const char *message)
{
	return diagnose(tests->context->diagnostics, WARNING, place, "%s", message);
}

#define TEXT(...) arena_printf(tests->context->arena, __VA_ARGS__)

static bool holds_flags(const struct tests *tests, unsigned slot)
{
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (names_syscall(flags[i].call) == tests->call->name)
			if (find_argument(tests->call->name, flags[i].argument) == (int)slot)
				return true;
	return false;
}

static void lint_exact(const struct tests *tests, const struct condition *test)
{
	uint64_t all = test->width >= 64 ? UINT64_MAX : ((uint64_t)1 << test->width) - 1;

	if (test->bits == all && holds_flags(tests, test->slot))
		warn(tests, test->argument.place,
		     TEXT("'%s' of %s holds flags, and this denies exact values: with one flag "
			  "more the call passes",
			  test->argument.text, tests->call->name->name))
			->hint = "test the bits that matter, with 'has' or with '&' and a mask";
}

static bool opens_files(const struct call *call, unsigned slot)
{
	static const char *const opens[] = { "open", "openat", "open_by_handle_at" };

	for (size_t i = 0; i < sizeof(opens) / sizeof(opens[0]); i++)
		if (names_syscall(opens[i]) == call->name &&
		    find_argument(call->name, "flags") == (int)slot)
			return true;
	return false;
}

static void lint_access_mode(const struct tests *tests, const struct condition *test)
{
	uint64_t mode = test->numbers[0] & O_ACCMODE;

	if (opens_files(tests->call, test->slot) && (mode == O_WRONLY || mode == O_RDWR))
		warn(tests, test->argument.place,
		     TEXT("%s is no flag: files are opened for writing with O_WRONLY or with "
			  "O_RDWR, and this denies one of them",
			  mode == O_WRONLY ? "O_WRONLY" : "O_RDWR"))
			->hint = "write 'flags & O_ACCMODE != O_RDONLY'";
}

/* `holds`: the line denies where the condition holds, else where it does not. */
static void lint_condition(const struct tests *tests, const struct condition *condition, bool holds)
{
	if (condition->kind == CONDITION_NOT) {
		lint_condition(tests, condition->left, !holds);
	} else if (condition->kind != CONDITION_TEST) {
		lint_condition(tests, condition->left, holds);
		lint_condition(tests, condition->right, holds);
	} else if (condition->op == (holds ? TEST_EQ : TEST_NE) ||
		   condition->op == (holds ? TEST_IN : TEST_NOT_IN)) {
		lint_exact(tests, condition);
	} else if (condition->op == TEST_HAS && holds) {
		lint_access_mode(tests, condition);
	}
}

/* A call that no line and no default lets through is denied whatever the test says. */
static bool is_made(const struct phase *phase, const struct call *call)
{
	bool made = is_allowed(phase->otherwise.action);

	for (size_t i = 0; i < call->count; i++)
		made |= call->list[i].origin == ORIGIN_TEXT && call->list[i].decided &&
			is_allowed(call->list[i].action);
	return made;
}

void lint_tests(struct context *context, const struct phase *phase)
{
	for (size_t i = 0; i < phase->call_count; i++) {
		const struct call *call = &phase->calls[i];
		const struct tests tests = { context, call };

		for (size_t j = 0; call->name && j < call->count; j++) {
			const struct decision *decision = &call->list[j];

			if (decision->origin == ORIGIN_TEXT && decision->decided &&
			    decision->condition && !is_allowed(decision->action) &&
			    !has_reason(decision->place) && is_made(phase, call))
				lint_condition(&tests, decision->condition, true);
		}
	}
}
