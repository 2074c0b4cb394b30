/* attempt.c - see attempt.h: how each kind of probe is made.
 *
 * What it does: makes the call that must be denied with arguments, and in a process, that leave
 * nothing behind were it allowed. Three kinds need more than arguments:
 *   - what makes a child (fork, clone) is made without a touch of memory behind it, and that child
 *     ends at once, be it a process, or a thread on our stack;
 *   - a file is made under a name that was not there, empty and with no permissions. The thread
 * that locks looks for it afterwards (it may have been made although the call failed: to make and
 * to write are two rights) and removes it: whoever may make, in this language, may remove;
 *   - a program is executed with a limit of no memory. The kernel asks for the right to execute the
 *     file first, gives up the old program, has no room for the new one's stack, and kills it with
 *     SIGSEGV before its first instruction.
 * What it must not do: judge.
 *
 * Contract: hook.
 */
#include "lockdown/attempt.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "probefile.h"
#include "raw.h"
#include "report/report.h"

#define PERMISSIONS 07777

static const char *string(const struct attempt *attempt, uint32_t offset)
{
	return (const char *)attempt->table + offset;
}

/* --- on the thread that locks ----------------------------------------------------------------- */

static long look(const char *path, struct stat *st)
{
	return raw(newfstatat, AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);
}

/* In the directory that the path is, or beside what is there already. */
static const char *free_name(const struct attempt *attempt)
{
	const struct probe *probe = attempt->probe;
	const char *name = string(attempt, probe->path);
	struct stat st = { 0 };

	if (look(name, &st))
		return name;
	name = string(attempt, S_ISDIR(st.st_mode) ? probe->beneath : probe->beside);
	if (!look(name, &st))
		report_fatal("the probe '", string(attempt, probe->text), "' would make ", name,
			     ", which is there already; remove it", NULL);
	return name;
}

void attempt_begin(struct attempt *attempt, const struct probes *table, const struct probe *probe)
{
	attempt->table = table;
	attempt->probe = probe;
	attempt->name = NULL;
	if (probe->kind == PROBE_CREATE)
		attempt->name = free_name(attempt);
}

/* Another's file of that name, made in the same moment, has permissions or something in it. */
bool attempt_made_file(const struct attempt *attempt)
{
	struct stat st = { 0 };
	long result;

	if (!attempt->name || look(attempt->name, &st) || !S_ISREG(st.st_mode) || st.st_size ||
	    (st.st_mode & PERMISSIONS))
		return false;
	result = raw(unlinkat, AT_FDCWD, attempt->name, 0);
	if (result)
		report_fatal_errno(result, "a probe made ", attempt->name, " and cannot remove it",
				   NULL);
	return true;
}

int attempt_death_of_success(const struct attempt *attempt)
{
	return attempt->probe->kind == PROBE_EXECUTE ? SIGSEGV : 0;
}

/* --- in the child ----------------------------------------------------------------------------- */

void attempt_ready(const struct attempt *attempt)
{
	static const uint64_t none[2];

	if (attempt->probe->kind == PROBE_EXECUTE)
		raw(prlimit64, 0, RLIMIT_AS, none, NULL);
}

static long with_socket(const struct probe *probe)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	long fd = raw(socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return fd;
	address.sin_port = __builtin_bswap16((uint16_t)probe->port);
	address.sin_addr.s_addr =
		__builtin_bswap32(probe->kind == PROBE_CONNECT ? 0xffffffffu : 0xc0000201u);
	if (probe->kind == PROBE_CONNECT)
		return raw(connect, fd, &address, sizeof(address));
	return raw(bind, fd, &address, sizeof(address));
}

/* The kernel looks whether the file is being executed before it asks Landlock, and somebody may
 * start it in this very moment: that passes. Counted, not timed: a clock may be denied here. */
static long open_file(const char *path, uint64_t flags)
{
	long fd = -ETXTBSY;

	for (int tries = 0; tries < 500000 && fd == -ETXTBSY; tries++)
		fd = raw(openat, AT_FDCWD, path, flags, 0);
	return fd;
}

static long start(const char *path)
{
	static const char *const argv[] = { "probe", NULL }, *const envp[] = { NULL };

	return raw(execve, path, argv, envp);
}

long attempt_make(const struct attempt *attempt)
{
	const struct probe *probe = attempt->probe;
	const uint64_t *a = probe->arguments;

	switch (probe->kind) {
	case PROBE_CALL:
		return machine_syscall(probe->number, (long)a[0], (long)a[1], (long)a[2],
				       (long)a[3], (long)a[4], (long)a[5]);
	case PROBE_FORK:
		return machine_fork(probe->number, (long)a[0], (long)a[1], (long)a[2], (long)a[3],
				    (long)a[4]);
	case PROBE_OPEN:
		return open_file(string(attempt, probe->path), a[0]);
	case PROBE_CREATE:
		return raw(openat, AT_FDCWD, attempt->name, a[0], 0);
	case PROBE_EXECUTE:
		return start(string(attempt, probe->path));
	default:
		return with_socket(probe);
	}
}
