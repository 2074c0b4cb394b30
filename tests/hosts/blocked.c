/* blocked.c - a server whose threads block every signal, as those do that have one thread for
 * signals. After its first wait it makes getppid(2).
 *
 * blocked WHO...: who makes it, one after another: main, worker (a thread from before the wait),
 * later (one from after it); again: main, which blocks all signals once more before. filtered: the
 * words behind it are for when a filter is in force.
 */
#include <err.h>
#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int order[2]; /* a pipe: the worker begins when something comes */

static void ask(const char *who)
{
	long result = syscall(SYS_getppid);

	printf("%s %s\n", who, result < 0 ? strerrorname_np(errno) : "ok");
	fflush(stdout);
}

static void block_all(void)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
}

static void *worker(void *unused)
{
	char byte;

	(void)unused;
	if (read(order[0], &byte, 1) == 1)
		ask("worker");
	return NULL;
}

static void *later(void *unused)
{
	(void)unused;
	ask("later");
	return NULL;
}

static void start(pthread_t *thread, void *(*body)(void *))
{
	if (pthread_create(thread, NULL, body, NULL))
		errx(1, "pthread_create");
}

static void await_filter(void)
{
	while (prctl(PR_GET_SECCOMP) != SECCOMP_MODE_FILTER)
		usleep(1000);
}

int main(int argc, char *argv[])
{
	pthread_t first, other;

	block_all();
	if (pipe(order))
		err(1, "pipe");
	start(&first, worker);
	poll(NULL, 0, 1);
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "worker")) {
			if (write(order[1], "", 1) != 1)
				err(1, "write");
			pthread_join(first, NULL);
		} else if (!strcmp(argv[i], "filtered")) {
			await_filter();
		} else if (!strcmp(argv[i], "later")) {
			start(&other, later);
			pthread_join(other, NULL);
		} else {
			if (!strcmp(argv[i], "again"))
				block_all();
			ask(argv[i]);
		}
	}
	return 0;
}
