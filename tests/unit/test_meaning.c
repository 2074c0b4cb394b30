/* test_meaning.c - policies from text to filter, and what the filter then does. */
#include "memory.h"

#include "policy/bpf.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

static struct memory memory;
static struct compiled compiled;

#define PHASE "policy 1\nphase a\ntrigger main\n"

static void build(const char *text)
{
	memory_end(&memory);
	memory_begin(&memory);
	if (!memory_build(&memory, text, ARCH_X86_64, &compiled)) {
		print_error("%s", diagnostics_text(&memory.diagnostics));
		fail();
	}
}

static uint32_t answer_as(uint32_t arch, uint32_t number, uint64_t a, uint64_t b, uint64_t c)
{
	const struct program *program = &compiled.phases[0].program;
	struct seccomp_data data = { .nr = (int)number, .arch = arch, .args = { a, b, c } };

	return bpf_run(program->code, program->count, &data);
}

static uint32_t answer(const char *name, uint64_t a, uint64_t b, uint64_t c)
{
	return answer_as(arches[ARCH_X86_64].audit,
			 (uint32_t)names_syscall(name)->number[ARCH_X86_64], a, b, c);
}

#define ALLOW	 SECCOMP_RET_ALLOW
#define ERRNO(e) (SECCOMP_RET_ERRNO | (e))
#define TRAP	 SECCOMP_RET_TRAP
#define KILL	 SECCOMP_RET_KILL_PROCESS

static void only_the_low_half_of_an_int_counts(void **unused)
{
	(void)unused;
	build(PHASE "default allow\nerrno EAFNOSUPPORT socket where family == AF_ALG\n");
	assert_int_equal(answer("socket", 38, 1, 0), ERRNO(97));
	assert_int_equal(answer("socket", 38 + ((uint64_t)1 << 32), 1, 0), ERRNO(97));
	assert_int_equal(answer("socket", 0xffffffff00000026, 1, 0), ERRNO(97));
	assert_int_equal(answer("socket", 2, 1, 0), ALLOW);
}

/* libseccomp compiles these two ranges so that 0x1ffffffff passes. */
static void two_ranges_above_32_bits(void **unused)
{
	(void)unused;
	build(PHASE "default errno EPERM\nallow lseek where arg1 <= 0x100000000\n"
		    "allow lseek where arg1 >= 0x200000000\n");
	assert_int_equal(answer("lseek", 0, 0x100000000, 0), ALLOW);
	assert_int_equal(answer("lseek", 0, 0x100000001, 0), ERRNO(1));
	assert_int_equal(answer("lseek", 0, 0x1ffffffff, 0), ERRNO(1));
	assert_int_equal(answer("lseek", 0, 0x200000000, 0), ALLOW);
	assert_int_equal(answer("lseek", 0, UINT64_MAX, 0), ALLOW);
}

/* libseccomp drops a conditional rule beside an unconditional one, in either order. */
static void a_case_beside_the_whole_call(void **unused)
{
	(void)unused;
	build(PHASE "default trap\nallow socket\nkill socket where family == AF_ALG\n");
	assert_int_equal(answer("socket", 38, 1, 0), KILL);
	assert_int_equal(answer("socket", 2, 1, 0), ALLOW);
	build(PHASE "default trap\nkill socket where family == AF_ALG\nallow socket\n");
	assert_int_equal(answer("socket", 38, 1, 0), KILL);
	assert_int_equal(answer("socket", 2, 1, 0), ALLOW);
}

static void the_stricter_wins_and_override_replaces(void **unused)
{
	(void)unused;
	build(PHASE "default allow\nkill read\ntrap read\nerrno EPERM read\nallow write\n"
		    "trap EACCES write\noverride allow open\n");
	assert_int_equal(answer("read", 0, 0, 0), KILL);
	assert_int_equal(answer("write", 0, 0, 0), TRAP | 13);
	build(PHASE "default allow\nkill read\noverride errno EPERM read\n");
	assert_int_equal(answer("read", 0, 0, 0), ERRNO(1));
}

