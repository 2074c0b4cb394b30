/* lint_around.c - calls that do what another line denies; see build.h.
 *
 * What it does: knows which calls have the same effect, and warns where a policy denies one of
 * them, or limits it, and lets another one be made. What it must not do: judge what a policy leaves
 * open of its own will, and no line denies.
 *
 * A filter sees calls, not effects. A row is one way to an effect: a call, and the bits of an
 * argument with which it has that effect.
 */
#include "bind.h"
#include "build.h"
#include "outcome.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/shm.h>

enum { WAYS_NAMED = 3 };

#define INT_BITS 0xffffffffu

#define ANY(call)                                                                                  \
	{                                                                                          \
		call, NULL, 0, 0, false, false                                                     \
	}
#define ALSO(call)                                                                                 \
	{                                                                                          \
		call, NULL, 0, 0, true, false                                                      \
	}
#define WITH(call, argument, mask, v)                                                              \
	{                                                                                          \
		call, argument, mask, v, false, false                                              \
	}
#define ALSO_WITH(call, argument, mask, v)                                                         \
	{                                                                                          \
		call, argument, mask, v, true, false                                               \
	}
#define TOLD(call, argument, mask, v)                                                              \
	{                                                                                          \
		call, argument, mask, v, false, true                                               \
	}

