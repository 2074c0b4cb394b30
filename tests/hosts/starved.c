/* starved.c - threads that hardly get a CPU when the program meets its trigger: as on a busy
 * machine, but made on purpose, with real-time priorities on one CPU. Usage: starved [THREADS]
 * Without a number it is one thread, which has not run yet and does not get to for BUSY_MS more.
 * The first thing that it does is getppid, once; then it waits. With a number, so many threads wait
 * from the beginning, and get the CPU for SHARE_MS at a time. Prints "lived" after the lock, or
 * what is not to be had here, with status 77.
 */
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BUSY_MS = 400, TAKEN_MS = 40, SHARE_MS = 2 };
enum { HOG = 1, MAIN = 2, NOT_HERE = 77, STACK = 64 * 1024 };

static sem_t begun, never;

static void *newborn(void *argument)
{
	getppid();
	sem_post(&begun);
	sem_wait(&never);
	return argument;
}

static void *wait_only(void *argument)
{
	sem_wait(&never);
	return argument;
}

static void stay_on_one_cpu(void)
{
	cpu_set_t all, one;
	int cpu = 0;

	if (sched_getaffinity(0, sizeof(all), &all))
		exit(1);
	while (!CPU_ISSET(cpu, &all))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		exit(1);
}

static _Noreturn void not_here(const char *what)
{
	printf("no %s here\n", what);
	exit(NOT_HERE);
}

/* Of those that run by priority, the highest runs until it waits; all others wait for that. */
static void run_by_priority(int priority)
{
	const struct sched_param parameter = { .sched_priority = priority };

	if (sched_setscheduler(0, SCHED_FIFO, &parameter))
		not_here("real-time priorities");
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void compute(int milliseconds)
{
	int64_t until = now_ms() + milliseconds;

	while (now_ms() < until)
		;
}

static pid_t keep_busy(bool sharing)
{
	pid_t child = fork();

	if (child)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	run_by_priority(HOG);
	if (!sharing) {
		compute(BUSY_MS);
		_exit(0);
	}
	for (;;) {
		compute(TAKEN_MS);
		usleep(SHARE_MS * 1000);
	}
}

/* Without the priority of its maker. */
static void make(void *(*function)(void *))
{
	const struct sched_param none = { 0 };
	pthread_attr_t attributes;
	pthread_t thread;

	if (pthread_attr_init(&attributes) || pthread_attr_setstacksize(&attributes, STACK) ||
	    pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED) ||
	    pthread_attr_setschedpolicy(&attributes, SCHED_OTHER) ||
	    pthread_attr_setschedparam(&attributes, &none))
		exit(1);
	if (pthread_create(&thread, &attributes, function, NULL))
		not_here("so many threads");
}

int main(int argc, char **argv)
{
	long threads = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
	pid_t child;

	sem_init(&begun, 0, 0);
	sem_init(&never, 0, 0);
	stay_on_one_cpu();
	run_by_priority(MAIN);
	for (long i = 0; i < threads; i++)
		make(wait_only);
	usleep((useconds_t)threads * 100); /* they begin to wait */
	child = keep_busy(threads);
	if (!threads)
		make(newborn);
	poll(NULL, 0, 1);
	if (!threads)
		sem_wait(&begun);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	puts("lived");
	return 0;
}
