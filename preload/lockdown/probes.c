/* probes.c - see probes.h: is the lock that this process gets the one that the policy's tests say?
 *
 * What it does: for each probe the thread that locks makes a child. The child has every step of the
 * lock already (it is a copy of that thread), puts the same filter on itself, lets SIGSYS kill it,
 * makes the one call and says what came of it in memory that it shares with us. It is a child
 * without an exit signal, so the program's wait() and its handler of SIGCHLD never see it.
 * What it must not do: run in production. It is for tests, costs a fork for each probe, and fails
 * closed: a lock of which a probe was not denied ends the process.
 *
 * A line about all phases is a probe in each. Above the lock of an earlier phase, which need not
 * allow children, it counts as tried when it was at that lock: filters and steps only add up.
 *
 * The arguments are such that the call fails or does nothing where it is allowed
 * (sandboxctl/policy/harmless.c); attempt.c has the means for calls that have none.
 *
 * Contract: hook; probes_load: load.
 */
#include "lockdown/probes.h"

#include <asm/errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "clock.h"
#include "lockdown/attempt.h"
#include "lockdown/seccomp.h"
#include "lockdown/task.h"
#include "policyc.h"
#include "probefile.h"
#include "raw.h"
#include "report/line.h"
#include "report/report.h"
#include "signals.h"

#define PATIENCE_MS 5000 /* for one call */

enum stage { STAGE_BEGUN, STAGE_CALLING, STAGE_RETURNED, STAGE_NO_FILTER };

/* In a page that the child shares with us. */
struct account {
	uint32_t stage;
	int64_t result;
};

static struct probes *table;
static struct account *account; /* of this lock: forks of the program lock at the same time */

/* --- at load ---------------------------------------------------------------------------------- */

static _Noreturn void unusable(const char *path, const char *why)
{
	report_fatal("SANDBOX_PROBES=", path, " ", why,
		     "; write it with `sandboxctl test --probes FILE POLICY.test`", NULL);
}

static bool string_ok(const struct probes *file, uint32_t offset)
{
	return offset && offset < file->size;
}

static bool paths_ok(const struct probes *file, const struct probe *probe)
{
	return string_ok(file, probe->path) &&
	       (probe->kind != PROBE_CREATE ||
		(string_ok(file, probe->beneath) && string_ok(file, probe->beside)));
}

static bool probe_ok(const struct probes *file, const struct probe *probe)
{
	return probe->kind < PROBE_KINDS && string_ok(file, probe->phase) &&
	       string_ok(file, probe->text) && probe->port <= 0xffff &&
	       (!probe_has_path(probe) || paths_ok(file, probe));
}

static bool file_ok(const struct probes *file, uint64_t size)
{
	static const char magic[] = PROBES_MAGIC;

	if (size < sizeof(*file) || file->size != size || file->version != PROBES_VERSION ||
	    file->arch != MACHINE_ARCH || !file->count ||
	    file->count > (size - sizeof(*file)) / sizeof(file->list[0]) ||
	    ((const char *)file)[size - 1])
		return false;
	for (unsigned i = 0; i < sizeof(file->magic); i++) {
		if (file->magic[i] != magic[i])
			return false;
	}
	for (uint32_t i = 0; i < file->count; i++) {
		if (!probe_ok(file, &file->list[i]))
			return false;
	}
	return true;
}

static void *map(uint64_t size, int protection, int flags, long fd)
{
	long memory = raw(mmap, NULL, size, protection, flags, fd, 0);

	if (memory < 0 && memory > -4096)
		report_fatal_errno(memory, "no memory for the probes", NULL);
	return (void *)memory;
}

/* Who may write the file makes this process call what he likes. */
static void check_owner(const char *path, const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		unusable(path, "is not a regular file");
	if ((st->st_uid && st->st_uid != (uint32_t)raw(geteuid)) ||
	    (st->st_mode & (S_IWGRP | S_IWOTH)))
		unusable(path, "belongs to another user or can be written by others");
	if (st->st_size < (long)sizeof(struct probes) || st->st_size > (long)PROBES_SIZE_MAX)
		unusable(path, "is not a table of probes for this version of the library");
}