static const struct effect {
	const char *what;   /* "both WHAT" */
	const char *needed; /* a call without which none of them has the effect */
	struct way {
		const char *call, *argument; /* no argument: with any */
		uint64_t mask, value;
		bool aside; /* denied alone it means nothing: the effect has another usual way */
		bool told;  /* lint.c warns of lines that allow it */
	} ways[8];
} effects[] = {
	{ "start programs", NULL, { ANY("execve"), ALSO("execveat") } },
	{ "start processes",
	  NULL,
	  { ANY("fork"), ALSO("vfork"), WITH("clone", "clone_flags", CLONE_THREAD, 0),
	    ALSO("clone3") } },
	{ "open files for writing",
	  NULL,
	  { WITH("openat", "flags", O_ACCMODE, O_WRONLY),
	    ALSO_WITH("open", "flags", O_ACCMODE, O_WRONLY), ALSO("openat2"), ALSO("creat"),
	    ALSO_WITH("open_by_handle_at", "flags", O_ACCMODE, O_WRONLY) } },
	{ "open files",
	  NULL,
	  { WITH("openat", "flags", O_ACCMODE, O_RDONLY),
	    ALSO_WITH("open", "flags", O_ACCMODE, O_RDONLY), ALSO("openat2"),
	    ALSO_WITH("open_by_handle_at", "flags", O_ACCMODE, O_RDONLY) } },
	{ "make files",
	  NULL,
	  { WITH("openat", "flags", O_CREAT, O_CREAT), ALSO_WITH("open", "flags", O_CREAT, O_CREAT),
	    ALSO("openat2"), ALSO("creat") } },
	{ "rename files",
	  NULL,
	  { ANY("rename"), ANY("renameat"), WITH("renameat2", "flags", INT_BITS, 0) } },
	{ "remove files", NULL, { ANY("unlink"), WITH("unlinkat", "flag", AT_REMOVEDIR, 0) } },
	{ "remove directories",
	  NULL,
	  { ANY("rmdir"), WITH("unlinkat", "flag", AT_REMOVEDIR, AT_REMOVEDIR) } },
	{ "make directories", NULL, { ANY("mkdir"), ANY("mkdirat") } },
	{ "make links to files", NULL, { ANY("link"), ANY("linkat") } },
	{ "make symbolic links", NULL, { ANY("symlink"), ANY("symlinkat") } },
	{ "make devices and pipes", NULL, { ANY("mknod"), ANY("mknodat") } },
	{ "change the modes of files",
	  NULL,
	  { ANY("chmod"), ANY("fchmod"), ANY("fchmodat"), ALSO("fchmodat2") } },
	{ "change the owners of files",
	  NULL,
	  { ANY("chown"), ANY("lchown"), ANY("fchown"), ANY("fchownat") } },
	{ "cut files", NULL, { ANY("truncate"), ANY("ftruncate") } },
	{ "set extended attributes",
	  NULL,
	  { ANY("setxattr"), ANY("lsetxattr"), ANY("fsetxattr"), ANY("setxattrat") } },
	{ "mount file systems", NULL, { ANY("mount"), ALSO("move_mount") } },
	{ "reach other machines",
	  "socket",
	  { ANY("connect"), ALSO("sendto"), ALSO("sendmsg"), ALSO("sendmmsg") } },
	{ "take connections", NULL, { ANY("accept"), ANY("accept4") } },
	{ "make memory executable",
	  NULL,
	  { TOLD("mprotect", "prot", PROT_EXEC, PROT_EXEC),
	    TOLD("pkey_mprotect", "prot", PROT_EXEC, PROT_EXEC),
	    WITH("mmap", "prot", PROT_EXEC | PROT_WRITE, PROT_EXEC), /* a file's, or shared */
	    ALSO_WITH("shmat", "shmflg", SHM_EXEC, SHM_EXEC),
	    ALSO_WITH("personality", "personality", READ_IMPLIES_EXEC, READ_IMPLIES_EXEC) } },
	{ "reach into other processes",
	  NULL,
	  { ANY("ptrace"), ANY("process_vm_writev"), ANY("process_vm_readv"),
	    ALSO("pidfd_getfd") } },
	{ "send signals",
	  NULL,
	  { ANY("kill"), ALSO("tkill"), ALSO("tgkill"), ALSO("rt_sigqueueinfo"),
	    ALSO("rt_tgsigqueueinfo"), ALSO("pidfd_send_signal") } },
	{ "make user namespaces",
	  NULL,
	  { WITH("clone", "clone_flags", CLONE_NEWUSER, CLONE_NEWUSER),
	    WITH("unshare", "unshare_flags", CLONE_NEWUSER, CLONE_NEWUSER), ALSO("clone3") } },
	{ "make mount namespaces",
	  NULL,
	  { WITH("clone", "clone_flags", CLONE_NEWNS, CLONE_NEWNS),
	    WITH("unshare", "unshare_flags", CLONE_NEWNS, CLONE_NEWNS), ALSO("clone3") } },
	{ "make network namespaces",
	  NULL,
	  { WITH("clone", "clone_flags", CLONE_NEWNET, CLONE_NEWNET),
	    WITH("unshare", "unshare_flags", CLONE_NEWNET, CLONE_NEWNET), ALSO("clone3") } },
	{ "change the user", NULL, { ANY("setuid"), ANY("setreuid"), ANY("setresuid") } },
	{ "change the group", NULL, { ANY("setgid"), ANY("setregid"), ANY("setresgid") } },
	{ "set limits", NULL, { ANY("setrlimit"), ANY("prlimit64") } },
	{ "set the clock",
	  NULL,
	  { ANY("settimeofday"), ANY("clock_settime"), ALSO("clock_adjtime"), ALSO("adjtimex") } },
	{ "load modules", NULL, { ANY("init_module"), ANY("finit_module") } },
	{ "load kernels", NULL, { ANY("kexec_load"), ANY("kexec_file_load") } },
	{ "drive hardware", NULL, { ANY("iopl"), ANY("ioperm") } },
	{ "add filters",
	  NULL,
	  { ANY("seccomp"), WITH("prctl", "option", INT_BITS, PR_SET_SECCOMP) } },
};

#define WAYS_MAX (sizeof(effects[0].ways) / sizeof(effects[0].ways[0]))

/* What io_uring does for a program that it may not do itself: io_uring_enter(2), IORING_OP_*. */
static const char *const by_ring[] = {
	"openat",    "openat2",	  "open",     "creat",	   "connect",	"bind",
	"listen",    "accept4",	  "accept",   "socket",	   "sendmsg",	"sendto",
	"recvmsg",   "recvfrom",  "rename",   "renameat",  "renameat2", "unlink",
	"unlinkat",  "mkdir",	  "mkdirat",  "link",	   "linkat",	"symlink",
	"symlinkat", "ftruncate", "setxattr", "fsetxattr", "splice",	"tee",
};

