/* namespaces.c - the steps `root` and `detach`: namespaces of the program's own.
 *
 * At load, while there is one thread: a program without CAP_SYS_ADMIN gets a user namespace (no
 * other can be made without one, and none with threads); one that has it keeps it for later, though
 * it may change to another user meanwhile (capabilities.c). Nothing else happens then: until the
 * lock the program binds, connects and mounts where it is.
 *
 * At the lock: the firing thread makes the other namespaces, and changes the root in its own mount
 * namespace (root.c). Every other thread then joins. A thread joins a mount namespace only with a
 * root and a current directory that it shares with nobody (CLONE_FS): from then on chdir and umask
 * count for the thread that calls them. In return no other process is touched: nginx' master keeps
 * its files when a worker gives them up.
 * PID namespaces are for children only, and each thread makes its own: one that has no process in
 * it yet cannot be joined.
 *
 * What it must not do: leave a thread behind, or a descriptor open.
 * Contract: hook; namespaces_prepare: load; the work on each thread: signal.
 */
#include "lockdown/namespaces.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdbool.h>

#include "lockdown/barrier.h"
#include "lockdown/capabilities.h"
#include "lockdown/proc.h"
#include "lockdown/root.h"
#include "lockdown/steps.h"
#include "lockdown/user_namespace.h"
#include "policyc.h"
#include "raw.h"
#include "report/report.h"

#define RIGHTS (1ull << CAP_SYS_ADMIN | 1ull << CAP_SYS_CHROOT)

#define INSTEAD                                                                                    \
	"; start the program as root, use Landlock (read, write, bind, connect) instead of root "  \
	"and detach, or name them in `optional` to go on without"

/* In the order they are made. */
static const struct {
	int flag;
	const char *file; /* below /proc: what the other threads join */
} kinds[] = {
	{ CLONE_NEWCGROUP, "thread-self/ns/cgroup" }, { CLONE_NEWIPC, "thread-self/ns/ipc" },
	{ CLONE_NEWUTS, "thread-self/ns/uts" },	      { CLONE_NEWNET, "thread-self/ns/net" },
	{ CLONE_NEWNS, "thread-self/ns/mnt" },
};

#define KINDS (sizeof(kinds) / sizeof(*kinds))

/* Why there is no user namespace where there should be one; 0: there is, or none is needed. And why
 * no rights could be kept for the lock. */
static long user_error, keep_error;

/* --- at load ---------------------------------------------------------------------------------- */

static bool can(uint64_t flags)
{
	return !(flags & CLONE_NEWUSER) && (!flags || capabilities_has(CAP_SYS_ADMIN));
}

void namespaces_prepare(const void *image)
{
	const struct policyc_list list = policyc_header(image)->phases;
	const struct policyc_phase *phases = policyc_at(image, list);
	uint64_t wanted = 0, needed = 0;

	for (uint32_t i = 0; i < list.count; i++) {
		wanted |= phases[i].detach;
		needed |= phases[i].detach & ~phases[i].detach_optional;
	}
	if (!wanted)
		return;
	if (!can(wanted)) {
		user_error = user_namespace_make();
		if (user_error && !can(needed))
			report_fatal_errno(user_error,
					   "cannot make a user namespace, without which only root "
					   "can change its root and namespaces (a sandbox or "
					   "container around us, sysctl user.max_user_namespaces, "
					   "a thread that a library started)" INSTEAD,
					   NULL);
	}
	if (raw(geteuid) == 0)
		keep_error = capabilities_keep();
	else if (!user_error)
		capabilities_hide();
}

/* --- on every other thread (signal) ----------------------------------------------------------- */

struct joint {
	int spaces[KINDS];   /* the kinds' files, -1: not made */
	int root, directory; /* of the thread that locks; -1: its mount namespace is the old one */
	bool children;	     /* a PID namespace */
};

/* setns(2) sets both to the root of the mount namespace, which is not ours after a chroot. */
static long take_place(const struct joint *joint)
{
	long error = raw(fchdir, joint->root);

	if (!error)
		error = raw(chroot, ".");
	return error ? error : raw(fchdir, joint->directory);
}

static long join_all(const struct joint *joint)
{
	long error = joint->root >= 0 ? raw(unshare, CLONE_FS) : 0;

	for (unsigned i = 0; !error && i < KINDS; i++) {
		if (joint->spaces[i] >= 0)
			error = raw(setns, joint->spaces[i], kinds[i].flag);
	}
	if (!error && joint->root >= 0)
		error = take_place(joint);
	if (!error && joint->children)
		error = raw(unshare, CLONE_NEWPID);
	return error;
}

static long join(void *argument)
{
	struct capabilities before;
	long error = capabilities_raise(RIGHTS, &before);

	if (!error)
		error = join_all(argument);
	return error ? error : capabilities_lower(&before);
}

/* --- on the thread that locks (hook) ---------------------------------------------------------- */

static bool wants(const struct policyc_phase *phase, int flag)
{
	return phase->detach & (uint64_t)(unsigned)flag;
}

