/* churn.c - a process that is never quiet: threads make and end threads, change the user id in all
 * threads (libc's own use of signal 33), fork and vfork, while the main thread meets the trigger.
 * Usage: churn SECONDS_TENTHS [leader]. Prints "survived" when every part still works afterwards.
 * With "leader" the main thread ends with pthread_exit before, and another one meets the trigger.
 *
 * The user id is changed when the main thread has ended, not before: libc's setuid (2.36) waits for
 * ever for a thread that it has marked and that ends before the signal comes, and only the main
 * thread ends without waiting for that signal. Without the library, too: 14 of 10,000 processes
 * that did nothing else hung.
 */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHURNERS 8

extern char **environ;
static atomic_int born, failed;
static long tenths;

static void *short_life(void *argument)
{
	atomic_fetch_add(&born, 1);
	return argument;
}

static void *churn(void *argument)
{
	pthread_t thread;

	for (;;) {
		if (pthread_create(&thread, NULL, short_life, NULL) || pthread_join(thread, NULL))
			atomic_store(&failed, 1);
	}
	return argument;
}

static void *change_user(void *argument)
{
	for (;;) {
		if (setresuid((uid_t)-1, geteuid(), (uid_t)-1))
			atomic_store(&failed, 1);
	}
	return argument;
}

static void *make_children(void *argument)
{
	static char name[] = "true";
	char *const words[] = { name, NULL };
	pid_t child;

	for (;;) {
		if (posix_spawn(&child, "/bin/true", NULL, NULL, words, environ) ||
		    waitpid(child, NULL, 0) != child)
			atomic_store(&failed, 1);
	}
	return argument;
}

static void *deaf(void *argument)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	for (;;)
		usleep(1000);
	return argument;
}

/* libc's setuid interrupts every sleep in the process. */
static void rest(void)
{
	struct timespec now, end;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += tenths / 10;
	end.tv_nsec += tenths % 10 * 100000000L;
	do {
		usleep(5000);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec * 1000000000L + now.tv_nsec < end.tv_sec * 1000000000L + end.tv_nsec);
}

static void meet_trigger(void)
{
	int before;

	usleep(5000);
	poll(NULL, 0, 1); /* the trigger */
	before = atomic_load(&born);
	for (int i = 0; i < 50 && atomic_load(&born) == before; i++) /* a busy machine */
		rest();
	if (syscall(SYS_getppid) >= 0)
		puts("not locked");
	else if (failed)
		puts("something failed");
	else if (atomic_load(&born) == before)
		puts("no thread was born any more");
	else
		puts("survived");
	fflush(stdout);
	_exit(0);
}

static void start(void *(*body)(void *))
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, body, NULL))
		_exit(2);
}

static void *without_leader(void *leader)
{
	if (pthread_join(*(pthread_t *)leader, NULL))
		_exit(2);
	start(change_user);
	meet_trigger();
	return NULL;
}

int main(int argc, char **argv)
{
	static pthread_t self;
	pthread_t thread;

	if (argc < 2)
		return 2;
	tenths = strtol(argv[1], NULL, 10);
	self = pthread_self();
	for (int i = 0; i < CHURNERS; i++)
		start(i % 4 ? churn : deaf);
	start(make_children);
	if (argc > 2) {
		if (!pthread_create(&thread, NULL, without_leader, &self))
			pthread_exit(NULL);
		return 2;
	}
	start(change_user);
	meet_trigger();
}
