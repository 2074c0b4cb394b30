/* racer.c - N threads reach the trigger at the same moment. Each then asks for its parent (the test
 * policy refuses that): a thread that gets an answer was past the trigger before the lock held.
 * Usage: racer N wait|call [stay]. Prints "refused COUNT answered COUNT"; with stay it does not
 * end.
 */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_int refused, answered, arrived;
static int count, use_call;

/* Big enough to be patched, and never inlined: the trigger `call start_serving`. */
__attribute__((noinline)) static int start_serving(int a, double b)
{
	__asm__ volatile("");
	return (int)b + a * 3;
}

static void *race(void *unused)
{
	atomic_fetch_add(&arrived, 1);
	while (atomic_load(&arrived) < count)
		;
	if (use_call && start_serving(2, 1.5) != 7)
		abort();
	if (!use_call)
		poll(NULL, 0, 1);
	atomic_fetch_add(syscall(SYS_getppid) < 0 ? &refused : &answered, 1);
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t thread[1024];
	char line[64];
	int n;

	count = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 2;
	use_call = argc > 2 && !strcmp(argv[2], "call");
	for (int i = 0; i < count; i++) {
		if (pthread_create(&thread[i], NULL, race, NULL))
			return 2;
	}
	for (int i = 0; i < count; i++)
		pthread_join(thread[i], NULL);
	n = snprintf(line, sizeof(line), "refused %d answered %d\n", refused, answered);
	if (write(1, line, (size_t)n) != n)
		return 2;
	if (argc <= 3)
		_exit(0);
	for (;;)
		sleep(1000);
}
