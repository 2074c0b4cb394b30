/* state.c - prints what a program can see of itself: errno, descriptors, signal mask, dispositions,
 * environment; first at main, then after a wait that fires a trigger. With and without the library
 * the text must be the same, but for SIGSYS after the lock. With an argument there is a second
 * thread.
 *
 * Descriptors by fcntl, dispositions by the raw call (libc hides 32 and 33).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

extern char **environ;

struct kernel_action {
	uintptr_t handler;
	unsigned long flags;
	uintptr_t restorer;
	uint64_t mask;
};

static void handler(int signal)
{
}

static void print_state(const char *when, int seen_errno)
{
	struct kernel_action action;
	uint64_t mask = 0;

	printf("%s: errno %d\n", when, seen_errno);
	for (int fd = 0; fd < 1024; fd++) {
		int flags = fcntl(fd, F_GETFD);

		if (flags >= 0)
			printf("%s: descriptor %d flags %d\n", when, fd, flags);
	}
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, sizeof(mask));
	printf("%s: mask %llx\n", when, (unsigned long long)mask);
	for (int signal = 1; signal <= 64; signal++) {
		memset(&action, 0, sizeof(action));
		syscall(SYS_rt_sigaction, signal, NULL, &action, sizeof(mask));
		printf("%s: signal %d %s flags %lx mask %llx\n", when, signal,
		       action.handler == 0		      ? "default"
		       : action.handler == 1		      ? "ignored"
		       : action.handler == (uintptr_t)handler ? "handler"
							      : "foreign",
		       action.flags, (unsigned long long)action.mask);
	}
}

static void *idle(void *argument)
{
	for (;;)
		sleep(1000);
	return argument;
}

int main(int argc, char **argv)
{
	int at_main = errno;
	pthread_t thread;
	sigset_t some;

	if (argc > 1 && pthread_create(&thread, NULL, idle, NULL))
		return 2;
	print_state("main", at_main);
	for (char **variable = environ; *variable; variable++)
		printf("environment %s\n", *variable);
	signal(SIGUSR1, handler);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&some);
	sigaddset(&some, SIGUSR2);
	sigprocmask(SIG_BLOCK, &some, NULL);
	errno = 77;
	poll(NULL, 0, 1);
	print_state("after", errno);
	return 0;
}
