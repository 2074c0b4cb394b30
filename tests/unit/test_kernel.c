/* test_kernel.c - our interpreter of filters against the kernel's.
 *
 * Half of the filters are compiled from random policies, the others are random programs with every
 * instruction that seccomp(2) takes. A child loads each and makes calls; what becomes of them, and
 * whether the kernel takes the program at all, must be what bpf.c says.
 *
 * The calls are harmless whatever their arguments are: numbers that no kernel has, calls on
 * descriptors in a child that has none, and questions. KERNEL_COUNT of each (2000), from
 * KERNEL_SEED (1) on.
 */
#include "generate.h"
#include "memory.h"

#include "policy/bpf.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <linux/audit.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

enum { ATTEMPTS = 24, FIRST_FREE = 900, LAST_FREE = 963, CODE_MAX = 64 };

struct attempt {
	struct seccomp_data data;
	long result;
	bool trapped, killed;
	siginfo_t info;
};

/* Seen by the child and by us: the child may make no other call. */
static struct shared {
	struct attempt attempts[ATTEMPTS];
	volatile unsigned next;
	volatile int refused; /* errno of seccomp(2) */
	volatile bool loaded, done;
} * shared;

/* --- the child -------------------------------------------------------------------------------- */

static long make_call(const struct seccomp_data *data)
{
	register uint64_t r10 __asm__("r10") = data->args[3];
	register uint64_t r8 __asm__("r8") = data->args[4];
	register uint64_t r9 __asm__("r9") = data->args[5];
	long result;

	if (data->arch == AUDIT_ARCH_I386)
		__asm__ volatile("int $0x80"
				 : "=a"(result)
				 : "a"(data->nr), "b"(data->args[0]), "c"(data->args[1])
				 : "memory", "r8", "r9", "r10", "r11");
	else
		__asm__ volatile("syscall"
				 : "=a"(result)
				 : "a"(data->nr), "D"(data->args[0]), "S"(data->args[1]),
				   "d"(data->args[2]), "r"(r10), "r"(r8), "r"(r9)
				 : "memory", "rcx", "r11");
	return result;
}

static void on_sigsys(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	if (shared->next == ATTEMPTS) /* exit_group */
		return;
	shared->attempts[shared->next].trapped = true;
	shared->attempts[shared->next].info = *info;
}

static void make_calls(void)
{
	static const struct seccomp_data leave = { .nr = SYS_exit_group,
						   .arch = AUDIT_ARCH_X86_64 };

	while (shared->next < ATTEMPTS) {
		struct attempt *attempt = &shared->attempts[shared->next];

		attempt->result = make_call(&attempt->data);
		shared->next = shared->next + 1;
	}
	shared->done = true;
	make_call(&leave);
	__builtin_trap(); /* exit_group was refused */
}

static void child(struct sock_filter *code, size_t count)
{
	struct sock_fprog program = { (unsigned short)count, code };
	struct sigaction action = { .sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO };

	sigaction(SIGSYS, &action, NULL);
	signal(SIGILL, SIG_DFL);
	alarm(20);
	close_range(0, ~0u, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	shared->loaded = !syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
	if (!shared->loaded) {
		shared->refused = errno;
		_exit(0);
	}
	make_calls();
}

/* --- what became of it ------------------------------------------------------------------------ */

/* A killed child is followed by another that goes on behind the call that killed it. */
static void run_children(struct sock_filter *code, size_t count)
{
	shared->next = 0;
	shared->done = false;
	do {
		int status;
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (!pid)
			child(code, count);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (shared->done || !shared->loaded)
			return;
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGSYS);
		shared->attempts[shared->next].killed = true;
		shared->next = shared->next + 1;
	} while (shared->next < ATTEMPTS);
}

static bool is_free(const struct seccomp_data *data)
{
	return data->nr < 0 || data->nr >= FIRST_FREE;
}

/* Errors that no call here has by itself. */
static const struct {
	const char *action;
	int error;
} denials[] = { { "errno EMULTIHOP", EMULTIHOP },
		{ "errno ENOTNAM", ENOTNAM },
		{ "errno EL2HLT", EL2HLT },
		{ "trap EBADSLT", EBADSLT },
		{ "trap ENAVAIL", ENAVAIL },
		{ "trap", 0 },
		{ "kill", 0 },
		{ "allow", 0 },
		{ "allow", 0 },
		{ "log", 0 } };

static bool was_made(const struct attempt *attempt)
{
	if (attempt->trapped || attempt->killed)
		return false;
	if (is_free(&attempt->data))
		return attempt->result == -ENOSYS;
	for (size_t i = 0; i < COUNT(denials); i++)
		if (denials[i].error && attempt->result == -denials[i].error)
			return false;
	return true;
}

