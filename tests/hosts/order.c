/* order.c - does the things named on its command line in that order, and says behind each whether
 * it is locked by then ("poll free", "listen locked"; the test policy refuses getppid).
 *
 * Its own clock is read without a system call wait: "compute" makes no hooked call at all.
 */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void prepare(void);

/* The trigger `call prepare`; long enough to be patched. */
__attribute__((noinline)) void prepare(void)
{
	static volatile int times;

	times = times + 1;
}

static void do_poll(void)
{
	poll(NULL, 0, 1);
}

static void do_select(void)
{
	struct timeval soon = { 0, 1000 };

	select(0, NULL, NULL, NULL, &soon);
}

static void do_listen(void)
{
	listen(socket(AF_INET, SOCK_STREAM, 0), 4);
}

static void do_usleep(void)
{
	usleep(1);
}

static void *poll_in_thread(void *argument)
{
	do_poll();
	return argument;
}

static void do_thread_poll(void)
{
	pthread_t thread;

	if (!pthread_create(&thread, NULL, poll_in_thread, NULL))
		pthread_join(thread, NULL);
}

static void do_usr2(void)
{
	raise(SIGUSR2);
}

/* Half a second of work. */
static void do_compute(void)
{
	struct timespec start, now;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while ((now.tv_sec - start.tv_sec) * 1000000000L + now.tv_nsec - start.tv_nsec <
	       500000000L);
}

/* Goes on in a child, as a daemon does. */
static void do_fork(void)
{
	pid_t child = fork();

	if (child > 0) {
		waitpid(child, NULL, 0);
		_exit(0);
	}
}

static const char *manager_name(void)
{
	const char *name = getenv("NOTIFY_SOCKET");

	return name ? name : "";
}

static struct sockaddr_un manager_address(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	strncpy(address.sun_path, manager_name(), sizeof(address.sun_path) - 1);
	if (address.sun_path[0] == '@')
		address.sun_path[0] = '\0';
	return address;
}

static socklen_t manager_length(void)
{
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(manager_name()));
}

/* The service manager's end, in the same process. */
static void do_manager(void)
{
	struct sockaddr_un address = manager_address();

	if (bind(socket(AF_UNIX, SOCK_DGRAM, 0), (struct sockaddr *)&address, manager_length()))
		_exit(8);
}

static void notify(const char *text, int connected)
{
	struct sockaddr_un address = manager_address();
	struct iovec iov = { (void *)(uintptr_t)text, strlen(text) };
	struct msghdr message = { .msg_name = &address,
				  .msg_namelen = manager_length(),
				  .msg_iov = &iov,
				  .msg_iovlen = 1 };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	if (connected && connect(fd, (struct sockaddr *)&address, manager_length()))
		_exit(8);
	if ((connected ? send(fd, text, strlen(text), 0) : sendmsg(fd, &message, 0)) < 0)
		_exit(8);
}

static void do_status(void)
{
	notify("STATUS=READY=1 soon\n", 0);
}

static void do_ready(void)
{
	notify("STATUS=fine\nREADY=1\n", 0);
}

static void do_ready_connected(void)
{
	notify("READY=1", 1);
}

static const struct {
	const char *name;
	void (*act)(void);
} acts[] = {
	{ "poll", do_poll },	   { "select", do_select },
	{ "listen", do_listen },   { "prepare", prepare },
	{ "usleep", do_usleep },   { "thread-poll", do_thread_poll },
	{ "usr2", do_usr2 },	   { "compute", do_compute },
	{ "fork", do_fork },	   { "default-usr2", do_usr2 },
	{ "manager", do_manager }, { "status", do_status },
	{ "ready", do_ready },	   { "ready-connected", do_ready_connected },
};

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		char line[64];
		int n;

		for (unsigned j = 0; j < sizeof(acts) / sizeof(*acts); j++) {
			if (!strcmp(acts[j].name, argv[i]))
				acts[j].act();
		}
		n = snprintf(line, sizeof(line), "%s %s\n", argv[i],
			     syscall(SYS_getppid) < 0 ? "locked" : "free");
		if (write(1, line, (size_t)n) != n)
			return 9;
	}
	return 0;
}
