/* landlock.c - what paths, TCP ports and other processes every thread may reach from now on.
 *
 * What it does: the thread that locks makes one ruleset: it opens each path of the policy (as the
 * program sees it now, in a new root if there is one), and the ruleset remembers the file behind.
 * Then every thread restricts itself with it: landlock_restrict_self(2) covers the calling thread
 * only, so the barrier runs it on each. From ABI 8 on the kernel does that by itself (TSYNC).
 * A kernel knows the rights of its ABI. What the policy denies and the kernel cannot is a refusal,
 * or where the policy says optional, a line in the report.
 * What it must not do: go on with some threads restricted and others not.
 *
 * Contract: hook; restrict_self: signal.
 */
#include "lockdown/landlock.h"

#include <asm/errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "lockdown/barrier.h"
#include "lockdown/steps.h"
#include "policyc.h"
#include "raw.h"
#include "report/line.h"
#include "report/report.h"

/* linux/landlock.h, whose copy on the building machine may be older than the kernel here. */
#define QUERY_VERSION	(1u << 0)
#define QUERY_ERRATA	(1u << 1)
#define RESTRICT_TSYNC	(1u << 3)
#define RULE_PATH	1
#define RULE_PORT	2
#define TSYNC_ABI	8
#define ERRATUM_SIGNALS (1 << 1) /* number 2: threads of a process may signal each other */

/* What a rule on a file that is no directory may hold (landlock(7)). */
#define FILE_RIGHTS                                                                                \
	(POLICYC_FS_EXECUTE | POLICYC_FS_WRITE_FILE | POLICYC_FS_READ_FILE | POLICYC_FS_TRUNCATE | \
	 POLICYC_FS_IOCTL_DEV)

/* Whose rights: the fields of landlock_create_ruleset(2)'s attribute, in its order. */
enum set { FS, NET, SCOPE, SETS };

static const struct {
	const char *name;
	uint32_t step;
} sets[SETS] = {
	[FS] = { "files", POLICYC_STEP_FILES },
	[NET] = { "ports", POLICYC_STEP_PORTS },
	[SCOPE] = { "scope", POLICYC_STEP_SCOPE },
};

struct path_rule {
	uint64_t rights;
	int32_t fd;
} __attribute__((packed));

struct port_rule {
	uint64_t rights;
	uint64_t port;
};

/* The rights that came after ABI 1, by the ABI that brought them. */
static const struct part {
	enum set set;
	uint64_t rights;
	int abi;
	uint32_t optional; /* enum policyc_step: any of these lets it be missing */
	const char *name;
	const char *since; /* Linux */
} parts[] = {
	{ FS, POLICYC_FS_TRUNCATE, 3, POLICYC_STEP_FILES | POLICYC_PART_TRUNCATE, "truncate",
	  "6.2" },
	{ NET, POLICYC_NET_ALL, 4, POLICYC_STEP_PORTS, "ports", "6.7" },
	{ FS, POLICYC_FS_IOCTL_DEV, 5, POLICYC_STEP_FILES | POLICYC_PART_IOCTL_DEV,
	  "ioctl on devices", "6.10" },
	{ SCOPE, POLICYC_SCOPE_ALL, 6, POLICYC_STEP_SCOPE, "scope", "6.12" },
};

/* The phase that is being locked. */
static struct {
	const char *phase;
	uint32_t optional;
	int abi; /* 0: there is nothing to put on */
	int ruleset;
	uint64_t denied[SETS];
} now;

/* --- what the kernel cannot ------------------------------------------------------------------- */

/* NULL: that is not how a kernel or a container without Landlock answers. */
static const char *why_none(long error)
{
	switch (error) {
	case -ENOSYS:
		return "this kernel has no Landlock (Linux 5.13 or later has it, with "
		       "CONFIG_SECURITY_LANDLOCK), or a container forbids it";
	case -EOPNOTSUPP:
		return "Landlock is switched off in this kernel: name landlock in its lsm= boot "
		       "parameter";
	case -EPERM:
		return "a sandbox around the program forbids it";
	default:
		return NULL;
	}
}

