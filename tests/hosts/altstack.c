/* altstack.c - threads that wait when the trigger is met, each with an alternate signal stack.
 * Usage: altstack one|own N. All have the same stack (varnish), or each its own. Then each is
 * woken, looks at what it had on its stack, and main prints "well".
 */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WORDS = 64, SIZE = 65536, MOST = 64 };

static int ends[2];
static void *shared;
static pthread_barrier_t all_wait;

static void *live(void *number)
{
	volatile long words[WORDS];
	stack_t stack = { .ss_sp = shared ? shared : malloc(SIZE), .ss_size = SIZE };
	char byte;

	for (long i = 0; i < WORDS; i++)
		words[i] = (long)number * WORDS + i;
	if (sigaltstack(&stack, NULL))
		return NULL;
	pthread_barrier_wait(&all_wait);
	if (read(ends[0], &byte, 1))
		return NULL;
	for (long i = 0; i < WORDS; i++)
		if (words[i] != (long)number * WORDS + i)
			return NULL;
	return number;
}

int main(int argc, char **argv)
{
	long count = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
	pthread_t threads[MOST];

	if (count < 1 || count > MOST || pipe(ends) ||
	    pthread_barrier_init(&all_wait, NULL, (unsigned)count + 1))
		return 2;
	if (!strcmp(argv[1], "one"))
		shared = malloc(SIZE);
	for (long i = 0; i < count; i++)
		if (pthread_create(&threads[i], NULL, live, (void *)(i + 1)))
			return 2;
	pthread_barrier_wait(&all_wait);
	poll(NULL, 0, 1);
	close(ends[1]);
	for (long i = 0; i < count; i++) {
		void *result;

		if (pthread_join(threads[i], &result) || !result)
			return 3;
	}
	return write(1, "well\n", 5) != 5;
}
