/* reach.c - what can be reached from every thread after the lock.
 * Usage: reach THREADS ACTION:ARGUMENT...
 * Waits once (the trigger), then every thread does each action in turn, and so does one more that
 * is made after the lock. Prints "ACTION:ARGUMENT RESULT COUNT" for each different result; ok or
 * the errno's name. What actions consume (PATH.0, PATH.1 ... by thread) is made before the lock.
 * REACH_LAYERED=N: thread N is under 16 Landlock rulesets before (0: all of them are).
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

enum { THREADS_MAX = 256, PATH_SIZE = 512 };

/* --- actions: 0 or an errno ------------------------------------------------------------------- */

static int result(long value)
{
	return value < 0 ? errno : 0;
}

static int open_as(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);
	int error = result(fd);

	if (fd >= 0)
		close(fd);
	return error;
}

static int do_read(const char *path, int thread)
{
	return open_as(path, O_RDONLY);
}

static int held = -1;

/* What was opened before the lock. */
static int do_held(const char *path, int thread)
{
	char byte;

	return result(pread(held, &byte, 1, 0));
}

static int do_list(const char *path, int thread)
{
	return open_as(path, O_RDONLY | O_DIRECTORY);
}

static int do_write(const char *path, int thread)
{
	return open_as(path, O_WRONLY);
}

static int do_truncate(const char *path, int thread)
{
	return result(truncate(path, 1));
}

static const char *numbered(const char *path, int thread)
{
	static char text[PATH_SIZE + 16];

	snprintf(text, sizeof(text), "%.*s.%d", PATH_SIZE, path, thread);
	return text;
}

static int do_create(const char *path, int thread)
{
	return open_as(numbered(path, thread), O_WRONLY | O_CREAT | O_EXCL);
}

static int do_mkdir(const char *path, int thread)
{
	return result(mkdir(numbered(path, thread), 0700));
}

static int do_mkfifo(const char *path, int thread)
{
	return result(mkfifo(numbered(path, thread), 0600));
}

static int do_mkchar(const char *path, int thread)
{
	return result(mknod(numbered(path, thread), S_IFCHR | 0600, 0x103)); /* null */
}

static int do_mkblock(const char *path, int thread)
{
	return result(mknod(numbered(path, thread), S_IFBLK | 0600, 0x700)); /* loop0 */
}

static int do_symlink(const char *path, int thread)
{
	return result(symlink("x", numbered(path, thread)));
}

static int do_mksock(const char *path, int thread)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), error;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", numbered(path, thread));
	error = result(bind(fd, (struct sockaddr *)&address, sizeof(address)));
	close(fd);
	return error;
}

static int do_unlink(const char *path, int thread)
{
	return result(unlink(numbered(path, thread)));
}

static int do_rmdir(const char *path, int thread)
{
	return result(rmdir(numbered(path, thread)));
}

/* FROM,TO */
static int do_pair(const char *paths, int thread, int (*call)(const char *from, const char *to))
{
	char from[PATH_SIZE + 16], *comma;

	snprintf(from, sizeof(from), "%s", paths);
	comma = strchr(from, ',');
	if (!comma)
		return EINVAL;
	snprintf(comma, sizeof(from) - (size_t)(comma - from), ".%d", thread);
	return result(call(from, numbered(strchr(paths, ',') + 1, thread)));
}

static int do_rename(const char *paths, int thread)
{
	return do_pair(paths, thread, rename);
}

static int do_link(const char *paths, int thread)
{
	return do_pair(paths, thread, link);
}

static int do_execute(const char *path, int thread)
{
	int status = 0;
	pid_t child = fork();

	if (!child) {
		execle(path, path, (char *)NULL, (char *[]){ NULL }); /* not preloaded again */
		_exit(errno);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0)
		return errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EFAULT;
}

/* A copy of the program in memory, which has no path. */
static int do_memory(const char *path, int thread)
{
	char bytes[65536], copy[64];
	int from = open(path, O_RDONLY | O_CLOEXEC), to, error;
	ssize_t n;

	to = (int)syscall(SYS_memfd_create, "reach", 0);
	if (from < 0 || to < 0)
		return errno;
	while ((n = read(from, bytes, sizeof(bytes))) > 0)
		if (write(to, bytes, (size_t)n) != n)
			return EIO;
	close(from);
	snprintf(copy, sizeof(copy), "/proc/self/fd/%d", to);
	error = do_execute(copy, thread);
	close(to);
	return error;
}

