/* groups.c - calls as groups of the language; see groups.h. */
#include "groups.h"

#include <string.h>

/* A group is taken when one in NEARLY_ALL of its calls, at most, was not seen. */
enum { NEARLY_ALL = 5, USEFUL = 2, SPELLINGS_MAX = 5 };

static const struct {
	const char *name, *why;
	bool is_rest;
} always[] = {
	{ "base", "to run on and to end", false },
	{ "abort", "to die with a message", true },
};

bool is_always_given(const char *word, size_t length)
{
	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		if (length == strlen(always[i].name) + 1 && word[0] == '@' &&
		    !memcmp(word + 1, always[i].name, length - 1))
			return true;
	return false;
}

/* The first that fits takes its calls: narrow ones first. */
static const char *const candidates[] = {
	"event-loop", "accept", "sockets-info", "sleep",      "poll",	   "signal-wait",
	"file-info",  "timers", "pipes",	"send-file",  "malloc",	   "thread",
	"stream-io",  "fork",	"connect",	"open-write", "open-read",
};

const char *const sensitive_calls[SENSITIVE] = {
	"bind",	    "socket", "connect",  "accept",   "accept4", "listen",
	"setreuid", "chmod",  "mprotect", "recvfrom", "setuid",	 "setgid",
	"sendto",   "execve", "execveat", "clone",    "fork",	 "ptrace",
};

/* One right in several spellings: which of them a libc calls says nothing about the program. */
static const char *const spellings[][SPELLINGS_MAX] = {
	{ "epoll_wait", "epoll_pwait", "epoll_pwait2" },
	{ "accept", "accept4" },
	{ "poll", "ppoll" },
	{ "select", "pselect6" },
	{ "stat", "lstat", "fstat", "newfstatat", "statx" },
	{ "access", "faccessat", "faccessat2" },
	{ "readlink", "readlinkat" },
	{ "getdents", "getdents64" },
	{ "rename", "renameat", "renameat2" },
	{ "unlink", "unlinkat" },
	{ "mkdir", "mkdirat" },
	{ "pipe", "pipe2" },
	{ "dup2", "dup3" },
	{ "eventfd", "eventfd2" },
	{ "signalfd", "signalfd4" },
	{ "nanosleep", "clock_nanosleep" },
	{ "preadv", "preadv2" },
	{ "pwritev", "pwritev2" },
	{ "wait4", "waitid" },
};

struct chooser {
	struct context *context;
	const enum need *needs;
	bool dangerous[TABLE_NUMBERS];
	struct choice choice;
};

static struct numbers calls_of(struct chooser *chooser, const char *group)
{
	return resolve_group(chooser->context, group, NULL, ARCH_NATIVE);
}

static bool is_spelling(uint32_t number, const char *const *row, bool *is_seen,
			const struct chooser *chooser)
{
	bool is_member = false;

	*is_seen = false;
	for (size_t i = 0; i < SPELLINGS_MAX && row[i]; i++) {
		int other = names_syscall(row[i])->number[ARCH_NATIVE];

		is_member |= other == (int)number;
		*is_seen |= other >= 0 && chooser->needs[other] == NEED_ALL;
	}
	return is_member;
}

/* Seen, or another spelling of it was. */
static bool is_seen(const struct chooser *chooser, uint32_t number)
{
	bool seen;

	if (chooser->needs[number] == NEED_ALL)
		return true;
	for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++)
		if (is_spelling(number, spellings[i], &seen, chooser) && seen)
			return true;
	return false;
}

static bool fits(const struct chooser *chooser, const struct numbers *calls)
{
	size_t useful = 0, unseen = 0;

	for (size_t i = 0; i < calls->count; i++) {
		uint32_t number = calls->list[i];

		if (number >= TABLE_NUMBERS || chooser->needs[number] == NEED_SOME)
			return false; /* its conditions would be lost */
		if (!is_seen(chooser, number) && chooser->dangerous[number])
			return false;
		unseen += !is_seen(chooser, number) && !chooser->choice.covers[number];
		useful += chooser->needs[number] == NEED_ALL && !chooser->choice.covers[number];
	}
	return useful >= USEFUL && unseen * NEARLY_ALL <= calls->count;
}

static void take(struct chooser *chooser, struct chosen group)
{
	struct choice *choice = &chooser->choice;
	struct arena *arena = chooser->context->arena;

	group.name = arena_printf(arena, "@%s", group.name);
	*ARENA_PUSH(arena, choice->list, choice->count) = group;
	for (size_t i = 0; i < group.calls.count && !group.is_rest; i++)
		if (group.calls.list[i] < TABLE_NUMBERS)
			choice->covers[group.calls.list[i]] = true;
}

void find_dangerous(struct context *context, bool dangerous[TABLE_NUMBERS])
{
	struct numbers calls = resolve_group(context, "dangerous", NULL, ARCH_NATIVE);

	for (size_t i = 0; i < calls.count; i++)
		if (calls.list[i] < TABLE_NUMBERS)
			dangerous[calls.list[i]] = true;
}

void find_notable(struct context *context, bool notable[TABLE_NUMBERS])
{
	find_dangerous(context, notable);
	for (size_t i = 0; i < SENSITIVE; i++)
		if (names_syscall(sensitive_calls[i])->number[ARCH_NATIVE] >= 0)
			notable[names_syscall(sensitive_calls[i])->number[ARCH_NATIVE]] = true;
}

struct choice choose_groups(struct context *context, const enum need needs[TABLE_NUMBERS],
			    bool exact)
{
	struct chooser chooser = { .context = context, .needs = needs };

	find_notable(context, chooser.dangerous);
	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		take(&chooser, (struct chosen){ always[i].name, always[i].why, always[i].is_rest,
						calls_of(&chooser, always[i].name) });
	for (size_t i = 0; !exact && i < sizeof(candidates) / sizeof(candidates[0]); i++) {
		struct numbers calls = calls_of(&chooser, candidates[i]);

		if (fits(&chooser, &calls))
			take(&chooser, (struct chosen){ candidates[i], NULL, false, calls });
	}
	return chooser.choice;
}
