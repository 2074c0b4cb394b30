/* bytes.c - prints the first 16 bytes of the function `watched` before and after it is called. */
#include <stdint.h>
#include <stdio.h>

int watched(int n);

__attribute__((noinline)) int watched(int n)
{
	__asm__ volatile("");
	return n + 1;
}

static void say_bytes(void)
{
	const volatile uint32_t *code = (const volatile uint32_t *)(uintptr_t)watched;

	printf("%08x %08x %08x %08x\n", code[0], code[1], code[2], code[3]);
}

int main(int argc, char **argv)
{
	say_bytes();
	if (watched(argc) != argc + 1)
		return 1;
	say_bytes();
	return 0;
}
