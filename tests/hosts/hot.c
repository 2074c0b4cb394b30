/* hot.c - a function that is called all the time while it becomes a trigger.
 * Usage: hot ROUNDS THREADS. Each round is a child of its own, whose threads call `hot` in a loop;
 * then it calls listen (the step that `call hot after listen` waits for) and each thread goes on
 * until a call finds that the parent's id is refused. Prints "rounds N, passed N, broken N": calls
 * that began after listen had returned and found an answer, and children that died.
 * `hot` has an instruction at each of its first bytes, and doubles its argument.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS_MAX = 64 };

static atomic_int started, listening, passed;

long hot(long);

#ifdef __x86_64__
__asm__(".text\n.balign 16\n.type hot, @function\n"
	"hot: push %rax\n push %rcx\n pop %rcx\n pop %rax\n lea (%rdi,%rdi), %rax\n ret\n"
	".size hot, .-hot\n");
#else
__attribute__((noinline)) long hot(long n)
{
	__asm__ volatile("");
	return 2 * n;
}
#endif

static void *call_it(void *unused)
{
	atomic_fetch_add(&started, 1);
	for (;;) {
		int armed = atomic_load(&listening);

		for (long i = 0; i < 1000; i++) {
			if (hot(i) != 2 * i)
				abort();
		}
		if (syscall(SYS_getppid) < 0)
			return unused;
		if (armed)
			atomic_fetch_add(&passed, 1);
	}
}

static int run_child(int threads)
{
	pthread_t thread[THREADS_MAX];
	int server = socket(AF_UNIX, SOCK_STREAM, 0);

	for (int i = 0; i < threads; i++) {
		if (pthread_create(&thread[i], NULL, call_it, NULL))
			return 100;
	}
	while (atomic_load(&started) < threads)
		sched_yield();
	listen(server, 1);
	atomic_store(&listening, 1);
	for (int i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	return atomic_load(&passed) < 100 ? atomic_load(&passed) : 100;
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 1;
	int threads = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 2;
	int all_passed = 0, broken = 0;

	for (int i = 0; i < rounds && threads <= THREADS_MAX; i++) {
		pid_t child = fork();
		int status = 0;

		if (!child)
			_exit(run_child(threads));
		waitpid(child, &status, 0);
		if (WIFEXITED(status))
			all_passed += WEXITSTATUS(status);
		else
			broken++;
	}
	printf("rounds %d, passed %d, broken %d\n", rounds, all_passed, broken);
	return 0;
}