static int do_ioctl(const char *path, int thread)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), error, bytes;

	if (fd < 0)
		return errno;
	error = result(ioctl(fd, FIONREAD, &bytes));
	close(fd);
	return error;
}

static int do_mount(const char *path, int thread)
{
	int error = result(mount("none", path, "tmpfs", 0, NULL));

	if (!error)
		umount(path);
	return error;
}

static int with_port(const char *port, int (*call)(int, const struct sockaddr *, socklen_t),
		     int protocol)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)strtol(port, NULL, 10)),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, protocol), on = 1, error;

	if (fd < 0)
		return errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	error = result(call(fd, (struct sockaddr *)&address, sizeof(address)));
	close(fd);
	return error;
}

static int do_bind(const char *port, int thread)
{
	return with_port(port, bind, IPPROTO_TCP);
}

static int do_connect(const char *port, int thread)
{
	return with_port(port, connect, IPPROTO_TCP);
}

/* Two ways to connect that Landlock does not see. */
static int do_mptcp(const char *port, int thread)
{
	return with_port(port, connect, IPPROTO_MPTCP);
}

static int send_first(int fd, const struct sockaddr *address, socklen_t size)
{
	return (int)sendto(fd, "x", 1, MSG_FASTOPEN, address, size);
}

static int do_fastopen(const char *port, int thread)
{
	return with_port(port, send_first, IPPROTO_TCP);
}

static int do_abstract(const char *name, int thread)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), error;

	memcpy(address.sun_path + 1, name, strlen(name));
	error = result(connect(fd, (struct sockaddr *)&address,
			       (socklen_t)(sizeof(sa_family_t) + 1 + strlen(name))));
	close(fd);
	return error;
}

/* A way to a file that Landlock does not see. */
static int do_unix(const char *path, int thread)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), error;

	if (fd < 0)
		return errno;
	memcpy(address.sun_path, path, strlen(path));
	error = result(connect(fd, (struct sockaddr *)&address, sizeof(address)));
	close(fd);
	return error;
}

static int do_signal(const char *pid, int thread)
{
	return result(kill((int)strtol(pid, NULL, 10), 0));
}

/* To the main thread of this process. */
static int do_own(const char *nothing, int thread)
{
	return result(syscall(SYS_tgkill, getpid(), getpid(), 0));
}

static int do_peek(const char *pid, int thread)
{
	char here;
	struct iovec local = { &here, 1 }, remote = { (void *)environ, 1 };

	return result(process_vm_readv((int)strtol(pid, NULL, 10), &local, 1, &remote, 1, 0)) ==
			       EPERM
		       ? EPERM
		       : 0;
}

/* For those who look from outside. */
static int do_wait(const char *nothing, int thread)
{
	pause();
	return 0;
}

static const struct action {
	const char *word;
	int (*run)(const char *argument, int thread);
	char made; /* before the lock: for each thread f a file, d a directory; o opened once */
} actions[] = {
	{ "read", do_read, 0 },		{ "held", do_held, 'o' },
	{ "mptcp", do_mptcp, 0 },	{ "fastopen", do_fastopen, 0 },
	{ "list", do_list, 0 },		{ "write", do_write, 0 },
	{ "truncate", do_truncate, 0 }, { "create", do_create, 0 },
	{ "mkdir", do_mkdir, 0 },	{ "mkfifo", do_mkfifo, 0 },
	{ "mkchar", do_mkchar, 0 },	{ "mkblock", do_mkblock, 0 },
	{ "symlink", do_symlink, 0 },	{ "mksock", do_mksock, 0 },
	{ "unlink", do_unlink, 'f' },	{ "rmdir", do_rmdir, 'd' },
	{ "rename", do_rename, 'f' },	{ "link", do_link, 'f' },
	{ "execute", do_execute, 0 },	{ "ioctl", do_ioctl, 0 },
	{ "mount", do_mount, 0 },	{ "bind", do_bind, 0 },
	{ "connect", do_connect, 0 },	{ "abstract", do_abstract, 0 },
	{ "signal", do_signal, 0 },	{ "wait", do_wait, 0 },
	{ "own", do_own, 0 },		{ "peek", do_peek, 0 },
	{ "unix", do_unix, 0 },		{ "memory", do_memory, 0 },
};

