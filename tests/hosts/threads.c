/* threads.c - N threads that already run when the trigger is met; then everybody stays, so that a
 * test can look at /proc/PID/task. Usage: threads N. Prints "ready" after the trigger; must be
 * ended by a signal.
 *
 * Every fourth thread blocks all signals, every fourth waits in read(2), one spins.
 */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static int nothing[2];
static void *live(void *number_)
{
	long number = (long)number_;
	sigset_t all;
	char byte;

	sigfillset(&all);
	if (number % 4 == 0)
		pthread_sigmask(SIG_SETMASK, &all, NULL);
	if (number % 4 == 1)
		return read(nothing[0], &byte, 1) < 0 ? number_ : NULL;
	for (;;) {
		if (number != 2)
			usleep(1000);
	}
}

int main(int argc, char **argv)
{
	long count = argc > 1 ? strtol(argv[1], NULL, 10) : 1;
	pthread_t thread;

	if (pipe(nothing))
		return 2;
	for (long i = 0; i < count; i++) {
		if (pthread_create(&thread, NULL, live, (void *)i))
			return 2;
	}
	poll(NULL, 0, 1);
	if (write(1, "ready\n", 6) != 6)
		return 2;
	for (;;)
		sleep(1000);
}
