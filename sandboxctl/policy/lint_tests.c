/* lint_tests.c - tests that deny less than they seem to; see build.h.
 *
 * What it does: warns of a line that denies one exact value of an argument which holds flags (one
 * more flag, and the call passes) or several of its flags at once (one less, and it passes), and of
 * one that takes a bit of O_ACCMODE for a flag. A line that allows all but this denies it, too.
 * What it must not do: mind tests that give exact values: they give less, not more.
 */
#include "bind.h"
#include "build.h"
#include "outcome.h"

#include <fcntl.h>
#include <sys/mman.h>

static const struct {
	const char *call, *argument;
	uint64_t together; /* flags that mean something at once, and less alone */
} flags[] = {
	{ "socket", "type", 0 },
	{ "socketpair", "type", 0 },
	{ "open", "flags", 0 },
	{ "openat", "flags", 0 },
	{ "open_by_handle_at", "flags", 0 },
	{ "mmap", "prot", PROT_WRITE | PROT_EXEC },
	{ "mmap", "flags", 0 },
	{ "mprotect", "prot", 0 },
	{ "pkey_mprotect", "prot", 0 },
	{ "clone", "clone_flags", 0 },
	{ "unshare", "unshare_flags", 0 },
	{ "accept4", "flags", 0 },
	{ "sendto", "flags", 0 },
	{ "sendmsg", "flags", 0 },
	{ "sendmmsg", "flags", 0 },
	{ "shmat", "shmflg", 0 },
	{ "memfd_create", "flags", 0 },
	{ "execveat", "flags", 0 },
	{ "mount", "flags", 0 },
	{ "personality", "personality", 0 },
	{ "chmod", "mode", 0 },
	{ "fchmod", "mode", 0 },
	{ "fchmodat", "mode", 0 },
	{ "mknod", "mode", 0 },
	{ "mknodat", "mode", 0 },
};

struct tests {
	struct context *context;
	const struct call *call;
	bool denies;
	const char *does; /* "denies", "leaves out" */
};

static struct diagnostic *warn(const struct tests *tests, struct place place, const char *message)
{
	return diagnose(tests->context->diagnostics, WARNING, place, "%s", message);
}

#define TEXT(...) arena_printf(tests->context->arena, __VA_ARGS__)

/* The row of `flags`, or -1. */
static int find_flags(const struct tests *tests, unsigned slot)
{
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (names_syscall(flags[i].call) == tests->call->name &&
		    find_argument(tests->call->name, flags[i].argument) == (int)slot)
			return (int)i;
	return -1;
}

static void lint_exact(const struct tests *tests, const struct condition *test)
{
	uint64_t all = test->width >= 64 ? UINT64_MAX : ((uint64_t)1 << test->width) - 1;

	if (test->bits == all && find_flags(tests, test->slot) >= 0)
		warn(tests, test->argument.place,
		     TEXT("'%s' of %s holds flags, and this %s exact values: with one flag "
			  "more the call passes",
			  test->argument.text, tests->call->name->name, tests->does))
			->hint = "test the bits that matter, with 'has' or with '&' and a mask";
}

/* A constant of several bits is one flag to who writes it. */
static void lint_together(const struct tests *tests, const struct condition *test)
{
	int row = find_flags(tests, test->slot);

	if (row >= 0 && test->values[0].terms.count > 1 && test->numbers[0] != flags[row].together)
		warn(tests, test->values[0].place,
		     TEXT("this %s '%s' of %s only with all of these flags at once: with one "
			  "flag less the call passes",
			  tests->does, test->argument.text, tests->call->name->name))
			->hint = TEXT("test the one that matters with 'has', or any of them with "
				      "'& (...) %s 0'",
				      tests->denies ? "!=" : "==");
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

/* False when there is none. */
static bool lint_access_mode(const struct tests *tests, const struct condition *test)
{
	uint64_t mode = test->numbers[0] & O_ACCMODE;

	if (!opens_files(tests->call, test->slot) || !mode)
		return false;
	warn(tests, test->argument.place,
	     TEXT("%s: files are opened for writing with O_WRONLY or with O_RDWR, and this %s %s",
		  mode == O_WRONLY ? "O_WRONLY is no flag"
		  : mode == O_RDWR ? "O_RDWR is no flag"
				   : "these are no flags",
		  tests->does, mode == O_ACCMODE ? "neither" : "one of them"))
		->hint = TEXT("write 'flags & (O_ACCMODE|O_CREAT|O_TRUNC) %s O_RDONLY'",
			      tests->denies ? "!=" : "==");
	return true;
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
	} else if (condition->op == TEST_HAS && holds && !lint_access_mode(tests, condition)) {
		lint_together(tests, condition);
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

		for (size_t j = 0; call->name && j < call->count; j++) {
			const struct decision *decision = &call->list[j];
			bool denies = !is_allowed(decision->action);
			const struct tests tests = { context, call, denies,
						     denies ? "denies" : "leaves out" };

			if (decision->origin == ORIGIN_TEXT && decision->decided &&
			    decision->condition && !has_reason(decision->place) &&
			    (denies ? is_made(phase, call) : !is_allowed(phase->otherwise.action)))
				lint_condition(&tests, decision->condition, denies);
		}
	}
}