static void signed_numbers_compare_as_such(void **unused)
{
	(void)unused;
	build(PHASE "default errno EPERM\nallow kill where pid > 0\n");
	assert_int_equal(answer("kill", 1, 9, 0), ALLOW);
	assert_int_equal(answer("kill", 0, 9, 0), ERRNO(1));
	assert_int_equal(answer("kill", 0xffffffff, 9, 0), ERRNO(1));
	assert_int_equal(answer("kill", 0x100000001, 9, 0), ALLOW);
}

static void unknown_and_foreign_numbers(void **unused)
{
	(void)unused;
	build(PHASE "default allow\nunknown errno ENOSYS\nkill nr:900\n");
	assert_int_equal(answer("read", 0, 0, 0), ALLOW);
	assert_int_equal(answer_as(arches[0].audit, 400, 0, 0, 0), ERRNO(38));
	assert_int_equal(answer_as(arches[0].audit, 899, 0, 0, 0), ERRNO(38));
	assert_int_equal(answer_as(arches[0].audit, 900, 0, 0, 0), KILL);
	assert_int_equal(answer_as(arches[0].audit, 0x3fffffff, 0, 0, 0), ERRNO(38));
	assert_int_equal(answer_as(arches[0].audit, UINT32_MAX, 0, 0, 0), ERRNO(38));
	assert_int_equal(answer_as(arches[0].audit, 0x40000000, 0, 0, 0), KILL);
	assert_int_equal(answer_as(0x40000003, 3, 0, 0, 0), KILL);
	assert_int_equal(answer_as(arches[1].audit, 63, 0, 0, 0), KILL);
}

static void the_report_keeps_its_handler(void **unused)
{
	(void)unused;
	build(PHASE "default trap\nallow rt_sigaction\n");
	assert_int_equal(answer("rt_sigaction", 31, 0x1000, 0), ERRNO(0));
	assert_int_equal(answer("rt_sigaction", 31, 0, 0x1000), ALLOW);
	assert_int_equal(answer("rt_sigaction", 15, 0x1000, 0), ALLOW);
	assert_int_equal(answer("write", 2, 0, 0), ALLOW);
	assert_true(compiled.phases[0].writes);
	build(PHASE "default trap\nerrno EPERM write where fd == 7\n");
	assert_false(compiled.phases[0].writes);
	build(PHASE "default trap\n");
	assert_int_equal(answer("rt_sigaction", 31, 0x1000, 0), TRAP);
}

static void conditions_nest(void **unused)
{
	(void)unused;
	build(PHASE
	      "default errno EPERM\n"
	      "allow openat where flags & O_ACCMODE == O_RDONLY and not flags has O_CREAT\n"
	      "allow mmap where not prot has PROT_EXEC or (flags has MAP_PRIVATE and len < 4096)\n"
	      "allow fcntl where cmd in {F_GETFL, F_SETFL}\n"
	      "allow clone where clone_flags within CLONE_VM|CLONE_FS|0xff\n");
	assert_int_equal(answer("openat", 0, 0, 0), ALLOW);
	assert_int_equal(answer("openat", 0, 0, 1), ERRNO(1));
	assert_int_equal(answer("openat", 0, 0, 0100), ERRNO(1));
	assert_int_equal(answer("mmap", 0, 1, 3), ALLOW);
	assert_int_equal(answer("mmap", 0, 1, 4), ERRNO(1));
	assert_int_equal(answer("fcntl", 0, 3, 0), ALLOW);
	assert_int_equal(answer("fcntl", 0, 0, 0), ERRNO(1));
	assert_int_equal(answer("clone", 0x311, 0, 0), ALLOW);
	assert_int_equal(answer("clone", 0x10000011, 0, 0), ERRNO(1));
}

