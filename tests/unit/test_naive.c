/* test_naive.c - rules that libseccomp compiles wrongly when they are handed to it as they are.
 *
 * These two are why conditions never go through libseccomp here (lower.c). A libseccomp that has
 * them right is no failure: the test says so. Ours must be right in any case.
 */
#include "memory.h"

#include "policy/bpf.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#define PHASE "policy 1\nphase a\ntrigger main\n"

struct filter {
	struct sock_filter code[BPF_MAXINSNS];
	size_t count;
};

static void export(scmp_filter_ctx context, struct filter *filter)
{
	int file = memfd_create("filter", MFD_CLOEXEC);
	ssize_t size;

	assert_true(file >= 0);
	assert_int_equal(seccomp_export_bpf(context, file), 0);
	size = pread(file, filter->code, sizeof(filter->code), 0);
	assert_true(size > 0);
	filter->count = (size_t)size / sizeof(filter->code[0]);
	assert_null(bpf_check(filter->code, filter->count));
	close(file);
	seccomp_release(context);
}

static void compile(const char *text, struct filter *filter)
{
	struct compiled compiled;
	struct memory memory;

	memory_begin(&memory);
	assert_true(memory_build(&memory, text, ARCH_NATIVE, &compiled));
	assert_int_equal(compiled.verified.sampled, 0);
	filter->count = compiled.phases[0].program.count;
	memcpy(filter->code, compiled.phases[0].program.code,
	       filter->count * sizeof(filter->code[0]));
	memory_end(&memory);
}

static uint32_t answer(const struct filter *filter, const char *call, uint64_t first)
{
	struct seccomp_data data = { .nr = names_syscall(call)->number[ARCH_NATIVE],
				     .arch = arches[ARCH_NATIVE].audit,
				     .args = { first, 1, 0 } };

	return bpf_run(filter->code, filter->count, &data);
}

static void say(const char *what, bool wrong)
{
	const struct scmp_version *version = seccomp_version();

	print_message("%s: libseccomp %u.%u.%u %s\n", what, version->major, version->minor,
		      version->micro,
		      wrong ? "compiles it wrongly, as expected"
			    : "has it right: nothing to show against it");
}

/* allow x <= 2^32, and x >= 2^33: what is between passes too. */
static void two_ranges_of_64_bits(void **unused)
{
	static struct filter naive, ours;
	scmp_filter_ctx context = seccomp_init(SCMP_ACT_ERRNO(1));
	int call = names_syscall("munmap")->number[ARCH_NATIVE];

	(void)unused;
	assert_int_equal(seccomp_rule_add(context, SCMP_ACT_ALLOW, call, 1,
					  SCMP_A0(SCMP_CMP_LE, (uint64_t)0x100000000)),
			 0);
	assert_int_equal(seccomp_rule_add(context, SCMP_ACT_ALLOW, call, 1,
					  SCMP_A0(SCMP_CMP_GE, (uint64_t)0x200000000)),
			 0);
	export(context, &naive);
	assert_int_equal(answer(&naive, "munmap", 0x100000000), SECCOMP_RET_ALLOW);
	assert_int_equal(answer(&naive, "munmap", 0x200000000), SECCOMP_RET_ALLOW);
	say("two ranges on one 64-bit argument",
	    answer(&naive, "munmap", 0x1ffffffff) == SECCOMP_RET_ALLOW);

	compile(PHASE "default errno EPERM\n"
		      "allow nr:900 where arg0 <= 0x100000000\n"
		      "allow nr:900 where arg0 >= 0x200000000\n",
		&ours);
	for (uint64_t near = 0; near < 3; near++) {
		struct seccomp_data data = { .nr = 900, .arch = arches[ARCH_NATIVE].audit };
		const uint64_t edges[] = { 0x100000000 + near - 1, 0x200000000 + near - 1,
					   0x1ffffffff + near - 1 };

		for (int i = 0; i < 3; i++) {
			bool inside = edges[i] <= 0x100000000 || edges[i] >= 0x200000000;

			data.args[0] = edges[i];
			assert_int_equal(bpf_run(ours.code, ours.count, &data),
					 inside ? SECCOMP_RET_ALLOW : SECCOMP_RET_ERRNO | 1);
		}
	}
}

/* allow a call, kill one case of it: in either order the kill is dropped without a word. */
static void a_case_beside_the_whole_call(void **unused)
{
	static struct filter naive, ours;
	int call = names_syscall("socket")->number[ARCH_NATIVE];

	(void)unused;
	for (int order = 0; order < 2; order++) {
		scmp_filter_ctx context = seccomp_init(SCMP_ACT_ERRNO(1));

		for (int i = 0; i < 2; i++)
			assert_int_equal(
				i == order ? seccomp_rule_add(context, SCMP_ACT_ALLOW, call, 0)
					   : seccomp_rule_add(context, SCMP_ACT_KILL_PROCESS, call,
							      1, SCMP_A0(SCMP_CMP_EQ, 38)),
				0);
		export(context, &naive);
		say(order ? "a case killed, then the call allowed"
			  : "a call allowed, then a case killed",
		    answer(&naive, "socket", 38) == SECCOMP_RET_ALLOW);
		compile(order ? PHASE "default errno EPERM\nkill socket where family == AF_ALG\n"
				      "allow socket\n"
			      : PHASE "default errno EPERM\nallow socket\n"
				      "kill socket where family == AF_ALG\n",
			&ours);
		assert_int_equal(answer(&ours, "socket", 38), SECCOMP_RET_KILL_PROCESS);
		assert_int_equal(answer(&ours, "socket", 38 + ((uint64_t)1 << 32)),
				 SECCOMP_RET_KILL_PROCESS);
		assert_int_equal(answer(&ours, "socket", 2), SECCOMP_RET_ALLOW);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_ranges_of_64_bits),
		cmocka_unit_test(a_case_beside_the_whole_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
