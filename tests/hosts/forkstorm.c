/* forkstorm.c - a thread forks without a pause while the main thread meets the trigger (poll).
 *
 * The lines that it writes to $LINEAGE_OUT, and the places where it stops until SIGCONT:
 *   "held young PID"    each child, before it does anything
 *   "held old PID"      each child, after it has used libc's signal 33 (setuid with two threads)
 *                       and met the trigger itself
 *   "held parent PID"   the parent, after its lock and some more forks
 * "forkstorm full" first fills standard error, a pipe: the next line there waits for a reader.
 *
 * Then each child makes a call that the test's policy denies. "child signal N" is how it ended.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BEFORE = 3, BEHIND = 4, MOST = 60 };

static int out;
static volatile int born, locked;

static void say(const char *text, long number)
{
	char line[64];
	int n = snprintf(line, sizeof(line), "%s %ld\n", text, number);

	if (write(out, line, (size_t)n) != n)
		_exit(9);
}

static void hold(const char *text)
{
	say(text, getpid());
	kill(getpid(), SIGSTOP);
}

static void *wait_for_ever(void *unused)
{
	for (;;)
		pause();
	return unused;
}

static _Noreturn void live(void)
{
	pthread_t thread;

	hold("held young");
	if (pthread_create(&thread, NULL, wait_for_ever, NULL) || setuid(getuid()))
		_exit(9);
	poll(NULL, 0, 1);
	if (setuid(getuid()))
		_exit(9);
	hold("held old");
	syscall(SYS_getppid);
	_exit(0);
}

/* Work, not sleep: the barrier has less patience with a thread that waits. */
static void spin(void)
{
	struct timespec start, now;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while ((now.tv_sec - start.tv_sec) * 1000000000L + now.tv_nsec - start.tv_nsec < 3000000L);
}

static void *fork_on(void *unused)
{
	int behind = 0;

	while (behind < BEHIND && born < MOST) {
		behind += locked;
		if (!fork())
			live();
		born++;
		spin();
	}
	return unused;
}

static void fill_standard_error(void)
{
	int flags = fcntl(2, F_GETFL);

	fcntl(2, F_SETFL, flags | O_NONBLOCK);
	while (write(2, "\n", 1) == 1)
		;
	fcntl(2, F_SETFL, flags);
}

int main(int argc, char **argv)
{
	const char *path;
	pthread_t thread;
	int status;

	if (argc > 1 && !strcmp(argv[1], "full"))
		fill_standard_error();
	path = getenv("LINEAGE_OUT");
	out = path ? open(path, O_WRONLY | O_APPEND | O_CLOEXEC) : -1;
	if (out < 0 || pthread_create(&thread, NULL, fork_on, NULL))
		return 9;
	while (born < BEFORE)
		;
	poll(NULL, 0, 1);
	locked = 1;
	pthread_join(thread, NULL);
	say("born", born);
	hold("held parent");
	for (int i = 0; i < born; i++) {
		wait(&status);
		say("child signal", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	}
	return 0;
}