struct around {
	struct context *context;
	const struct policy *policy;
	const struct phase *phase;
	struct diagram *diagram;
	struct place *said; /* where a warning stands: one is enough */
	size_t said_count;

	/* Of the effect that is looked at: */
	const struct effect *effect;
	const struct way *denied; /* the first that is shut */
	struct place denied_at;	  /* the line that says so */
	const char *names;	  /* of the ways that the default leaves open */
	size_t count;
};

/* What can come of the call when it is this way. */
static struct outcomes outcomes_in(const struct around *around, const struct phase *phase,
				   const struct way *way)
{
	const struct syscall_name *name = names_syscall(way->call);
	int number = name->number[around->policy->arch];
	struct cube given = { 0 };

	if (number < 0)
		return (struct outcomes){ 0 };
	if (way->argument) {
		int slot = find_argument(name, way->argument);

		given.mask[slot] = way->mask;
		given.value[slot] = way->value;
	}
	return find_outcomes(around->context, around->diagram, around->policy, phase,
			     (uint32_t)number, &given);
}

static struct outcomes outcomes_of(const struct around *around, const struct way *way)
{
	return outcomes_in(around, around->phase, way);
}

static bool is_from_text(const struct verdict *verdict)
{
	return verdict->decision && verdict->decision->origin == ORIGIN_TEXT;
}

/* A line of the text that tests the call's arguments, or NULL: it means that there are other cases.
 */
static const struct decision *limiting_line(const struct around *around, const char *call)
{
	int number = names_syscall(call)->number[around->policy->arch];
	const struct call *lines = number < 0 ? NULL : find_call(around->phase, (uint32_t)number);

	for (size_t i = 0; lines && i < lines->count; i++)
		if (lines->list[i].origin == ORIGIN_TEXT && lines->list[i].condition)
			return &lines->list[i];
	return NULL;
}

/* With ENOSYS a program is told to take the other way. */
static bool is_fallback(struct action action)
{
	return action.kind == ACTION_ERRNO && action.error == ENOSYS;
}

/* Is the way shut, by somebody who meant it? `quite`: in every case, else in any. */
static bool is_denied(struct around *around, const struct way *way, bool quite)
{
	struct outcomes outcomes = outcomes_of(around, way);
	const struct decision *line = NULL;

	for (size_t i = 0; i < outcomes.count; i++) {
		const struct verdict *verdict = &outcomes.list[i].verdict;

		if (is_allowed(verdict->action) && quite)
			return false;
		if (is_allowed(verdict->action) || is_fallback(verdict->action) || line)
			continue;
		line = is_from_text(verdict) ? verdict->decision : limiting_line(around, way->call);
	}
	if (!line)
		return false;
	around->denied = way;
	around->denied_at = line->place;
	return true;
}

/* The verdict that leaves the way open, the default's before a line's, or NULL; `outcomes` keeps
 * it. */
static const struct verdict *what_allows(const struct outcomes *outcomes)
{
	const struct verdict *found = NULL;

	for (size_t i = 0; i < outcomes->count; i++) {
		const struct verdict *verdict = &outcomes->list[i].verdict;

		if (!is_allowed(verdict->action))
			continue;
		if (!verdict->decision)
			return verdict;
		if (!found && is_from_text(verdict))
			found = verdict;
	}
	return found;
}

static bool is_shut(const struct around *around, const struct way *way)
{
	struct outcomes outcomes = outcomes_of(around, way);

	return !what_allows(&outcomes);
}

/* An earlier phase that is locked by then leaves nothing of it. */
static bool is_shut_before(const struct around *around, const struct way *way)
{
	size_t self = (size_t)(around->phase - around->policy->phases);

	for (size_t i = 0; i < self; i++) {
		const struct phase *earlier = &around->policy->phases[i];
		struct outcomes outcomes = outcomes_in(around, earlier, way);

		if (!(earlier->apart & 1u << self) && !what_allows(&outcomes))
			return true;
	}
	return false;
}

static struct diagnostic *warn(const struct around *around, struct place place, const char *message)
{
	return diagnose(around->context->diagnostics, WARNING, place, "%s", message);
}

