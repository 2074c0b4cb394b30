/* scalable.c - a function that takes an argument in a register as wide as the processor has it. */
#include <arm_sve.h>
#include <stdio.h>

uint64_t sum(svuint64_t values);

__attribute__((noinline)) uint64_t sum(svuint64_t values)
{
	__asm__ volatile("");
	return svaddv_u64(svptrue_b64(), values);
}

int main(void)
{
	printf("%d\n", sum(svdup_n_u64(3)) == 3 * svcntd());
	return 0;
}
