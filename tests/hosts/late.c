/* late.c - a program in which libc first needs something behind the lock.
 *
 * Usage: late exit | time
 * It waits once (a trigger). Then a thread ends by pthread_exit, or the local time is asked for.
 */
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static pthread_barrier_t locked;

static void *end(void *unused)
{
	(void)unused;
	pthread_barrier_wait(&locked);
	pthread_exit(NULL);
}

int main(int argc, char **argv)
{
	bool is_exit = argc == 2 && !strcmp(argv[1], "exit");
	time_t now = 0;
	pthread_t thread;

	if (argc != 2 || (!is_exit && strcmp(argv[1], "time") != 0))
		return 2;
	if (is_exit) {
		pthread_barrier_init(&locked, NULL, 2);
		if (pthread_create(&thread, NULL, end, NULL))
			return 2;
	}
	poll(NULL, 0, 1);
	if (is_exit) {
		pthread_barrier_wait(&locked);
		pthread_join(thread, NULL);
	} else if (!localtime(&now)) {
		return 1;
	}
	puts("done");
	return 0;
}
