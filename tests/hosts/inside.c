/* inside.c - waits once, which fires a trigger, then tries what a program that was taken over would
 * try, on its main thread and on one that was there before. Prints "WHO NAME ok" or "WHO NAME
 * ERRNO". Usage: inside [OPTION...] NAME... unfired     no wait: what the same attempts give before
 * the lock user=N      becomes user and group N before, as daemons do clear       gives its
 * capabilities up before, with capset(2) clear-one   the other thread does, alone chroot=DIR
 * changes its root before chdir=DIR   and its directory alone       has no other thread port=N what
 * `connect` connects to stay        stays, after "ready", until a signal ends it
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

static struct {
	int argc;
	char **argv;
	int names; /* index of the first */
	int port;
	unsigned user;
	int listener;
	pid_t parent;
	bool unfired, clear_one, alone, becomes, epoll, stay;
} now;

static atomic_int turn; /* 1: the other thread's, 2: it is done */

static int result(long value)
{
	return value < 0 ? errno : 0;
}

static int try_open(void)
{
	return result(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
}

/* The file that the test puts into a root of its own. */
static int try_open_inside(void)
{
	return result(open("/inside", O_RDONLY | O_CLOEXEC));
}

static int try_climb(void)
{
	return result(open("../../../../../../etc/passwd", O_RDONLY | O_CLOEXEC));
}

static int try_here(void)
{
	return result(open("here", O_RDONLY | O_CLOEXEC));
}

static int try_proc(void)
{
	return result(open("/proc/self/root/etc/passwd", O_RDONLY | O_CLOEXEC));
}

static int try_shadow(void)
{
	return result(open("/etc/shadow", O_RDONLY | O_CLOEXEC));
}

static int try_create(void)
{
	return result(open("/new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static int try_tun(void)
{
	return result(open("/dev/net/tun", O_RDWR | O_CLOEXEC));
}

static int try_data(void)
{
	return result(open("/data/new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static int try_exec(void)
{
	char name[] = "true";
	char *const words[] = { name, NULL };

	return result(execve("/bin/true", words, NULL));
}

static int try_connect(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)now.port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return fd < 0 ? errno : result(connect(fd, (struct sockaddr *)&to, sizeof(to)));
}

static int try_accept(void)
{
	return accept4(now.listener, NULL, NULL, SOCK_CLOEXEC) < 0 && errno != EAGAIN ? errno : 0;
}

/* SEIZE stops nothing, and ends with us. */
static int try_ptrace(void)
{
	return result(ptrace(PTRACE_SEIZE, now.parent, NULL, NULL));
}

static int try_signal(void)
{
	return result(kill(now.parent, 0));
}

static int try_mount(void)
{
	return result(mount("none", "/", "tmpfs", 0, NULL));
}

static int try_chroot(void)
{
	return result(chroot("/"));
}

static int try_hostname(void)
{
	return result(sethostname("other", 5));
}

static int try_user(void)
{
	pid_t child = fork();
	int status = 0;

	if (child == 0)
		_exit(result(unshare(CLONE_NEWUSER)));
	if (child < 0 || waitpid(child, &status, 0) != child)
		return errno;
	return WEXITSTATUS(status);
}

static int try_setuid(void)
{
	return result(setuid(0));
}

/* A child's own process id: 1 in a new PID namespace. */
static int try_first(void)
{
	pid_t child = fork();
	int status = 0;

	if (child == 0)
		_exit(getpid() == 1 ? 0 : ESRCH);
	if (child < 0 || waitpid(child, &status, 0) != child)
		return errno;
	return WEXITSTATUS(status);
}

static void *nothing(void *data)
{
	return data;
}

static int try_thread(void)
{
	pthread_t thread;
	int error = pthread_create(&thread, NULL, nothing, NULL);

	return error ? error : pthread_join(thread, NULL);
}

static const struct {
	const char *name;
	int (*try)(void);
} attempts[] = {
	{ "open", try_open },	  { "inside", try_open_inside }, { "climb", try_climb },
	{ "here", try_here },	  { "proc", try_proc },		 { "shadow", try_shadow },
	{ "create", try_create }, { "data", try_data },		 { "tun", try_tun },
	{ "exec", try_exec },	  { "connect", try_connect },	 { "accept", try_accept },
	{ "ptrace", try_ptrace }, { "signal", try_signal },	 { "mount", try_mount },
	{ "chroot", try_chroot }, { "hostname", try_hostname },	 { "user", try_user },
	{ "setuid", try_setuid }, { "first", try_first },	 { "thread", try_thread },
};

/* By write(2): stdio asks about its file first, which a policy may refuse. */
static void say(const char *who, const char *name, int error)
{
	const char *word = error ? strerrorname_np(error) : "ok";
	char line[128];
	int n = snprintf(line, sizeof(line), "%s %s %s\n", who, name, word ? word : "?");

	if (write(1, line, (size_t)n) != n)
		_exit(9);
}

static void try_all(const char *who)
{
	for (int i = now.names; i < now.argc; i++) {
		unsigned n = 0;

		while (n < sizeof(attempts) / sizeof(*attempts) &&
		       strcmp(attempts[n].name, now.argv[i]) != 0)
			n++;
		if (n == sizeof(attempts) / sizeof(*attempts))
			say(who, "no such attempt", ENOSYS);
		else
			say(who, now.argv[i], attempts[n].try());
	}
}

static void clear(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	const struct __user_cap_data_struct none[2] = { 0 };

	if (syscall(SYS_capset, &header, none))
		exit(3);
}

static void *other(void *nothing_)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	if (now.clear_one)
		clear();
	atomic_store(&turn, 3);
	while (atomic_load(&turn) != 1)
		usleep(1000);
	try_all("thread");
	atomic_store(&turn, 2);
	for (;;)
		pause();
	return nothing_;
}

static int open_port(void)
{
	struct sockaddr_in any = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any)) || listen(fd, 1))
		return -1;
	return fd;
}

static void must(int error)
{
	if (error) {
		perror("inside");
		exit(3);
	}
}

static void become(unsigned user)
{
	must(setgroups(0, NULL) || setgid(user) || setuid(user));
}

static void meet_trigger(void)
{
	struct epoll_event events[8];

	if (now.epoll)
		epoll_wait(epoll_create1(EPOLL_CLOEXEC), events, 8, 1);
	else
		poll(NULL, 0, 1);
}

/* What becomes of the process before the trigger; false: not an option. */
static bool option(const char *word)
{
	const char *value = strchr(word, '=');

	if (!strcmp(word, "unfired"))
		now.unfired = true;
	else if (!strcmp(word, "clear"))
		clear();
	else if (!strcmp(word, "clear-one"))
		now.clear_one = true;
	else if (!strcmp(word, "alone"))
		now.alone = true;
	else if (!strcmp(word, "stay"))
		now.stay = true;
	else if (!strcmp(word, "epoll"))
		now.epoll = true;
	else if (!strcmp(word, "becomes"))
		now.becomes = true;
	else if (!strncmp(word, "user=", 5))
		now.user = (unsigned)strtoul(value + 1, NULL, 10);
	else if (!strncmp(word, "port=", 5))
		now.port = (int)strtol(value + 1, NULL, 10);
	else if (!strncmp(word, "chroot=", 7))
		must(chroot(value + 1) || chdir("/"));
	else if (!strncmp(word, "chdir=", 6))
		must(chdir(value + 1));
	else
		return false;
	return true;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	now.argc = argc;
	now.argv = argv;
	now.listener = open_port();
	now.parent = getppid();
	for (now.names = 1; now.names < argc && !now.becomes && option(argv[now.names]);)
		now.names++;
	if (!now.alone && pthread_create(&thread, NULL, other, NULL))
		return 2;
	while (!now.alone && atomic_load(&turn) != 3)
		usleep(1000);
	if (now.user)
		become(now.user);
	if (!now.unfired)
		meet_trigger();
	if (now.becomes) {
		execvp(argv[now.names], argv + now.names);
		return 127;
	}
	try_all("main");
	if (!now.alone)
		atomic_store(&turn, 1);
	while (!now.alone && atomic_load(&turn) != 2)
		usleep(1000);
	if (now.stay) {
		must(write(1, "ready\n", 6) != 6);
		for (;;)
			pause();
	}
	return 0;
}