#define TEXT(...) arena_printf(around->context->arena, __VA_ARGS__)

static bool is_said(struct around *around, struct place place)
{
	for (size_t i = 0; i < around->said_count; i++)
		if (around->said[i].start == place.start && around->said[i].column == place.column)
			return true;
	*ARENA_PUSH(around->context->arena, around->said, around->said_count) = place;
	return false;
}

/* lint.c has words of its own for clone3 beside tests on clone. */
static bool is_told(const struct around *around, const struct way *way, bool by_line)
{
	return (way->told && by_line) ||
	       (!strcmp(way->call, "clone3") && limiting_line(around, "clone"));
}

static void look_at(struct around *around, const struct way *way)
{
	struct outcomes outcomes = outcomes_of(around, way);
	const struct verdict *verdict = what_allows(&outcomes);

	if (!verdict || is_told(around, way, verdict->decision) || is_shut_before(around, way))
		return;
	if (!verdict->decision) {
		if (around->count++ < WAYS_NAMED)
			around->names = TEXT("%s%s%s", around->names, around->count > 1 ? ", " : "",
					     way->call);
		return;
	}
	if (has_reason(verdict->decision->place) || is_said(around, verdict->decision->place))
		return;
	warn(around, verdict->decision->place,
	     TEXT("%s is allowed, and %s is not, as %s says: both %s", way->call,
		  around->denied->call, place_text(around->context->arena, around->denied_at),
		  around->effect->what))
		->hint = reason_hint;
}

static const char open_hint[] =
	"deny it, too, or allow it in a line of its own with a comment that says why";

/* What the default leaves open is said at the line that denies. */
static void say_open(struct around *around)
{
	const char *more = "";

	if (!around->count || is_said(around, around->denied_at))
		return;
	if (around->count > WAYS_NAMED)
		more = TEXT(" and %zu more", around->count - WAYS_NAMED);
	warn(around, around->denied_at,
	     TEXT("%s is denied here, and the default allows %s%s: %s %s", around->denied->call,
		  around->names, more, around->count > 1 ? "all" : "both", around->effect->what))
		->hint = open_hint;
}

static void lint_effect(struct around *around)
{
	const struct way *ways = around->effect->ways;
	const struct way needed = { .call = around->effect->needed };

	if (needed.call && is_shut(around, &needed))
		return;
	around->denied = NULL;
	around->names = "";
	around->count = 0;
	for (size_t i = 0; i < WAYS_MAX && ways[i].call && !around->denied; i++)
		if (!ways[i].aside)
			is_denied(around, &ways[i], true);
	if (!around->denied)
		return;
	for (size_t i = 0; i < WAYS_MAX && ways[i].call; i++)
		look_at(around, &ways[i]);
	say_open(around);
}

/* A line that allows io_uring has to have a reason already: @dangerous lists it. */
static void lint_ring(struct around *around)
{
	static const struct way ring[] = { ANY("io_uring_setup"), ANY("io_uring_enter") };

	for (size_t i = 0; i < sizeof(ring) / sizeof(ring[0]); i++) {
		struct outcomes outcomes = outcomes_of(around, &ring[i]);
		const struct verdict *verdict = what_allows(&outcomes);

		if (!verdict || verdict->decision || is_shut_before(around, &ring[i]))
			return;
	}
	for (size_t i = 0; i < sizeof(by_ring) / sizeof(by_ring[0]); i++) {
		const struct way way = { .call = by_ring[i] };

		if (!is_denied(around, &way, false))
			continue;
		warn(around, around->denied_at,
		     TEXT("%s is denied here, and the default allows io_uring, which does it "
			  "unseen by the filter",
			  way.call))
			->hint = open_hint;
		return;
	}
}

void lint_around(struct context *context, struct diagram *diagram, const struct policy *policy,
		 const struct phase *phase)
{
	struct around around = {
		.context = context, .policy = policy, .phase = phase, .diagram = diagram
	};

	for (size_t i = 0; i < sizeof(effects) / sizeof(effects[0]); i++) {
		around.effect = &effects[i];
		lint_effect(&around);
	}
	lint_ring(&around);
}