static void includes_merge(void **unused)
{
	static const char base[] = "policy 1\nphase a\ntrigger load\ndefault kill\nallow read\n";
	static const char more[] = "group 2026-01-31\nwritev # many\noptional readv @other\n";
	static const char other[] = "group 2026-01-31\nlseek nr:901\n";

	(void)unused;
	memory_end(&memory);
	memory_begin(&memory);
	memory_add(&memory, "base", base, strlen(base));
	memory_add(&memory, "more", more, strlen(more));
	memory_add(&memory, "other", other, strlen(other));
	assert_true(memory_build(&memory,
				 "policy 1\ninclude base\nphase a\ntrigger main\ndefault trap\n"
				 "allow @more\n",
				 ARCH_X86_64, &compiled));
	assert_int_equal(compiled.policy->phase_count, 1);
	assert_int_equal(compiled.policy->source_count, 4);
	assert_int_equal(compiled.policy->phases[0].trigger_count, 1);
	assert_int_equal(compiled.policy->phases[0].triggers[0].kind, POLICYC_TRIGGER_MAIN);
	assert_int_equal(answer("read", 0, 0, 0), ALLOW);
	assert_int_equal(answer("lseek", 0, 0, 0), ALLOW);
	assert_int_equal(answer_as(arches[0].audit, 901, 0, 0, 0), ALLOW);
	assert_int_equal(answer("open", 0, 0, 0), TRAP);
}

static void triggers_become_tests(void **unused)
{
	const struct trigger *triggers;

	(void)unused;
	build("policy 1\nphase a\ndefault allow\ntrigger wait\n"
	      "trigger epoll_wait where not (timeout == 0 or maxevents <= 1)\n"
	      "trigger epoll_pwait\ntrigger ppoll where nfds in {1, 2}\n");
	triggers = compiled.policy->phases[0].triggers;
	assert_int_equal(triggers[0].test_count, 1);
	assert_int_equal(triggers[0].tests[0].op, POLICYC_NE);
	assert_int_equal(triggers[1].test_count, 2);
	assert_int_equal(triggers[1].tests[0].op, POLICYC_NE);
	assert_false(triggers[1].tests[0].last);
	assert_int_equal(triggers[1].tests[1].op, POLICYC_GT);
	assert_true(triggers[1].tests[1].last);
	assert_int_equal(__builtin_popcount(triggers[1].hooks), 3);
	assert_int_equal(__builtin_popcount(triggers[2].hooks), 1);
	assert_int_equal(__builtin_popcount(triggers[3].hooks), 2); /* with __ppoll_chk */
	assert_int_equal(triggers[3].test_count, 2);
	assert_true(triggers[3].tests[0].last);
	assert_int_equal(triggers[3].count, 1);
	assert_int_equal(triggers[3].after, 0);
}

/* What an `after` waits for stands before it, and locks nothing. */
static void after_becomes_a_step(void **unused)
{
	const struct phase *phase;

	(void)unused;
	build("policy 1\nphase a\ndefault allow\ndeadline 2m kill\n"
	      "trigger poll count 3 on main thread after call lib.so!f after listen\n");
	phase = &compiled.policy->phases[0];
	assert_int_equal(phase->trigger_count, 3);
	assert_int_equal(phase->triggers[0].flags, POLICYC_TRIGGER_STEP);
	assert_int_equal(phase->triggers[1].flags, POLICYC_TRIGGER_STEP);
	assert_int_equal(phase->triggers[1].after, 1);
	assert_string_equal(phase->triggers[1].object, "lib.so");
	assert_string_equal(phase->triggers[1].function, "f");
	assert_int_equal(phase->triggers[2].flags, POLICYC_TRIGGER_MAIN_THREAD);
	assert_int_equal(phase->triggers[2].after, 2);
	assert_int_equal(phase->triggers[2].count, 3);
	assert_int_equal(phase->deadline.milliseconds, 120000);
	assert_int_equal(phase->deadline.action, POLICYC_DEADLINE_KILL);
}

static int end(void **unused)
{
	(void)unused;
	memory_end(&memory);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_low_half_of_an_int_counts),
		cmocka_unit_test(two_ranges_above_32_bits),
		cmocka_unit_test(a_case_beside_the_whole_call),
		cmocka_unit_test(the_stricter_wins_and_override_replaces),
		cmocka_unit_test(signed_numbers_compare_as_such),
		cmocka_unit_test(unknown_and_foreign_numbers),
		cmocka_unit_test(the_report_keeps_its_handler),
		cmocka_unit_test(conditions_nest),
		cmocka_unit_test(includes_merge),
		cmocka_unit_test(triggers_become_tests),
		cmocka_unit_test(after_becomes_a_step),
	};

	return cmocka_run_group_tests(tests, NULL, end);
}
