/* needs.c - what the library itself calls; see needs.h.
 *
 * A table per reason. Each row is what stands in preload/, argument by argument: who changes a call
 * there changes its row here, and tests/phases.bats locks twice with every step.
 */
#include "needs.h"

#include "build.h"
#include "outcome.h"

#include <sched.h>
#include <string.h>

/* In a program that was started under a lock, before it is armed: its policy is read, and memory is
 * made ready. */
static const struct own_need nested[] = {
	{ "openat where flags == O_RDONLY|O_CLOEXEC|O_NONBLOCK|O_NOCTTY", 0, NULL },
	{ "newfstatat", 0, NULL },
	{ "fstat", 0, NULL },
	{ "pread64", 0, NULL },
	{ "read", 0, NULL }, /* a text, to see whether it is still the same */
	{ "close", 0, NULL },
	{ "mmap where prot == PROT_READ|PROT_WRITE", 0, NULL },
	{ "munmap", 0, NULL },
	{ "madvise", 0, NULL },
	{ "unshare where unshare_flags == CLONE_THREAD", 0, NULL }, /* a trap would end it */
};

/* The program's file is found, where the function is. */
static const struct own_need nested_functions[] = {
	{ "readlinkat", 0, NULL },
};

/* Beneath what every phase allows for its own lock. */
static const struct own_need always[] = {
	{ "rt_sigreturn", 0, NULL },   /* the barrier's handler returns */
	{ "futex", 0, NULL },	       /* held threads are released */
	{ "rt_sigprocmask", 0, NULL }, /* the thread that locked gets its signal mask back */
	{ "getpid", 0, NULL },	       /* a thread on its way to the trigger asks who it is */
};

static const struct own_need traps[] = {
	{ "write", NEED_SPARED, NULL }, /* the report */
	{ "gettid", NEED_SPARED, NULL },
};

static const struct own_need filters[] = {
	{ "seccomp where op == SECCOMP_SET_MODE_FILTER and flags == SECCOMP_FILTER_FLAG_TSYNC", 0,
	  NULL },
	{ "prctl where option == PR_SET_NO_NEW_PRIVS", 0, NULL },
};

/* Files are not read for it: see task.h. */
static const struct own_need any_lock[] = {
	{ "prctl where option == PR_GET_NAME", 0, NULL },
	{ "rt_sigaction where sig == 33", 0, NULL }, /* the barrier's */
	{ "rt_tgsigqueueinfo where sig == 33", 0, NULL },
	{ "unshare where unshare_flags == CLONE_THREAD", NEED_SPARED, NULL }, /* asks, no more */
	{ "openat where flags == O_RDONLY|O_DIRECTORY|O_CLOEXEC", 0, NULL },  /* /proc/self/task */
	{ "lseek where offset == 0", 0, NULL },
	{ "getdents64", 0, NULL },
	{ "fstat", 0, NULL },
	{ "close", 0, NULL },
	{ "clock_gettime", 0, NULL },
	{ "nanosleep", 0, NULL },
	{ "gettid", 0, NULL },
	{ "write", NEED_SPARED, NULL },
	{ "exit_group", NEED_SPARED, NULL },
};

static const struct own_need deadlines[] = {
	{ "rt_sigaction where sig == 32", 0, NULL },
	{ "timer_create", 0, NULL }, /* in fork children */
	{ "timer_settime", 0, NULL },
	{ "timer_delete", 0, NULL },
};

/* The function's bytes are put back. */
static const struct own_need functions[] = {
	{ "mprotect where prot == PROT_READ|PROT_WRITE", NEED_WIDE, NULL },
	{ "mprotect where prot has PROT_READ|PROT_EXEC and not prot has PROT_WRITE", NEED_WIDE,
	  NULL },
};

/* An object that is loaded in between: its file is read, and the function watched. */
static const struct own_need objects[] = {
	{ "openat where flags == O_RDONLY|O_CLOEXEC|O_NONBLOCK|O_NOCTTY", NEED_WIDE, NULL },
	{ "mmap where prot within PROT_READ|PROT_WRITE", 0, NULL },
	{ "munmap", 0, NULL },
};

#define OF_LANDLOCK (POLICYC_STEP_FILES | POLICYC_STEP_PORTS | POLICYC_STEP_SCOPE)
#define WITH_RIGHTS (POLICYC_STEP_ROOT | POLICYC_STEP_DETACH)
#define OF_RIGHTS   (WITH_RIGHTS | POLICYC_STEP_CAPABILITIES)

