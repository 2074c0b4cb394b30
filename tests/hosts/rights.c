/* rights.c - waits once, which fires a trigger, then does what its command line names, as programs
 * do it: through libc. Prints for each "NAME ok" or "NAME ERRNO".
 *
 * For the rule sets: each name is one right. "accept" uses a socket that listens since before the
 * trigger. "unfired" as the first argument leaves the wait out.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int listener;

static int open_port(void)
{
	struct sockaddr_in any = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any)) || listen(fd, 1))
		return -1;
	return fd;
}

static int result(int value)
{
	return value < 0 ? errno : 0;
}

static int do_memory(void)
{
	void *page =
		mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return page == MAP_FAILED ? errno : 0;
}

static int do_code(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return page == MAP_FAILED ? errno : 0;
}

static int do_read(void)
{
	return result(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
}

static int do_write(void)
{
	return result(open("/dev/null", O_WRONLY | O_CLOEXEC));
}

static int do_connect(void)
{
	struct sockaddr_in discard = { .sin_family = AF_INET, .sin_port = htons(9) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	discard.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return fd < 0 ? errno : result(connect(fd, (struct sockaddr *)&discard, sizeof(discard)));
}

static int do_listen(void)
{
	return result(open_port());
}

static int do_accept(void)
{
	return accept4(listener, NULL, NULL, SOCK_CLOEXEC) < 0 && errno != EAGAIN ? errno : 0;
}

static int do_unix(void)
{
	return result(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static int do_netlink(void)
{
	return result(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0));
}

static int do_name(void)
{
	struct addrinfo *list, hints = { .ai_socktype = SOCK_STREAM };

	return getaddrinfo("localhost", "80", &hints, &list) ? ENOENT : 0;
}

static int do_sleep(void)
{
	struct timespec moment = { 0, 1 };

	return nanosleep(&moment, NULL) ? errno : 0;
}

static int do_timer(void)
{
	return result(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
}

static int do_pipe(void)
{
	int ends[2];

	return result(pipe2(ends, O_CLOEXEC)) ? errno : result(eventfd(0, EFD_CLOEXEC));
}

static void *nothing(void *data)
{
	return data;
}

static int do_thread(void)
{
	pthread_t thread;
	int error = pthread_create(&thread, NULL, nothing, NULL);

	return error ? error : pthread_join(thread, NULL);
}

static int wait_for(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) < 0)
		return errno;
	return status ? ECHILD : 0;
}

static int do_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid < 0 ? errno : wait_for(pid);
}

/* Without the library in it: what it may do is the kernel's matter. */
static int do_spawn(void)
{
	char shell[] = "sh", option[] = "-c", text[] = "read line </etc/passwd";
	char *const arguments[] = { shell, option, text, NULL }, *const none[] = { NULL };
	pid_t pid;
	int error = posix_spawn(&pid, "/bin/sh", NULL, NULL, arguments, none);

	return error ? error : wait_for(pid);
}

static const struct {
	const char *name;
	int (*try)(void);
} rights[] = {
	{ "memory", do_memory }, { "code", do_code },	    { "read", do_read },
	{ "write", do_write },	 { "connect", do_connect }, { "listen", do_listen },
	{ "accept", do_accept }, { "unix", do_unix },	    { "netlink", do_netlink },
	{ "name", do_name },	 { "sleep", do_sleep },	    { "timer", do_timer },
	{ "pipe", do_pipe },	 { "thread", do_thread },   { "fork", do_fork },
	{ "spawn", do_spawn },
};

static void try(const char *name)
{
	for (unsigned i = 0; i < sizeof(rights) / sizeof(*rights); i++) {
		int error;

		if (strcmp(rights[i].name, name))
			continue;
		error = rights[i].try();
		if (error)
			printf("%s %d\n", name, error);
		else
			printf("%s ok\n", name);
		fflush(stdout);
		return;
	}
	printf("%s is not a right of this host\n", name);
}

int main(int argc, char **argv)
{
	int first = 1;

	listener = open_port();
	if (argc > 1 && !strcmp(argv[1], "unfired"))
		first = 2;
	else
		poll(NULL, 0, 1);
	for (int i = first; i < argc; i++)
		try(argv[i]);
	return 0;
}
