/* shapes.c - functions whose first bytes are of every kind, for the trigger `call NAME`.
 * Usage: shapes NAME [thread|vfork]. Calls the function four times, and says of each call whether
 * the parent's id was refused by then (the test policies refuse getppid), or that its result is
 * wrong. thread: another thread makes the first two calls. vfork: a vfork child makes the first.
 * Each function doubles its argument.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define FUNCTION(name, code)                                                                       \
	__asm__(".text\n.balign 16\n.type " #name ", %function\n" #name ":\n" code                 \
		"\n.size " #name ", .-" #name "\n");                                               \
	long name(long, long)

#ifdef __x86_64__
FUNCTION(frame, "push %rbp\n mov %rsp, %rbp\n lea (%rdi,%rdi), %rax\n pop %rbp\n ret");
FUNCTION(landing_pad, "endbr64\n lea (%rdi,%rdi), %rax\n ret");
FUNCTION(memory, "mov two(%rip), %rax\n imul %rdi, %rax\n ret");
FUNCTION(condition, "test %edi, %edi\n jns 1f\n ud2\n1: lea (%rdi,%rdi), %rax\n ret");
FUNCTION(tail_call, "jmp double_it");
FUNCTION(calls, "call double_it\n ret");
FUNCTION(calls_through, "sub $8, %rsp\n call *pointer(%rip)\n add $8, %rsp\n ret");
FUNCTION(tiny, "lea (%rdi,%rdi), %eax\n ret");
FUNCTION(followed, "lea (%rdi,%rdi), %eax\n ret\n.type neighbour, %function\nneighbour: ret");
FUNCTION(loop_inside, "xor %eax, %eax\n1: add $2, %rax\n dec %rdi\n jnz 1b\n ret");
FUNCTION(loop_behind, "mov $0, %eax\n1: add $2, %rax\n dec %rdi\n jnz 1b\n ret");
FUNCTION(loop_from_start, "add $2, %rsi\n dec %rdi\n jnz loop_from_start\n mov %rsi, %rax\n ret");
FUNCTION(immovable, "mov %rdi, %rcx\n jrcxz 1f\n1: lea (%rdi,%rdi), %rax\n ret");
__asm__(".size followed, 4\n"
	"double_it: lea (%rdi,%rdi), %rax\n ret\n"
	".data\ntwo: .quad 2\npointer: .quad double_it\n.text\n");
#define SHAPES(with)                                                                               \
	with(frame) with(landing_pad) with(memory) with(condition) with(tail_call) with(calls)     \
		with(calls_through) with(tiny) with(followed) with(loop_inside) with(loop_behind)  \
			with(loop_from_start) with(immovable)
#elif defined(__aarch64__)
FUNCTION(frame, "stp x29, x30, [sp, #-16]!\n add x0, x0, x0\n ldp x29, x30, [sp], #16\n ret");
FUNCTION(landing_pad, "hint #34\n add x0, x0, x0\n ret"); /* bti c */
FUNCTION(memory, "ldr x1, two\n mul x0, x0, x1\n ret");
FUNCTION(vector_memory, "ldr d1, two_and_a_half\n fcvtzs x1, d1\n mul x0, x0, x1\n ret");
FUNCTION(address, "adr x1, two\n ldr x1, [x1]\n mul x0, x0, x1\n ret");
FUNCTION(page, "adrp x1, two\n ldr x1, [x1, :lo12:two]\n mul x0, x0, x1\n ret");
FUNCTION(condition, "cbnz x0, 1f\n brk #0\n1: add x0, x0, x0\n ret");
FUNCTION(bit, "tbnz x0, #0, 1f\n add x0, x0, x0\n ret\n1: add x0, x0, x0\n ret");
FUNCTION(tail_call, "b double_it");
FUNCTION(called, "bl double_it\n ret x9");
FUNCTION(calls, "stp x29, x30, [sp, #-16]!\n adr x9, 1f\n b called\n"
		"1: ldp x29, x30, [sp], #16\n ret");
FUNCTION(called_through, "blr x8\n ret x9");
FUNCTION(calls_through, "stp x29, x30, [sp, #-16]!\n adr x9, 1f\n adr x8, double_it\n"
			" b called_through\n1: ldp x29, x30, [sp], #16\n ret");
FUNCTION(loop_from_start, "add x1, x1, #2\n subs x0, x0, #1\n b.ne loop_from_start\n"
			  " mov x0, x1\n ret");
__asm__("double_it: add x0, x0, x0\n ret\n.balign 8\ntwo: .quad 2\n"
	"two_and_a_half: .double 2.5\n");
#define SHAPES(with)                                                                               \
	with(frame) with(landing_pad) with(memory) with(vector_memory) with(address) with(page)    \
		with(condition) with(bit) with(tail_call) with(calls) with(calls_through)          \
			with(loop_from_start)
#else
#error "write some functions for this processor"
#endif

static const struct {
	const char *name;
	long (*function)(long, long);
} shapes[] = {
#define ROW(name) { #name, name },
	SHAPES(ROW)
};

static long (*shape)(long, long);
static long argument;

static void say(const char *text)
{
	if (write(1, text, strlen(text)) < 0)
		_exit(9);
}

static void call_once(void)
{
	const char *verdict;

	argument++;
	if (shape(argument, 0) != 2 * argument)
		verdict = "wrong\n";
	else
		verdict = syscall(SYS_getppid) < 0 ? "locked\n" : "free\n";
	say(verdict);
}

static void *call_twice(void *unused)
{
	call_once();
	call_once();
	return unused;
}

static int child_main(void *unused)
{
	call_once();
	return 0;
}

/* As vfork(2) and posix_spawn(3) make their children: in our memory, while we wait. */
static void call_in_vfork_child(void)
{
	static char stack[64 << 10] __attribute__((aligned(16)));
	int status = 0;
	pid_t child =
		clone(child_main, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);

	waitpid(child, &status, 0);
	if (child < 0 || status)
		say("the child failed\n");
}

int main(int argc, char **argv)
{
	const char *how = argc > 2 ? argv[2] : "";
	pthread_t thread;

	for (unsigned i = 0; argc > 1 && i < sizeof(shapes) / sizeof(*shapes); i++) {
		if (!strcmp(shapes[i].name, argv[1]))
			shape = shapes[i].function;
	}
	if (!shape)
		return 2;
	if (!strcmp(how, "thread") &&
	    (pthread_create(&thread, NULL, call_twice, NULL) || pthread_join(thread, NULL)))
		return 2;
	if (!strcmp(how, "vfork"))
		call_in_vfork_child();
	while (argument < 4)
		call_once();
	return 0;
}