static const struct {
	uint32_t steps; /* any of them */
	struct own_need need;
} of_steps[] = {
	{ POLICYC_STEP_DESCRIPTORS, { "close_range", 0, NULL } },
	{ POLICYC_STEP_DESCRIPTORS, { "fcntl where cmd in {F_GETFD, F_GETFL}", 0, NULL } },
	{ POLICYC_STEP_DESCRIPTORS, { "getpeername", 0, NULL } },
	{ POLICYC_STEP_DESCRIPTORS, { "getsockname", 0, NULL } },
	{ POLICYC_STEP_DESCRIPTORS,
	  { "getsockopt where level == SOL_SOCKET and optname in {SO_DOMAIN, SO_TYPE, SO_PROTOCOL}",
	    0, NULL } },
	{ POLICYC_STEP_DESCRIPTORS, { "readlinkat", 0, NULL } },
	{ POLICYC_STEP_FILES, { "openat where flags == O_PATH|O_CLOEXEC", 0, NULL } },
	{ POLICYC_STEP_FILES | POLICYC_STEP_PORTS, { "landlock_add_rule", 0, NULL } },
	{ OF_LANDLOCK, { "landlock_create_ruleset", 0, NULL } },
	{ OF_LANDLOCK, { "landlock_restrict_self", 0, NULL } },
	{ POLICYC_STEP_ROOT, { "chdir", 0, NULL } },
	{ POLICYC_STEP_ROOT, { "statx where mask == STATX_MNT_ID", 0, NULL } },
	{ POLICYC_STEP_ROOT, { "mount_setattr where flags == AT_RECURSIVE", NEED_WIDE, NULL } },
	{ POLICYC_STEP_ROOT, { "pivot_root", NEED_WIDE, NULL } },
	{ POLICYC_STEP_ROOT, { "umount2 where flags == MNT_DETACH", NEED_WIDE, NULL } },
	{ POLICYC_STEP_ROOT,
	  { "mount where flags in {MS_BIND|MS_REC, MS_NOSUID|MS_NODEV|MS_NOEXEC|MS_RDONLY}",
	    NEED_WIDE, NULL } },
	{ OF_RIGHTS, { "capget", 0, NULL } },
	{ WITH_RIGHTS, { "capset", NEED_WIDE, NULL } }, /* raises what was kept for the lock */
	{ POLICYC_STEP_CAPABILITIES, { "capset", 0, NULL } },
	{ OF_RIGHTS, { "getresuid", 0, NULL } },
	{ OF_RIGHTS, { "prctl where option == PR_SET_KEEPCAPS and arg2 == 0", 0, NULL } },
	{ POLICYC_STEP_CAPABILITIES,
	  { "prctl where option in {PR_CAPBSET_READ, PR_CAPBSET_DROP, PR_GET_SECUREBITS, "
	    "PR_SET_SECUREBITS}",
	    0, NULL } },
	{ POLICYC_STEP_NOT_DUMPABLE,
	  { "prctl where option == PR_SET_DUMPABLE and arg2 == 0", 0, NULL } },
};