/* Landlock is not to be had: the end, unless all that it was wanted for is optional. */
static void without(long error)
{
	const char *why = why_none(error);

	if (error == -E2BIG)
		why = "the program is under 16 Landlock rulesets already, and the kernel allows "
		      "no more";
	for (unsigned i = 0; i < SETS; i++) {
		if (now.denied[i])
			step_failed(sets[i].name, why && (now.optional & sets[i].step), error,
				    why ? why : "the kernel refuses the Landlock ruleset");
		now.denied[i] = 0;
	}
	if (now.ruleset >= 0)
		raw(close, now.ruleset);
	now.ruleset = -1;
}

static void without_part(const struct part *part, const char *why)
{
	step_failed(part->name, now.optional & part->optional, -EOPNOTSUPP, why);
	now.denied[part->set] &= ~part->rights;
}

static void without_newer(void)
{
	for (unsigned i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		const struct part *part = &parts[i];
		struct line why = { 0 };

		if (now.abi >= part->abi || !(now.denied[part->set] & part->rights))
			continue;
		line_text(&why, "Linux ");
		line_text(&why, part->since);
		line_text(&why, " has it (Landlock ABI ");
		line_unsigned(&why, (uint64_t)part->abi);
		line_text(&why, "), this kernel has ABI ");
		line_unsigned(&why, (uint64_t)now.abi);
		why.text[why.length] = '\0';
		without_part(part, why.text);
	}
	/* ABI 1 denies what REFER would allow, whatever a ruleset says: that is no hole. */
	if (now.abi < 2)
		now.denied[FS] &= ~(uint64_t)POLICYC_FS_REFER;
}

/* unshare(CLONE_THREAD) does nothing, and fails when there is another thread. */
static bool is_single_threaded(void)
{
	return raw(unshare, CLONE_THREAD) == 0;
}

/* Without TSYNC every thread has a domain of its own. Kernels without the fix then take the
 * threads of a process for strangers that may not signal each other. */
static void without_signals(void)
{
	static const struct part signals = {
		.set = SCOPE,
		.rights = POLICYC_SCOPE_SIGNAL,
		.optional = POLICYC_STEP_SCOPE,
		.name = "scope signal",
	};
	long errata;

	if (is_single_threaded() || now.abi >= TSYNC_ABI ||
	    !(now.denied[SCOPE] & POLICYC_SCOPE_SIGNAL))
		return;
	errata = raw(landlock_create_ruleset, NULL, 0, QUERY_ERRATA);
	if (errata < 0 || !(errata & ERRATUM_SIGNALS))
		without_part(&signals,
			     "in this kernel it would cut the threads of the program off "
			     "from each other (Landlock erratum 2, mended in Linux 6.15)");
}

/* --- the ruleset ------------------------------------------------------------------------------ */

/* The descriptor of a rule's path, -1 for one that need not exist and does not. */
static int open_path(const char *path, uint32_t flags)
{
	long fd = raw(openat, AT_FDCWD, path, O_PATH | O_CLOEXEC);

	if ((fd == -ENOENT || fd == -ENOTDIR) && (flags & POLICYC_PATH_OPTIONAL))
		return -1;
	if (fd == -ENOENT || fd == -ENOTDIR)
		report_fatal_errno(
			fd, "phase ", now.phase, " names ", path,
			", which does not exist; make it, or write -PATH for one that may "
			"be missing",
			NULL);
	if (fd < 0)
		report_fatal_errno(fd, "phase ", now.phase, ": the program cannot reach ", path,
				   NULL);
	return (int)fd;
}