static bool is_as(const struct attempt *attempt, uint32_t answer)
{
	long error = answer & SECCOMP_RET_DATA;

	switch (answer & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ALLOW:
	case SECCOMP_RET_LOG:
		return was_made(attempt);
	case SECCOMP_RET_ERRNO:
		return !attempt->trapped && !attempt->killed &&
		       attempt->result == -(error > 4095 ? 4095 : error);
	case SECCOMP_RET_TRAP:
		return attempt->trapped && !attempt->killed && attempt->info.si_errno == error &&
		       attempt->info.si_syscall == attempt->data.nr &&
		       attempt->info.si_arch == attempt->data.arch;
	case SECCOMP_RET_TRACE: /* there is no tracer, and nobody who is notified */
	case SECCOMP_RET_USER_NOTIF:
		return !attempt->trapped && !attempt->killed && attempt->result == -ENOSYS;
	default:
		return attempt->killed;
	}
}

static unsigned long made, denied, trapped, killed; /* of all calls */

static void count_outcome(const struct attempt *attempt, uint32_t answer)
{
	if (attempt->killed)
		killed++;
	else if (attempt->trapped)
		trapped++;
	else if ((answer & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO)
		denied++;
	else
		made++;
}

static void print_outcomes(void)
{
	print_message("the kernel agrees on %lu calls: %lu made, %lu denied, %lu trapped, "
		      "%lu killed\n",
		      made + denied + trapped + killed, made, denied, trapped, killed);
	made = denied = trapped = killed = 0;
}

static void compare(const struct sock_filter *code, size_t count, unsigned long seed,
		    const char *text)
{
	for (size_t i = 0; i < ATTEMPTS; i++) {
		const struct attempt *attempt = &shared->attempts[i];
		const uint64_t *args = (const uint64_t *)attempt->data.args;
		uint32_t answer = bpf_run(code, count, &attempt->data);

		count_outcome(attempt, answer);
		if (is_as(attempt, answer))
			continue;
		print_error("KERNEL_SEED=%lu: call %d (arch 0x%x; 0x%lx 0x%lx 0x%lx 0x%lx 0x%lx "
			    "0x%lx): we say 0x%08x; the kernel: result %ld, trapped %d (%d), "
			    "killed %d\n%s\n",
			    seed, attempt->data.nr, attempt->data.arch, args[0], args[1], args[2],
			    args[3], args[4], args[5], answer, attempt->result, attempt->trapped,
			    attempt->info.si_errno, attempt->killed, text);
		for (size_t j = 0; j < count && count <= CODE_MAX; j++)
			print_error("%2zu: 0x%02x %3u %3u 0x%08x\n", j, code[j].code, code[j].jt,
				    code[j].jf, code[j].k);
		fail();
	}
}

/* --- the calls -------------------------------------------------------------------------------- */

static const char *const calls[] = { "nr:900",	    "nr:901",	 "nr:963",     "getppid",
				     "getpriority", "lseek",	 "fchmod",     "ioctl",
				     "fcntl",	    "ftruncate", "fadvise64",  "flock",
				     "fchown",	    "dup",	 "close",      "sync_file_range",
				     "readahead",   "umask",	 "sched_yield" };

static int call_number(const char *name)
{
	return strncmp(name, "nr:", 3) ? names_syscall(name)->number[ARCH_X86_64] : atoi(name + 3);
}

/* As bits of the text, and their neighbours: numbers that its tests tell apart. */
static uint64_t number_of(struct random *random, const char *text)
{
	uint64_t number = random_edge(random, 64);

	for (const char *at = text; *at && random_below(random, 3); at++)
		if (*at >= '0' && *at <= '9' && !random_below(random, 40))
			return strtoull(at, NULL, 0) + random_below(random, 3) - 1;
	return random_below(random, 2) ? number : number | random_next(random) << 32;
}

static void choose_calls(struct random *random, const char *text)
{
	static const int others[] = { 904, 0x40000000, 0x40000001, 0x40000000 + 110,
				      -1,  0x3fffffff, 1 << 20 };

	memset(shared, 0, sizeof(*shared));
	for (size_t i = 0; i < ATTEMPTS; i++) {
		struct seccomp_data *data = &shared->attempts[i].data;

		data->arch = AUDIT_ARCH_X86_64;
		data->nr = call_number(calls[random_below(random, COUNT(calls))]);
		for (int k = 0; k < ARGUMENTS; k++)
			data->args[k] = number_of(random, text);
	}
	shared->attempts[0].data.nr = others[random_below(random, COUNT(others))];
}

/* Calls that the text decides, most of all. */
static void prefer_named(struct random *random, const char *text)
{
	for (size_t i = 1; i < ATTEMPTS; i++) {
		const char *name = calls[random_below(random, COUNT(calls))];

		for (int tries = 0; tries < 20 && !strstr(text, name); tries++)
			name = calls[random_below(random, COUNT(calls))];
		shared->attempts[i].data.nr = call_number(name);
	}
}

static void foreign_call(void)
{
	shared->attempts[1].data = (struct seccomp_data){ .nr = 20, .arch = AUDIT_ARCH_I386 };
}

static bool has_foreign_calls(void)
{
	static const struct seccomp_data getpid_32 = { .nr = 20, .arch = AUDIT_ARCH_I386 };
	int status;
	pid_t pid = fork();

	if (!pid) {
		signal(SIGSEGV, SIG_DFL);
		_exit(make_call(&getpid_32) == getpid() ? 0 : 1);
	}
	return waitpid(pid, &status, 0) == pid && !status;
}

/* --- compiled policies ------------------------------------------------------------------------ */

static void try_policy(unsigned long seed, bool foreign)
{
	const char *actions[COUNT(denials)];
	struct generator generator = { .arch = ARCH_X86_64,
				       .calls = calls,
				       .call_count = COUNT(calls),
				       .actions = actions,
				       .action_count = COUNT(actions) };
	const struct program *program;
	struct compiled compiled;
	struct memory memory;
	char *text;

	for (size_t i = 0; i < COUNT(denials); i++)
		actions[i] = denials[i].action;
	random_begin(&generator.random, seed);
	text = generate_policy(&generator);
	memory_begin(&memory);
	while (!memory_build(&memory, text, ARCH_X86_64, &compiled)) {
		memory_end(&memory); /* it contradicts itself: another one */
		free(text);
		text = generate_policy(&generator);
		memory_begin(&memory);
	}
	program = &compiled.phases[0].program;
	choose_calls(&generator.random, text);
	prefer_named(&generator.random, text);
	if (foreign)
		foreign_call();
	run_children(program->code, program->count);
	assert_true(shared->loaded);
	compare(program->code, program->count, seed, text);
	memory_end(&memory);
	free(text);
}

static void compiled_policies_run_alike(void **unused)
{
	unsigned long count = from_environment("KERNEL_COUNT", 2000);
	unsigned long first = from_environment("KERNEL_SEED", 1);
	bool foreign = has_foreign_calls();

	(void)unused;
	for (unsigned long seed = first; seed < first + count; seed++)
		try_policy(seed, foreign && seed % 8 == 0);
	print_message("%lu compiled policies%s\n", count,
		      foreign ? ", with 32-bit calls" : "; this machine has no 32-bit calls");
	print_outcomes();
}

/* --- random programs -------------------------------------------------------------------------- */

static struct sock_filter random_return(struct random *random)
{
	static const uint32_t answers[] = { SECCOMP_RET_ALLOW,	     SECCOMP_RET_LOG,
					    SECCOMP_RET_ERRNO,	     SECCOMP_RET_ERRNO,
					    SECCOMP_RET_TRAP,	     SECCOMP_RET_TRACE,
					    SECCOMP_RET_KILL_PROCESS };
	uint32_t answer = answers[random_below(random, COUNT(answers))];

	if (!random_below(random, 6))
		return (struct sock_filter)BPF_STMT(BPF_RET | BPF_A, 0);
	return (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
					    answer + 1000 + random_below(random, 4000));
}

static struct sock_filter random_jump(struct random *random, unsigned left)
{
	static const uint16_t ops[] = { BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET };
	uint16_t op = ops[random_below(random, COUNT(ops))];

	if (!random_below(random, 6))
		return (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, random_below(random, left));
	op |= random_below(random, 3) ? BPF_K : BPF_X;
	return (struct sock_filter)BPF_JUMP(BPF_JMP | op, (uint32_t)random_edge(random, 32),
					    (uint8_t)random_below(random, left),
					    (uint8_t)random_below(random, left));
}

static struct sock_filter random_load(struct random *random)
{
	static const uint16_t codes[] = { BPF_LD | BPF_W | BPF_LEN,
					  BPF_LDX | BPF_W | BPF_LEN,
					  BPF_LD | BPF_IMM,
					  BPF_LDX | BPF_IMM,
					  BPF_MISC | BPF_TAX,
					  BPF_MISC | BPF_TXA,
					  BPF_LD | BPF_MEM,
					  BPF_LDX | BPF_MEM,
					  BPF_ST,
					  BPF_STX };
	uint16_t code = codes[random_below(random, COUNT(codes))];

	if (random_below(random, 2)) /* an argument, the number, the architecture */
		return (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						    random_below(random, 5)
							    ? 16 + 4 * random_below(random, 12)
							    : 4 * random_below(random, 2));
	if (BPF_MODE(code) == BPF_MEM || BPF_CLASS(code) == BPF_ST || BPF_CLASS(code) == BPF_STX)
		return (struct sock_filter)BPF_STMT(code, random_below(random, 3));
	return (struct sock_filter)BPF_STMT(code, (uint32_t)random_edge(random, 32));
}

static struct sock_filter random_alu(struct random *random)
{
	static const uint16_t ops[] = { BPF_ADD, BPF_SUB, BPF_MUL, BPF_DIV, BPF_AND,
					BPF_OR,	 BPF_XOR, BPF_LSH, BPF_RSH, BPF_NEG };
	uint16_t op = ops[random_below(random, COUNT(ops))];
	uint32_t k = (uint32_t)random_edge(random, 32);

	if (op == BPF_NEG)
		return (struct sock_filter)BPF_STMT(BPF_ALU | BPF_NEG, 0);
	if (op == BPF_LSH || op == BPF_RSH)
		k = random_below(random, 33);
	return (struct sock_filter)BPF_STMT(
		BPF_ALU | op | (random_below(random, 2) ? BPF_K : BPF_X), k);
}

/* Answers calls of free numbers in some way, and allows all others. */
static size_t random_program(struct random *random, struct sock_filter code[CODE_MAX])
{
	static const struct sock_filter beginning[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, FIRST_FREE, 0, 1),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, LAST_FREE, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_ST, 0),
		BPF_STMT(BPF_ST, 1),
		BPF_STMT(BPF_ST, 2),
	};
	size_t count = COUNT(beginning) + 4 + random_below(random, CODE_MAX - 12);

	memcpy(code, beginning, sizeof(beginning));
	if (!random_below(random, 4)) /* what is read may not have been written */
		code[COUNT(beginning) - 1] = code[COUNT(beginning) - 2];
	for (size_t i = COUNT(beginning); i < count - 1; i++) {
		unsigned left = (unsigned)(count - 1 - i), kind = random_below(random, 12);

		if (kind < 4)
			code[i] = random_load(random);
		else if (kind < 7)
			code[i] = random_alu(random);
		else if (kind < 11)
			code[i] = random_jump(random, left < 12 ? left : 12);
		else
			code[i] = random_return(random);
	}
	code[count - 1] = random_return(random);
	/* Now and then something that the kernel may refuse. */
	if (!random_below(random, 8))
		code[random_below(random, (unsigned)count)].code ^= 1 << random_below(random, 8);
	if (!random_below(random, 8))
		code[random_below(random, (unsigned)count)].k ^= 1u << random_below(random, 32);
	return count;
}