/* To make a namespace, and to bring the other threads into it. */
static const struct {
	uint64_t flags;
	struct own_need need;
} of_namespaces[] = {
	{ CLONE_NEWPID, { "unshare where unshare_flags == CLONE_NEWPID", NEED_WIDE, NULL } },
	{ CLONE_NEWCGROUP, { "unshare where unshare_flags == CLONE_NEWCGROUP", NEED_WIDE, NULL } },
	{ CLONE_NEWCGROUP, { "setns where flags == CLONE_NEWCGROUP", NEED_WIDE, NULL } },
	{ CLONE_NEWIPC, { "unshare where unshare_flags == CLONE_NEWIPC", NEED_WIDE, NULL } },
	{ CLONE_NEWIPC, { "setns where flags == CLONE_NEWIPC", NEED_WIDE, NULL } },
	{ CLONE_NEWUTS, { "unshare where unshare_flags == CLONE_NEWUTS", NEED_WIDE, NULL } },
	{ CLONE_NEWUTS, { "setns where flags == CLONE_NEWUTS", NEED_WIDE, NULL } },
	{ CLONE_NEWNET, { "unshare where unshare_flags == CLONE_NEWNET", NEED_WIDE, NULL } },
	{ CLONE_NEWNET, { "setns where flags == CLONE_NEWNET", NEED_WIDE, NULL } },
	{ CLONE_NEWNS,
	  { "unshare where unshare_flags in {CLONE_NEWNS, CLONE_FS}", NEED_WIDE, NULL } },
	{ CLONE_NEWNS, { "setns where flags == CLONE_NEWNS", NEED_WIDE, NULL } },
	{ CLONE_NEWNS, { "mount where flags == MS_REC|MS_SLAVE", NEED_WIDE, NULL } },
	{ CLONE_NEWNS, { "chroot", NEED_WIDE, NULL } },
	{ CLONE_NEWNS, { "fchdir", 0, NULL } },
	{ CLONE_NEWNS, { "openat where flags == O_PATH|O_DIRECTORY|O_CLOEXEC", 0, NULL } },
	{ CLONE_NEWCGROUP | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWNS,
	  { "openat where flags == O_RDONLY|O_CLOEXEC", NEED_WIDE, NULL } }, /* what threads join */
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* One phase's needs being told. */
struct teller {
	struct arena *arena;
	const struct phase *later;
	need_function each;
	void *data;
};

static void tell(const struct teller *teller, const struct own_need *need)
{
	struct own_need told = *need;

	told.later = teller->later;
	teller->each(teller->data, &told);
}

static void tell_all(const struct teller *teller, const struct own_need *needs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		tell(teller, &needs[i]);
}

static void tell_limits(const struct teller *teller, const struct steps *steps)
{
	for (size_t i = 0; i < steps->limit_count; i++)
		tell(teller,
		     &(struct own_need){ arena_printf(teller->arena,
						      "prlimit64 where pid == 0 and resource == %u",
						      steps->limits[i].resource),
					 0, NULL });
}

static void tell_steps(const struct teller *teller, const struct steps *steps)
{
	for (size_t i = 0; i < COUNT(of_steps); i++)
		if (steps->steps & of_steps[i].steps)
			tell(teller, &of_steps[i].need);
	for (size_t i = 0; i < COUNT(of_namespaces); i++)
		if (steps->detach & of_namespaces[i].flags)
			tell(teller, &of_namespaces[i].need);
	tell_limits(teller, steps);
}

static void tell_triggers(const struct teller *teller, const struct phase *later)
{
	for (size_t i = 0; i < later->trigger_count; i++) {
		const struct trigger *trigger = &later->triggers[i];

		if (trigger->kind == POLICYC_TRIGGER_SIGNAL)
			tell(teller,
			     &(struct own_need){ arena_printf(teller->arena,
							      "rt_sigaction where sig == %u",
							      trigger->signal),
						 0, NULL });
		if (trigger->kind != POLICYC_TRIGGER_CALL)
			continue;
		tell_all(teller, functions, COUNT(functions));
		if (trigger->object)
			tell_all(teller, objects, COUNT(objects));
	}
	if (later->deadline.action)
		tell_all(teller, deadlines, COUNT(deadlines));
}

/* The filter itself, and what comes with it. */
static void tell_filter(const struct teller *teller)
{
	static const struct own_need handler = { "rt_sigaction where sig == SIGSYS", 0, NULL };

	tell_all(teller, filters, COUNT(filters));
	if (teller->later->traps)
		tell(teller, &handler);
	tell_steps(teller, &teller->later->steps);
}

static void tell_later(const struct teller *teller)
{
	tell_filter(teller);
	tell_all(teller, any_lock, COUNT(any_lock));
	tell_triggers(teller, teller->later);
}

/* Whether `later` may lock in a process where `phase` is locked. */
static bool locks_after(const struct policy *policy, const struct phase *phase,
			const struct phase *later)
{
	return later > phase && !(phase->apart & 1u << (later - policy->phases));
}

void each_need(struct arena *arena, const struct policy *policy, const struct phase *phase,
	       need_function each, void *data)
{
	struct teller teller = { .arena = arena, .each = each, .data = data };

	tell_all(&teller, always, COUNT(always));
	if (phase->traps)
		tell_all(&teller, traps, COUNT(traps));
	for (size_t i = 0; i < policy->phase_count; i++) {
		teller.later = &policy->phases[i];
		if (locks_after(policy, phase, teller.later))
			tell_later(&teller);
	}
}

void each_unrecorded_need(struct arena *arena, const struct phase *phase, need_function each,
			  void *data)
{
	const struct teller teller = { .arena = arena, .later = phase, .each = each, .data = data };

	tell_filter(&teller);
	if (phase->deadline.action)
		tell_all(&teller, deadlines, COUNT(deadlines));
}

void each_nested_need(struct arena *arena, const struct phase *phase, need_function each,
		      void *data)
{
	const struct teller teller = { .arena = arena, .later = phase, .each = each, .data = data };

	tell_all(&teller, nested, COUNT(nested));
	for (size_t i = 0; i < phase->trigger_count; i++)
		if (phase->triggers[i].kind == POLICYC_TRIGGER_CALL)
			tell_all(&teller, nested_functions, COUNT(nested_functions));
	tell_later(&teller);
}

/* --- lines that deny a need ------------------------------------------------------------------- */

struct asker {
	struct context *context;
	const struct policy *policy;
	const struct phase *phase;
	struct diagram diagram;
};

typedef bool (*verdict_function)(const struct implied *implied, const struct verdict *verdict);

/* The first verdict of this kind among those that the phase has for the need. */
static const struct verdict *find_verdict(struct asker *asker, const struct implied *implied,
					  verdict_function is_one)
{
	struct arena *arena = asker->context->arena;
	struct cubes cubes = cubes_of(arena, implied->condition);

	for (size_t i = 0; i < cubes.count; i++) {
		struct outcomes outcomes =
			find_outcomes(asker->context, &asker->diagram, asker->policy, asker->phase,
				      implied->number, &cubes.list[i]);

		for (size_t j = 0; j < outcomes.count; j++)
			if (is_one(implied, &outcomes.list[j].verdict))
				return &outcomes.list[j].verdict;
	}
	return NULL;
}

/* An error is an answer that some calls can live with; a death is none. */
static bool is_denial(const struct implied *implied, const struct verdict *verdict)
{
	if (is_allowed(verdict->action) || !verdict->decision ||
	    verdict->decision->origin != ORIGIN_TEXT)
		return false;
	return !(implied->need.flags & NEED_SPARED) || verdict->action.kind > ACTION_TRAP_ERRNO;
}

static const char *how(struct arena *arena, const struct implied *implied)
{
	return implied->text ? arena_printf(arena, " where %s", implied->text) : "";
}

static void refuse_denied(struct asker *asker, const struct implied *implied)
{
	const struct verdict *verdict = find_verdict(asker, implied, is_denial);
	const char *name = names_number(asker->policy->arch, implied->number)->name;
	struct arena *arena = asker->context->arena;

	if (!verdict)
		return;
	diagnose(asker->context->diagnostics, ERROR, verdict->decision->place,
		 "%s cannot be denied in phase '%s': to lock phase '%s' the library itself needs "
		 "%s%s",
		 name, asker->phase->name, implied->need.later->name, name, how(arena, implied))
		->hint = arena_printf(arena,
				      "leave that to phase '%s'; or write 'apart %s' here, if no "
				      "process is ever locked in both, by itself or by fork",
				      implied->need.later->name, implied->need.later->name);
}

void refuse_denied_needs(struct context *context, const struct policy *policy)
{
	struct asker asker = { .context = context, .policy = policy };

	if (policy->phase_count > 1)
		diagram_begin(&asker.diagram, context->arena);
	for (size_t i = 0; i < policy->phase_count; i++) {
		asker.phase = &policy->phases[i];
		for (size_t j = 0; j < asker.phase->implied_count; j++)
			if (asker.phase->implied[j].need.later)
				refuse_denied(&asker, &asker.phase->implied[j]);
	}
}

/* --- needs that give more than the lines say -------------------------------------------------- */

static bool is_gift(const struct implied *implied, const struct verdict *verdict)
{
	return verdict->decision && verdict->decision->origin == ORIGIN_IMPLIED;
}

static bool has_word(const char *list, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = list; (at = strstr(at, word)); at += length)
		if ((at == list || at[-1] == ' ') && (!at[length] || at[length] == ','))
			return true;
	return false;
}

