/* calls.c - how long a call takes, for scripts/bench to compare with the library and without.
 * Usage: calls WHICH COUNT: calls WHICH once (the trigger), then COUNT times, and prints the
 * nanoseconds of one.
 */
#include "bench.h"

#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

static int epoll;

static void hooked_epoll(void)
{
	struct epoll_event event;

	epoll_wait(epoll, &event, 1, 0);
}

/* The same call to the kernel, past the hook: the difference is the library's own. */
static void raw_epoll(void)
{
	struct epoll_event event;

	syscall(SYS_epoll_wait, epoll, &event, 1, 0);
}

static void hooked_poll(void)
{
	poll(NULL, 0, 0);
}

static void raw_poll(void)
{
	syscall(SYS_poll, NULL, 0, 0);
}

__attribute__((noinline)) void serve(void);

__attribute__((noinline)) void serve(void)
{
	static volatile int served;

	served = served + 1;
}

static const struct {
	const char *name;
	void (*function)(void);
} which[] = { { "epoll_wait", hooked_epoll },
	      { "raw-epoll_wait", raw_epoll },
	      { "poll", hooked_poll },
	      { "raw-poll", raw_poll },
	      { "serve", serve } };

int main(int argc, char **argv)
{
	long count = argc > 2 ? strtol(argv[2], NULL, 10) : 1;

	epoll = epoll_create1(EPOLL_CLOEXEC);
	for (size_t i = 0; i < sizeof(which) / sizeof(which[0]) && argc > 1; i++) {
		void (*volatile function)(void) = which[i].function;
		double start;

		if (strcmp(argv[1], which[i].name))
			continue;
		hooked_poll(); /* the trigger of all but serve */
		function();
		start = now();
		for (long left = count; left; left--)
			function();
		printf("%.2f\n", (now() - start) * 1e9 / (double)count);
		return 0;
	}
	return 2;
}
