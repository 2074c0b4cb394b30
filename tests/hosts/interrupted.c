/* interrupted.c - returns from COUNT handlers of two signals that interrupt each other while it
 * makes calls. The handlers have no SA_RESTART, so calls may fail with EINTR; prints "ended after
 * COUNT signals".
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t signals;

static void count(int signal)
{
	(void)signal;
	signals++;
	getppid();
}

static void start_timer(int signal, long nanoseconds)
{
	struct sigaction action = { .sa_handler = count };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = signal };
	struct itimerspec every = { { 0, nanoseconds }, { 0, nanoseconds } };
	timer_t timer;

	while (sigaction(signal, &action, NULL))
		;
	while (timer_create(CLOCK_MONOTONIC, &event, &timer))
		;
	while (timer_settime(timer, 0, &every, NULL))
		;
}

int main(int argc, char **argv)
{
	long wanted = argc > 1 ? strtol(argv[1], NULL, 10) : 1000;

	start_timer(SIGALRM, 200000);
	start_timer(SIGUSR1, 230000);
	while (signals < wanted)
		getppid();
	signal(SIGALRM, SIG_IGN);
	signal(SIGUSR1, SIG_IGN);
	printf("ended after %ld signals\n", wanted);
	return 0;
}