/* "mprotect, openat": those that the phase allows for nothing but the library's sake. */
static const char *find_gifts(struct asker *asker, const struct phase **later)
{
	const char *names = "";

	for (size_t i = 0; i < asker->phase->implied_count; i++) {
		const struct implied *implied = &asker->phase->implied[i];
		const char *name = names_number(asker->policy->arch, implied->number)->name;

		if (!(implied->need.flags & NEED_WIDE) || has_word(names, name) ||
		    !find_verdict(asker, implied, is_gift))
			continue;
		*later = implied->need.later;
		names = arena_printf(asker->context->arena, "%s%s%s", names, *names ? ", " : "",
				     name);
	}
	return names;
}

void lint_needs(struct context *context, const struct policy *policy)
{
	struct asker asker = { .context = context, .policy = policy };

	if (policy->phase_count > 1)
		diagram_begin(&asker.diagram, context->arena);
	for (size_t i = 0; i + 1 < policy->phase_count; i++) {
		const struct phase *later = NULL;
		const char *names;

		asker.phase = &policy->phases[i];
		names = find_gifts(&asker, &later);
		if (!*names || has_reason(asker.phase->place))
			continue;
		diagnose(context->diagnostics, WARNING, asker.phase->place,
			 "phase '%s' allows more than its lines say, because the library needs it "
			 "to lock phase '%s': %s",
			 asker.phase->name, later->name, names)
			->hint = "'sandboxctl show' has the arguments; if it must be, say why in a "
				 "comment on this line or above it";
	}
}
