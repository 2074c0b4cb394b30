/* many-calls.c - makes a known number of calls: THREADS threads, then PROCESSES processes at once.
 * Usage: many-calls THREADS CALLS PROCESSES CALLS
 *
 * Threads call getpgid(0), processes getsid(0); both do nothing else in between. Before that it
 * calls poll once, for a trigger.
 */
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static long calls;

static void *make_calls(void *unused)
{
	for (long i = 0; i < calls; i++)
		getpgid(0);
	return unused;
}

static void make_processes(long processes, long each)
{
	for (long i = 0; i < processes; i++) {
		if (fork())
			continue;
		for (long j = 0; j < each; j++)
			getsid(0);
		_exit(0);
	}
	while (wait(NULL) > 0)
		;
}

int main(int argc, char **argv)
{
	pthread_t threads[64];
	long count;

	if (argc != 5)
		return 2;
	poll(NULL, 0, 1);
	count = strtol(argv[1], NULL, 10);
	calls = strtol(argv[2], NULL, 10);
	for (long i = 0; i < count; i++)
		pthread_create(&threads[i], NULL, make_calls, NULL);
	for (long i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	make_processes(strtol(argv[3], NULL, 10), strtol(argv[4], NULL, 10));
	return 0;
}