static void missed(const struct policyc_phase *phase, int flag, long error, const char *why)
{
	if (wants(phase, flag))
		step_failed(namespace_name((unsigned)flag),
			    phase->detach_optional & (uint64_t)(unsigned)flag, error, why);
}

static void root_missed(const struct policyc_phase *phase, long error, const char *why)
{
	if (phase->steps & POLICYC_STEP_ROOT)
		step_failed("root", phase->optional & POLICYC_STEP_ROOT, error, why);
}

/* One namespace: true when it is made. */
static bool make(const struct policyc_phase *phase, int flag)
{
	long error;

	if (!wants(phase, flag))
		return false;
	error = raw(unshare, flag);
	if (error)
		missed(phase, flag, error, "unshare(2) is refused here" INSTEAD);
	else if (flag != CLONE_NEWNS)
		step_done(namespace_name((unsigned)flag));
	return !error;
}

static int opened(long fd, const char *root, const char *path)
{
	if (fd < 0)
		report_fatal_errno(fd, "cannot lock: detach: cannot open ", root, path,
				   " for the other threads", NULL);
	return (int)fd;
}

static int open_own(const char *path)
{
	return opened(raw(openat, AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC), "", path);
}

static int open_namespace(const char *file)
{
	return opened(proc_open(file, O_RDONLY), "/proc/", file);
}

static void change_root(const void *image, const struct policyc_phase *phase)
{
	const char *why;
	long error;

	if (!(phase->steps & POLICYC_STEP_ROOT))
		return;
	error = root_change(image, phase, &why);
	if (error)
		root_missed(phase, error, why);
	else
		step_done("root");
}

/* In a mount namespace just made. */
static void furnish(const void *image, const struct policyc_phase *phase)
{
	long error = root_isolate();
	const char *why =
		error == -22 /* EINVAL: "/" is no mount */
			? "the program has changed its root with chroot(2): let it not do "
			  "that, or lock before it does"
			: "mount(2) is refused here" INSTEAD;

	if (error) {
		missed(phase, CLONE_NEWNS, error, why);
		root_missed(phase, error, why);
		return;
	}
	step_done(namespace_name(CLONE_NEWNS));
	change_root(image, phase);
}

static void close_all(const struct joint *joint)
{
	for (unsigned i = 0; i < KINDS; i++) {
		if (joint->spaces[i] >= 0)
			raw(close, joint->spaces[i]);
	}
	if (joint->root >= 0) {
		raw(close, joint->root);
		raw(close, joint->directory);
	}
}

/* The mount namespace is the last: the files of the others are opened by their names. */
static void enter(const void *image, const struct policyc_phase *phase)
{
	struct joint joint = { .root = -1 };
	bool others = barrier_holds_others(), mount = false;

	joint.children = make(phase, CLONE_NEWPID);
	for (unsigned i = 0; i < KINDS; i++) {
		mount = make(phase, kinds[i].flag);
		joint.spaces[i] = mount && others ? open_namespace(kinds[i].file) : -1;
	}
	if (mount)
		furnish(image, phase);
	else
		root_missed(phase, -1, ""); /* EPERM */
	if (mount && others) {
		joint.root = open_own("/");
		joint.directory = open_own(".");
	}
	barrier_run_others(join, &joint, "cannot join the namespaces of the lock");
	close_all(&joint);
}

/* Each part is left out, or the lock refused. */
static void without_rights(const struct policyc_phase *phase, long error)
{
	const char *why =
		"CAP_SYS_ADMIN and CAP_SYS_CHROOT, which the library keeps for its lock, are gone: "
		"the program gave its capabilities up itself, or an earlier phase did; lock before "
		"that (an earlier trigger), or use Landlock (read, write, bind, connect) instead "
		"of "
		"root and detach";

	if (keep_error) {
		why = "capset(2) or prctl(2) is refused here" INSTEAD;
		error = keep_error;
	} else if (user_error) {
		error = user_error;
	}
	missed(phase, CLONE_NEWPID, error, why);
	for (unsigned i = 0; i < KINDS; i++)
		missed(phase, kinds[i].flag, error, why);
	root_missed(phase, error, why);
}

static void note_user(const struct policyc_phase *phase)
{
	if (!wants(phase, CLONE_NEWUSER))
		return;
	if (user_error)
		missed(phase, CLONE_NEWUSER, user_error, "");
	else
		step_done(namespace_name(CLONE_NEWUSER));
}

void namespaces_enter(const void *image, const struct policyc_phase *phase)
{
	struct capabilities before;
	long error;

	note_user(phase);
	if (!(phase->detach & ~(uint64_t)CLONE_NEWUSER))
		return;
	error = capabilities_raise(RIGHTS, &before);
	if (error) {
		without_rights(phase, error);
		return;
	}
	enter(image, phase);
	error = capabilities_lower(&before);
	if (error)
		report_fatal_errno(error, "cannot put the capabilities of the lock by", NULL);
}
