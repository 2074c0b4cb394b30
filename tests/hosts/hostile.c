/* hostile.c - calls the trigger function from places where nobody would. Usage: hostile PLACE.
 * Prints "locked" when the body ran locked and saw its arguments, "free" when it ran free.
 */
#include <alloca.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

static const char *verdict = "the function never ran\n";
static int depth;

/* The trigger `call start_serving`. */
__attribute__((noinline)) void start_serving(int a, double b);

__attribute__((noinline)) void start_serving(int a, double b)
{
	/* NOLINTNEXTLINE(bugprone-signal-handler,cert-sig30-c): syscall() is safe anywhere */
	verdict = syscall(SYS_getppid) < 0 ? "locked\n" : "free\n";
	if (a != 41 || b != 42.5)
		verdict = "arguments lost\n";
}

static void serve(void)
{
	start_serving(41, 42.5);
}

/* An allocator of the program's own: no thread but the first may use it, and not too early. */
static char arena[1 << 20];
static size_t used;
static int allocator_is_open = 1;

static void *own_malloc(size_t size)
{
	void *memory = arena + used;

	if (!allocator_is_open)
		abort();
	used += (size + 15) & ~15ul;
	return used > sizeof(arena) ? NULL : memory;
}

void *malloc(size_t size)
{
	return own_malloc(size);
}

void free(void *memory)
{
}

void *calloc(size_t count, size_t size)
{
	return own_malloc(count * size);
}

void *realloc(void *memory, size_t size)
{
	return own_malloc(size);
}

static void all_signals_blocked(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	serve();
}

static void on_fault(int signal)
{
	verdict = "a signal of ours reached the program\n";
}

static void own_handlers(void)
{
	signal(SIGSEGV, on_fault);
	signal(SIGTRAP, on_fault);
	signal(SIGSYS, on_fault);
	serve();
}

static void on_usr1(int signal)
{
	serve();
}

static void signal_handler(void)
{
	signal(SIGUSR1, on_usr1);
	raise(SIGUSR1);
}

static void on_every_usr1(int signal)
{
	if (depth++ < 3)
		raise(SIGUSR1);
	serve();
}

/* The handler interrupts itself, and each of them calls the function. */
static void nested_handlers(void)
{
	struct sigaction action = { .sa_handler = on_every_usr1, .sa_flags = SA_NODEFER };

	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
}

static void *sleep_long(void *argument)
{
	sleep(1000);
	return argument;
}

static void *serve_and_end(void *argument)
{
	pthread_setspecific(*(pthread_key_t *)argument, argument);
	return argument;
}

static void destroy(void *argument)
{
	serve();
}

static void tls_destructor(void)
{
	pthread_t thread;
	pthread_key_t key;

	pthread_key_create(&key, destroy);
	pthread_create(&thread, NULL, serve_and_end, &key);
	pthread_join(thread, NULL);
}

static void with_a_thread(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, sleep_long, NULL);
	serve();
}

/* Runs `body` on a stack of 16 KiB with a guard page below: who uses more than that dies. */
static char *coroutine_stack;

static void run_coroutine(void (*body)(void))
{
	static ucontext_t here, there;
	size_t size = 16 << 10;

	coroutine_stack = mmap(NULL, size + 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	coroutine_stack += 4096;
	mprotect(coroutine_stack, size, PROT_READ | PROT_WRITE);
	getcontext(&there);
	there.uc_stack.ss_sp = coroutine_stack;
	there.uc_stack.ss_size = size;
	there.uc_link = &here;
	makecontext(&there, body, 0);
	swapcontext(&here, &there);
}

static void in_a_coroutine(void)
{
	run_coroutine(serve);
}

/* Uses the stack up but for a kilobyte, frames of its own included. */
static void serve_at_the_end(void)
{
	size_t left = (size_t)((char *)__builtin_frame_address(0) - coroutine_stack);
	volatile char *used_up = alloca(left - 1024);

	used_up[0] = 1;
	serve();
	used_up[0] = 0;
}

static void at_the_end_of_a_coroutine(void)
{
	syscall(SYS_gettid); /* the loader's search for a symbol takes more */
	run_coroutine(serve_at_the_end);
}

static void with_a_thread_at_the_end(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, sleep_long, NULL);
	at_the_end_of_a_coroutine();
}

static void own_allocator(void)
{
	allocator_is_open = 0;
	serve();
	allocator_is_open = 1;
}

static void at_exit(void)
{
	serve();
	if (write(1, verdict, strlen(verdict)) < 0)
		_exit(9);
}

static void exit_handler(void)
{
	atexit(at_exit);
	exit(0);
}

__attribute__((constructor)) static void constructor(void)
{
	if (getenv("HOSTILE_CONSTRUCTOR"))
		serve();
}

static void nothing(void)
{
}

static const struct {
	const char *name;
	void (*call)(void);
} places[] = {
	{ "all-signals-blocked", all_signals_blocked },
	{ "own-handlers", own_handlers },
	{ "signal-handler", signal_handler },
	{ "nested-handlers", nested_handlers },
	{ "tls-destructor", tls_destructor },
	{ "with-a-thread", with_a_thread },
	{ "coroutine", in_a_coroutine },
	{ "stack-end", at_the_end_of_a_coroutine },
	{ "stack-end-with-a-thread", with_a_thread_at_the_end },
	{ "own-allocator", own_allocator },
	{ "exit-handler", exit_handler },
	{ "constructor", nothing },
};

int main(int argc, char **argv)
{
	for (unsigned i = 0; argc > 1 && i < sizeof(places) / sizeof(*places); i++) {
		if (!strcmp(places[i].name, argv[1]))
			places[i].call();
	}
	if (write(1, verdict, strlen(verdict)) < 0)
		return 9;
	_exit(0);
}
