/* storm.c - round after round of threads that reach the trigger at the same moment. Each round is a
 * fork child, armed on its own. In the function's body every thread asks for its parent, which the
 * test policy refuses: an answer means that the body ran before the lock held.
 * Usage: storm ROUNDS THREADS. Prints "rounds N, free N, broken N": bodies that had an answer, and
 * children that died or did not call the function THREADS times.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS_MAX = 256, CALLS_LOST = 255 };

static atomic_int calls, answered;
static pthread_barrier_t gate;

/* The trigger `call start_serving`. */
__attribute__((noinline)) static int start_serving(int a, double b)
{
	atomic_fetch_add(&calls, 1);
	if (syscall(SYS_getppid) >= 0)
		atomic_fetch_add(&answered, 1);
	return (int)b + a * 3;
}

static void *race(void *unused)
{
	pthread_barrier_wait(&gate);
	if (start_serving(2, 1.5) != 7)
		abort();
	return unused;
}

/* Returns how many bodies ran free, or CALLS_LOST. */
static int run_round(int threads)
{
	pthread_t thread[THREADS_MAX];
	pthread_attr_t small;
	int free_ones;

	pthread_barrier_init(&gate, NULL, (unsigned)threads);
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 64 << 10);
	for (int i = 0; i < threads; i++) {
		if (pthread_create(&thread[i], &small, race, NULL))
			return CALLS_LOST;
	}
	for (int i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	free_ones = atomic_load(&answered);
	return atomic_load(&calls) == threads && free_ones < CALLS_LOST ? free_ones : CALLS_LOST;
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 1;
	int threads = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 2;
	int all_free = 0, broken = 0;

	for (int i = 0; i < rounds && threads <= THREADS_MAX; i++) {
		pid_t child = fork();
		int status = 0;

		if (!child)
			_exit(run_round(threads));
		waitpid(child, &status, 0);
		if (!WIFEXITED(status) || WEXITSTATUS(status) == CALLS_LOST)
			broken++;
		else
			all_free += WEXITSTATUS(status);
	}
	printf("rounds %d, free %d, broken %d\n", rounds, all_free, broken);
	return 0;
}