/* A changed beginning could refuse what the child needs, or look at the unknown. */
static bool is_safe(const struct sock_filter *code, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (code[i].code == (BPF_LD | BPF_W | BPF_ABS) &&
		    (code[i].k == 8 || code[i].k == 12))
			return false;
	for (size_t i = 0; i < 512; i++) {
		struct seccomp_data data = { .nr = (int)i, .arch = AUDIT_ARCH_X86_64 };

		if (!bpf_check(code, count) && bpf_run(code, count, &data) != SECCOMP_RET_ALLOW)
			return false;
	}
	return true;
}

static bool try_program(unsigned long seed)
{
	struct sock_filter code[CODE_MAX];
	struct random random;
	size_t count;
	bool taken;

	random_begin(&random, ~seed);
	do
		count = random_program(&random, code);
	while (!is_safe(code, count));
	taken = !bpf_check(code, count);
	choose_calls(&random, "");
	for (size_t i = 0; i < ATTEMPTS; i++)
		shared->attempts[i].data.nr =
			FIRST_FREE + (int)random_below(&random, LAST_FREE - FIRST_FREE + 1);
	run_children(code, count);
	if (shared->loaded != taken) {
		print_error("KERNEL_SEED=%lu: the kernel %s this program (errno %d)\n", seed,
			    taken ? "refuses" : "takes", shared->refused);
		for (size_t j = 0; j < count; j++)
			print_error("%2zu: 0x%02x %3u %3u 0x%08x\n", j, code[j].code, code[j].jt,
				    code[j].jf, code[j].k);
		fail();
	}
	if (taken)
		compare(code, count, seed, "");
	return taken;
}

static void random_programs_run_alike(void **unused)
{
	unsigned long count = from_environment("KERNEL_COUNT", 2000), taken = 0;
	unsigned long first = from_environment("KERNEL_SEED", 1);

	(void)unused;
	for (unsigned long seed = first; seed < first + count; seed++)
		taken += try_program(seed);
	print_message("%lu random programs, %lu refused by both\n", count, count - taken);
	print_outcomes();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compiled_policies_run_alike),
		cmocka_unit_test(random_programs_run_alike),
	};

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
