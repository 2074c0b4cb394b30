/* between.c - what can be done before, between and after two locks. Usage: between THREADS ACT...
 *
 * Starts so many threads that wait, then does each ACT; poll and select are triggers of a test's
 * policy. Says behind each what came of it:
 * "write-open done", "read-open EACCES". A policy that traps an act ends it there.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <unistd.h>

static int result_of_open(int flags)
{
	int fd = open("/proc/self/status", flags);

	return fd < 0 ? fd : close(fd);
}

static int do_write_open(void)
{
	return result_of_open(O_WRONLY | O_CLOEXEC);
}

static int do_create(void)
{
	return result_of_open(O_RDONLY | O_CREAT | O_CLOEXEC);
}

static int do_read_open(void)
{
	return result_of_open(O_RDONLY | O_CLOEXEC);
}

static int do_run_memory(void)
{
	static char page[8192];

	return mprotect((void *)(((unsigned long)page + 4095) & ~4095ul), 4096,
			PROT_READ | PROT_EXEC);
}

static int do_unshare(void)
{
	return unshare(CLONE_NEWUTS);
}

static int do_mount(void)
{
	return mount("none", "/proc/self", "tmpfs", 0, NULL);
}

static int do_dumpable(void)
{
	return prctl(PR_SET_DUMPABLE, 1);
}

static int do_handler(void)
{
	return signal(SIGUSR1, SIG_IGN) == SIG_ERR ? -1 : 0;
}

static int do_limit(void)
{
	struct rlimit limit = { 0, 0 };

	return setrlimit(RLIMIT_CORE, &limit);
}

static int do_seccomp(void)
{
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, NULL);
}

/* What daemons do: all but the standard ones. */
static int do_close(void)
{
	for (int fd = 3; fd < 1024; fd++)
		close(fd);
	return 0;
}

/* What servers do to show a title in ps: write over what the environment was. */
static int do_title(void)
{
	char **last = environ;

	while (last[0] && last[1])
		last++;
	if (*last)
		memset(*environ, 0, (size_t)(*last + strlen(*last) - *environ));
	return 0;
}

static int do_leave(void)
{
	return chdir("/");
}

static int do_poll(void)
{
	return poll(NULL, 0, 1);
}

static int do_select(void)
{
	struct timeval soon = { 0, 1000 };

	return select(0, NULL, NULL, NULL, &soon);
}

static const struct {
	const char *name;
	int (*act)(void);
} acts[] = {
	{ "write-open", do_write_open }, { "create", do_create },   { "read-open", do_read_open },
	{ "run-memory", do_run_memory }, { "unshare", do_unshare }, { "mount", do_mount },
	{ "dumpable", do_dumpable },	 { "handler", do_handler }, { "limit", do_limit },
	{ "seccomp", do_seccomp },	 { "close", do_close },	    { "poll", do_poll },
	{ "select", do_select },	 { "title", do_title },	    { "leave", do_leave },
};

static int act(const char *name)
{
	for (size_t i = 0; i < sizeof(acts) / sizeof(*acts); i++)
		if (!strcmp(acts[i].name, name))
			return acts[i].act();
	exit(2);
}

static void say(const char *name)
{
	char line[64];
	int result = act(name);
	const char *what = result < 0 ? strerrorname_np(errno) : "done";
	int n = snprintf(line, sizeof(line), "%s %s\n", name, what);

	if (write(1, line, (size_t)n) != n)
		_exit(9);
}

static void *wait_for_ever(void *argument)
{
	for (;;)
		syscall(SYS_poll, NULL, 0, -1);
	return argument;
}

static pthread_t start_thread(void *(*work)(void *), void *argument)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, work, argument))
		exit(9);
	return thread;
}

/* The rest of the command line; "move" goes on with it in another thread, and ends this one: a
 * main thread that has ended stays in the process, dead. */
static void *do_acts(void *argument)
{
	char **name = argument;

	for (; *name; name++) {
		if (!strcmp(*name, "move")) {
			start_thread(do_acts, name + 1);
			pthread_exit(NULL);
		}
		say(*name);
	}
	_exit(0);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	for (long i = strtol(argv[1], NULL, 10); i > 0; i--)
		start_thread(wait_for_ever, NULL);
	do_acts(argv + 2);
}
