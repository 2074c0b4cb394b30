/* order.c - does the things named on its command line in that order, and says behind each whether
 * it is locked by then ("poll free", "listen locked"; the test policy refuses getppid).
 *
 * Its own clock is read without a system call wait: "compute" makes no hooked call at all.
 */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
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

static const struct {
	const char *name;
	void (*act)(void);
} acts[] = {
	{ "poll", do_poll },	     { "select", do_select },	{ "listen", do_listen },
	{ "prepare", prepare },	     { "usleep", do_usleep },	{ "thread-poll", do_thread_poll },
	{ "usr2", do_usr2 },	     { "compute", do_compute }, { "fork", do_fork },
	{ "default-usr2", do_usr2 },
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
