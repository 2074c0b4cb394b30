/* patch-x86_64.c - the jump over a function's first bytes, and the trampoline it leads to.
 *
 * What it does: computes bytes.
 * What it must not do: write them where somebody runs them (entry.c does, with all held).
 *
 * Contract: hook.
 */
#include "trigger/patch.h"

#include <sys/mman.h>

#include "raw.h"

void entry_stub(void);

void patch_jump(unsigned char jump[PATCH_SIZE], uintptr_t function, uintptr_t trampoline)
{
	const int32_t displacement = (int32_t)(trampoline - (function + PATCH_SIZE));

	jump[0] = 0xe9;
	bytes_copy(jump + 1, &displacement, sizeof(displacement));
}

/* No register is free: the function's address goes over the stack, and the jump through memory. */
void patch_trampoline(unsigned char code[PATCH_TRAMPOLINE_MAX], uintptr_t function)
{
	static const unsigned char bytes[] = {
		0xff, 0x35, 10,	  0,	0, 0, /* push 10(%rip): the first address below */
		0xff, 0x25, 12,	  0,	0, 0, /* jmp *12(%rip): the second */
		0xcc, 0xcc, 0xcc, 0xcc,
	};
	const uint64_t addresses[] = { function, (uintptr_t)entry_stub };

	bytes_copy(code, bytes, sizeof(bytes));
	bytes_copy(code + sizeof(bytes), addresses, sizeof(addresses));
}

/* Linux lets programs jump to what is no endbr64. */
size_t patch_kept(const struct patch_code *function)
{
	return 0;
}

int patch_protection(uintptr_t address)
{
	return PROT_READ | PROT_EXEC;
}

/* This processor sees what it writes. Another one that was held comes back through the kernel,
 * whose return to it serializes. */
void patch_flush(uintptr_t address, size_t size)
{
	__asm__ volatile("" ::: "memory");
}