static const struct action *find_action(const char *text)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++) {
		size_t length = strlen(actions[i].word);

		if (!strncmp(text, actions[i].word, length) && text[length] == ':')
			return &actions[i];
	}
	fprintf(stderr, "reach: %s?\n", text);
	exit(2);
}

/* --- threads ---------------------------------------------------------------------------------- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
static int turn = -1; /* of which thread, or -1 */
static const char *todo;
static int results[THREADS_MAX + 1];
static int ready;

static void act(int thread)
{
	results[thread] = find_action(todo)->run(strchr(todo, ':') + 1, thread);
}

static void layer(int thread)
{
	const char *layered = getenv("REACH_LAYERED");
	uint64_t denied = 1 << 12; /* MAKE_SYM */
	int ruleset;

	if (!layered || (int)strtol(layered, NULL, 10) != thread)
		return;
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &denied, sizeof(denied), 0);
	for (int i = 0; i < 16; i++)
		if (syscall(SYS_landlock_restrict_self, ruleset, 0))
			exit(2);
	close(ruleset);
}

static void *work(void *thread_)
{
	int thread = (int)(intptr_t)thread_;

	layer(thread);
	__atomic_add_fetch(&ready, 1, __ATOMIC_RELEASE);
	pthread_mutex_lock(&mutex);
	for (;;) {
		while (turn != thread)
			pthread_cond_wait(&turned, &mutex);
		act(thread);
		turn = -1;
		pthread_cond_broadcast(&turned);
	}
	return NULL;
}

static void start(int thread)
{
	pthread_t id;

	if (pthread_create(&id, NULL, work, (void *)(intptr_t)thread))
		exit(2);
}

/* Called with the mutex held, as all that follows. */
static void let(int thread)
{
	if (!thread) {
		act(0);
		return;
	}
	turn = thread;
	pthread_cond_broadcast(&turned);
	while (turn != -1)
		pthread_cond_wait(&turned, &mutex);
}

static void prepare(const char *text, int threads)
{
	char path[PATH_SIZE];
	char made = find_action(text)->made;

	snprintf(path, sizeof(path), "%s", strchr(text, ':') + 1);
	path[strcspn(path, ",")] = '\0';
	if (made == 'o')
		held = open(path, O_RDONLY | O_CLOEXEC);
	for (int i = 0; i <= threads; i++) {
		if (made == 'f')
			close(open(numbered(path, i), O_WRONLY | O_CREAT, 0600));
		else if (made == 'd')
			mkdir(numbered(path, i), 0700);
	}
}

static void print_results(const char *text, int threads)
{
	bool said[THREADS_MAX + 1] = { 0 };

	for (int i = 0; i <= threads; i++) {
		int same = 0;

		for (int j = i; j <= threads && !said[i]; j++) {
			if (results[j] == results[i]) {
				said[j] = j > i;
				same++;
			}
		}
		if (same)
			printf("%s %s %d\n", text, results[i] ? strerrorname_np(results[i]) : "ok",
			       same);
	}
}

int main(int argc, char **argv)
{
	int threads = argc > 2 ? (int)strtol(argv[1], NULL, 10) : 0;
	sigset_t all;

	if (threads < 1 || threads >= THREADS_MAX)
		return 2;
	for (int i = 2; i < argc; i++)
		prepare(argv[i], threads);
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	layer(0);
	for (int i = 1; i < threads; i++)
		start(i);
	while (__atomic_load_n(&ready, __ATOMIC_ACQUIRE) < threads - 1)
		usleep(100);
	poll(NULL, 0, 1);
	start(threads);
	pthread_mutex_lock(&mutex);
	for (int i = 2; i < argc; i++) {
		todo = argv[i];
		for (int thread = 0; thread <= threads; thread++)
			let(thread);
		print_results(todo, threads);
		fflush(stdout);
	}
	return 0;
}