static uint64_t rights_of_kind(int fd, const char *path, uint64_t rights)
{
	struct stat st = { 0 };
	long error = raw(fstat, fd, &st);

	if (error)
		report_fatal_errno(error, "phase ", now.phase, ": cannot look at ", path, NULL);
	if (!S_ISDIR(st.st_mode))
		rights &= FILE_RIGHTS;
	if (!S_ISDIR(st.st_mode) && !S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
		rights &= ~(uint64_t)POLICYC_FS_IOCTL_DEV;
	return rights;
}

static long add_path(const void *image, const struct policyc_path *rule)
{
	const char *path = policyc_string(image, rule->path);
	uint64_t wanted = rule->rights & now.denied[FS];
	int fd = wanted ? open_path(path, rule->flags) : -1;
	struct path_rule attribute = { .fd = fd };
	long error;

	if (fd < 0)
		return 0;
	attribute.rights = rights_of_kind(fd, path, wanted);
	if (!attribute.rights)
		report_fatal("phase ", now.phase, ": ", path,
			     " is no directory, and what the policy allows there is for "
			     "directories only",
			     NULL);
	error = raw(landlock_add_rule, now.ruleset, RULE_PATH, &attribute, 0);
	raw(close, fd);
	if (error == -EBADFD)
		report_fatal_errno(error, "phase ", now.phase, ": ", path,
				   " leads to no place in a file system", NULL);
	return error;
}

static long add_port(const struct policyc_port *rule)
{
	struct port_rule attribute = { rule->rights & now.denied[NET], rule->port };

	if (!attribute.rights)
		return 0;
	return raw(landlock_add_rule, now.ruleset, RULE_PORT, &attribute, 0);
}

static long add_rules(const void *image, const struct policyc_phase *phase)
{
	const struct policyc_path *paths = policyc_at(image, phase->path_rules);
	const struct policyc_port *ports = policyc_at(image, phase->port_rules);
	long error = 0;

	for (uint32_t i = 0; i < phase->path_rules.count && !error; i++)
		error = add_path(image, &paths[i]);
	for (uint32_t i = 0; i < phase->port_rules.count && !error; i++)
		error = add_port(&ports[i]);
	return error;
}

static unsigned size_for(int abi)
{
	return abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
}

static bool wants_any(void)
{
	return now.denied[FS] || now.denied[NET] || now.denied[SCOPE];
}

static void begin(const void *image, const struct policyc_phase *phase)
{
	now.phase = policyc_string(image, phase->name);
	now.optional = phase->optional;
	now.abi = 0;
	now.ruleset = -1;
	now.denied[FS] = phase->steps & POLICYC_STEP_FILES ? phase->files : 0;
	now.denied[NET] = phase->steps & POLICYC_STEP_PORTS ? phase->ports : 0;
	now.denied[SCOPE] = phase->steps & POLICYC_STEP_SCOPE ? phase->scope : 0;
}

static long create(void)
{
	long result = raw(landlock_create_ruleset, NULL, 0, QUERY_VERSION);

	if (result <= 0)
		return result ? result : -ENOSYS;
	now.abi = (int)result;
	without_newer();
	without_signals();
	if (!wants_any())
		return 0;
	result = raw(landlock_create_ruleset, now.denied, size_for(now.abi), 0);
	if (result < 0)
		return result;
	now.ruleset = (int)result;
	return 0;
}

static void prepare(const void *image, const struct policyc_phase *phase)
{
	long error;

	begin(image, phase);
	if (!wants_any())
		return;
	error = create();
	if (error)
		without(error);
	if (now.ruleset < 0)
		return;
	error = add_rules(image, phase);
	if (error)
		without(error);
}

/* --- on every thread -------------------------------------------------------------------------- */

/* signal: on each held thread, and on the one that locks. */
static long restrict_self(void *flags)
{
	long error = raw(prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);

	return error ? error : raw(landlock_restrict_self, now.ruleset, (uintptr_t)flags);
}

static long restrict_all(void)
{
	if (now.abi >= TSYNC_ABI)
		return restrict_self((void *)(uintptr_t)RESTRICT_TSYNC);
	return barrier_run(restrict_self, NULL, "cannot be restricted by Landlock");
}

void landlock_restrict(const void *image, const struct policyc_phase *phase)
{
	long error;

	prepare(image, phase);
	if (now.ruleset < 0)
		return;
	error = restrict_all();
	if (error) {
		without(error);
		return;
	}
	raw(close, now.ruleset);
	now.ruleset = -1;
	for (unsigned i = 0; i < SETS; i++) {
		if (now.denied[i])
			step_done(sets[i].name);
	}
}
