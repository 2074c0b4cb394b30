/* test_bpf.c - the interpreter of filters, on small programs written by hand. */
#include "policy/bpf.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static const struct seccomp_data data = {
	.nr = 42,
	.arch = 0xc000003e,
	.args = { 0x1122334455667788, 2 },
};

#define RUN(...)                                                                                   \
	({                                                                                         \
		const struct sock_filter code[] = { __VA_ARGS__ };                                 \
		assert_null(bpf_check(code, COUNT(code)));                                         \
		bpf_run(code, COUNT(code), &data);                                                 \
	})

#define REFUSE(...)                                                                                \
	do {                                                                                       \
		const struct sock_filter code[] = { __VA_ARGS__ };                                 \
		assert_non_null(bpf_check(code, COUNT(code)));                                     \
	} while (0)

#define RET_A	   BPF_STMT(BPF_RET | BPF_A, 0)
#define LD_IMM(k)  BPF_STMT(BPF_LD | BPF_IMM, k)
#define LDX_IMM(k) BPF_STMT(BPF_LDX | BPF_IMM, k)

static void loads_see_the_call(void **unused)
{
	(void)unused;
	assert_int_equal(RUN(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), RET_A), 42);
	assert_int_equal(RUN(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 4), RET_A), 0xc000003e);
	assert_int_equal(RUN(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 16), RET_A), 0x55667788);
	assert_int_equal(RUN(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 20), RET_A), 0x11223344);
	assert_int_equal(RUN(BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0), RET_A), 64);
	assert_int_equal(RUN(LD_IMM(7), BPF_STMT(BPF_ST, 3), LD_IMM(0),
			     BPF_STMT(BPF_LD | BPF_MEM, 3), RET_A),
			 7);
	assert_int_equal(RUN(LDX_IMM(9), BPF_STMT(BPF_MISC | BPF_TXA, 0), RET_A), 9);
}

static void arithmetic_is_32_bits(void **unused)
{
	(void)unused;
	assert_int_equal(RUN(LD_IMM(1), BPF_STMT(BPF_ALU | BPF_SUB | BPF_K, 2), RET_A), 0xffffffff);
	assert_int_equal(RUN(LD_IMM(5), BPF_STMT(BPF_ALU | BPF_NEG, 0), RET_A), (uint32_t)-5);
	assert_int_equal(RUN(LD_IMM(0xf0f0), BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xff00), RET_A),
			 0xf000);
	assert_int_equal(RUN(LD_IMM(1), BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 31), RET_A),
			 0x80000000);
	assert_int_equal(RUN(LD_IMM(10), LDX_IMM(3), BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0), RET_A),
			 3);
	assert_int_equal(RUN(LD_IMM(10), LDX_IMM(0), BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0), RET_A),
			 0);
}

static void jumps_compare_without_sign(void **unused)
{
	(void)unused;
	assert_int_equal(RUN(LD_IMM(0xffffffff), BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 1, 0, 1),
			     BPF_STMT(BPF_RET | BPF_K, 1), BPF_STMT(BPF_RET | BPF_K, 2)),
			 1);
	assert_int_equal(RUN(LD_IMM(6), BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 9, 0, 1),
			     BPF_STMT(BPF_RET | BPF_K, 1), BPF_STMT(BPF_RET | BPF_K, 2)),
			 2);
	assert_int_equal(RUN(BPF_STMT(BPF_JMP | BPF_JA, 1), BPF_STMT(BPF_RET | BPF_K, 1),
			     BPF_STMT(BPF_RET | BPF_K, 2)),
			 2);
}

static void what_the_kernel_refuses_is_refused(void **unused)
{
	(void)unused;
	REFUSE(LD_IMM(1));
	REFUSE(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 2), RET_A);
	REFUSE(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 64), RET_A);
	REFUSE(BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0), RET_A);
	REFUSE(BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0), RET_A);
	REFUSE(BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, 3), RET_A);
	REFUSE(BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 32), RET_A);
	REFUSE(BPF_STMT(BPF_ST, 16), RET_A);
	/* Memory that was not written, or only on one of two ways. */
	REFUSE(BPF_STMT(BPF_LD | BPF_MEM, 0), RET_A);
	REFUSE(BPF_STMT(BPF_ST, 1), BPF_STMT(BPF_LDX | BPF_MEM, 0), RET_A);
	REFUSE(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1), BPF_STMT(BPF_ST, 0),
	       BPF_STMT(BPF_LD | BPF_MEM, 0), RET_A);
	REFUSE(BPF_STMT(BPF_JMP | BPF_JA, 1), RET_A);
	REFUSE(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0), RET_A);
	REFUSE(BPF_STMT(BPF_JMP | BPF_JA, 0xffffffff), RET_A);
	assert_non_null(bpf_check(NULL, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loads_see_the_call),
		cmocka_unit_test(arithmetic_is_32_bits),
		cmocka_unit_test(jumps_compare_without_sign),
		cmocka_unit_test(what_the_kernel_refuses_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