void probes_load(const char *path)
{
	struct stat st = { 0 };
	long fd = raw(openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char *copy;

	if (fd < 0)
		report_fatal_errno(fd, "cannot open SANDBOX_PROBES=", path, NULL);
	raw(fstat, fd, &st);
	check_owner(path, &st);
	copy = map((uint64_t)st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	if (raw(pread64, fd, copy, st.st_size, 0) != st.st_size ||
	    !file_ok((const struct probes *)copy, (uint64_t)st.st_size))
		unusable(path, "is not a table of probes for this version of the library");
	raw(close, fd);
	table = (struct probes *)copy;
}

/* --- in the child ----------------------------------------------------------------------------- */

static const char *string(uint32_t offset)
{
	return (const char *)table + offset;
}

static void stage(enum stage stage, long result)
{
	account->result = result;
	__atomic_store_n(&account->stage, stage, __ATOMIC_RELEASE);
}

/* A death by SIGSYS is a verdict here, no crash: a limit of one byte means no core, neither in a
 * file nor for a program that takes them (core(5)). */
static _Noreturn void child(const void *image, const struct policyc_phase *phase,
			    const struct attempt *attempt)
{
	static const struct action by_default;
	static const uint64_t one[2] = { 1, 1 };
	long result;

	raw(prlimit64, 0, RLIMIT_CORE, one, NULL);
	action_put(SIGSYS, &by_default);
	attempt_ready(attempt);
	result = seccomp_put(image, phase, 0);
	if (result) {
		stage(STAGE_NO_FILTER, result);
	} else {
		stage(STAGE_CALLING, 0);
		result = attempt_make(attempt);
		stage(STAGE_RETURNED, result);
	}
	for (;;)
		raw(exit_group, 0); /* the filter may forbid even this: we are killed */
}

/* --- on the thread that locks ----------------------------------------------------------------- */

/* The status of the child once it has ended. */
static int await(long pid)
{
	static const struct timespec tick = { .tv_nsec = 100000 };
	uint64_t until = clock_ms() + PATIENCE_MS;
	int status = 0;

	for (;;) {
		long got = raw(wait4, pid, &status, __WALL | WNOHANG, NULL);

		if (got == pid)
			return status;
		if (got < 0 && got != -EINTR)
			report_fatal_errno(got, "cannot wait for a probe", NULL);
		if (__atomic_load_n(&account->stage, __ATOMIC_ACQUIRE) >= STAGE_RETURNED ||
		    clock_ms() >= until)
			raw(kill, pid, SIGKILL);
		raw(nanosleep, &tick, NULL);
	}
}

static void judge_end(struct report_probe *seen, const struct attempt *attempt, int status)
{
	int success = attempt_death_of_success(attempt);

	switch (account->stage) {
	case STAGE_RETURNED:
		seen->end = account->result < 0 && account->result > -4096 ? PROBE_FAILED
									   : PROBE_WAS_MADE;
		seen->value = seen->end == PROBE_FAILED ? (unsigned)-account->result : 0;
		break;
	case STAGE_NO_FILTER:
		report_fatal_errno(account->result, "the kernel refuses the filter in a probe",
				   NULL);
	default:
		seen->end = PROBE_DIED;
		seen->value = WIFSIGNALED(status) ? (unsigned)WTERMSIG(status) : 0;
		if (success && seen->value == (unsigned)success)
			seen->end = PROBE_WAS_MADE;
	}
	if (attempt_made_file(attempt))
		seen->end = PROBE_WAS_MADE;
}

/* Landlock's answer, or that of a root in which the path is not. */
static bool is_refusal(unsigned error)
{
	return error == EACCES || error == EPERM || error == ENOENT;
}

static bool is_denied(const struct probe *probe, const struct report_probe *seen)
{
	if (seen->end == PROBE_DIED)
		return seen->value == SIGSYS && !probe->error;
	if (seen->end != PROBE_FAILED)
		return false;
	return probe_is_call(probe) ? probe->error && seen->value == probe->error
				    : is_refusal(seen->value);
}

static bool try_one(const void *image, const struct policyc_phase *phase, const struct probe *probe)
{
	struct report_probe seen = {
		.phase = string(probe->phase),
		.text = string(probe->text),
		.number = probe->number,
		.error = probe->error,
		.is_call = probe_is_call(probe),
	};
	struct attempt attempt;
	long pid;

	attempt_begin(&attempt, table, probe);
	account->stage = STAGE_BEGUN;
	pid = raw(clone, 0, 0, 0, 0, 0);
	if (pid == 0)
		child(image, phase, &attempt);
	if (pid < 0)
		report_fatal_errno(pid, "cannot make a child for the probes", NULL);
	judge_end(&seen, &attempt, await(pid));
	seen.ok = is_denied(probe, &seen);
	report_probe(&seen);
	return seen.ok;
}

/* At the lock of an earlier phase, of this process or of one that it was forked from. */
static bool was_tried(const struct probe *probe)
{
	for (uint32_t i = 0; i < table->count; i++) {
		if (table->list[i].tried && table->list[i].line == probe->line)
			return true;
	}
	return false;
}

/* Why this lock cannot be probed, or NULL. */
static const char *why_not(const struct policyc_phase *phase)
{
	if (!task_can_read())
		return "it locks where an earlier phase is locked, which need not allow children";
	if (phase->detach & CLONE_NEWPID)
		return "its first child would be the first process of the new PID namespace";
	return NULL;
}

struct tally {
	uint32_t made, failed, before;
};

static void sum_up(const char *phase, const struct tally *tally)
{
	const struct report_field fields[] = { { "phase", phase, 0 },
					       { "made", NULL, tally->made },
					       { "failed", NULL, tally->failed },
					       { "before", NULL, tally->before },
					       { 0 } };
	struct line line = { 0 };

	line_text(&line, "probes: phase ");
	line_text(&line, phase);
	line_text(&line, ", ");
	line_unsigned(&line, tally->made);
	line_text(&line, " made, ");
	line_unsigned(&line, tally->failed);
	line_text(&line, " not denied");
	if (tally->before) {
		line_text(&line, ", ");
		line_unsigned(&line, tally->before);
		line_text(&line, " made at the lock of an earlier phase");
	}
	line.text[line.length] = '\0';
	report_event("probes", fields, line.text, true);
	if (tally->failed)
		report_fatal("the lock of phase ", phase,
			     " does not deny all that SANDBOX_PROBES says it must", NULL);
}

static void try_all(const void *image, const struct policyc_phase *phase, const char *name,
		    struct tally *tally)
{
	const char *why;

	for (uint32_t i = 0; i < table->count; i++) {
		struct probe *probe = &table->list[i];

		if (!text_equal(string(probe->phase), name))
			continue;
		if (!task_can_read() && was_tried(probe)) {
			tally->before++;
			continue;
		}
		why = why_not(phase);
		if (why)
			report_fatal("the lock of phase ", name, " cannot be probed: ", why,
				     "; run without SANDBOX_PROBES", NULL);
		tally->made++;
		tally->failed += !try_one(image, phase, probe);
		probe->tried = 1;
	}
}

void probes_run(const void *image, const struct policyc_phase *phase)
{
	const char *name = policyc_string(image, phase->name);
	struct tally tally = { 0 };

	if (!table)
		return;
	account = map(sizeof(*account), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1);
	try_all(image, phase, name, &tally);
	raw(munmap, account, sizeof(*account));
	sum_up(name, &tally);
}
