/* patch-aarch64.c - the jump over a function's first instruction, and the trampoline it leads to.
 *
 * What it does: computes instructions.
 * What it must not do: write them where somebody runs them (entry.c does, with all held).
 *
 * Contract: hook.
 */
#include "trigger/patch.h"

#include "raw.h"

void entry_stub(void);

void patch_jump(unsigned char jump[PATCH_SIZE], uintptr_t function, uintptr_t trampoline)
{
	const uint32_t words = (uint32_t)((trampoline - function) >> 2) & 0x03ffffffu;
	const uint32_t insn = 0x14000000u | words; /* b */

	bytes_copy(jump, &insn, sizeof(insn));
}

/* x16 and x17 are free at the beginning of every function: what a linker puts between a call and
 * its function uses them too. */
void patch_trampoline(unsigned char code[PATCH_TRAMPOLINE_MAX], uintptr_t function)
{
	static const uint32_t insns[] = {
		0x58000091, /* ldr x17, .+16: the first address below */
		0x580000b0, /* ldr x16, .+20: the second */
		0xd61f0200, /* br x16 */
		0xd4200000, /* brk #0 */
	};
	const uint64_t addresses[] = { function, (uintptr_t)entry_stub };

	bytes_copy(code, insns, sizeof(insns));
	bytes_copy(code + sizeof(insns), addresses, sizeof(addresses));
}

/* Data written becomes instructions when the data cache was cleaned and the instruction cache
 * forgets. Another processor that was held comes back through the kernel, whose return to it
 * synchronizes what it runs. */
void patch_flush(uintptr_t address, size_t size)
{
	uintptr_t end = address + size, line;
	uint64_t types;

	__asm__("mrs %0, ctr_el0" : "=r"(types)); /* two line sizes, as powers of two words */
	line = 4ul << (types >> 16 & 15);
	for (uintptr_t at = address & ~(line - 1); at < end; at += line)
		__asm__ volatile("dc cvau, %0" ::"r"(at) : "memory");
	__asm__ volatile("dsb ish" ::: "memory");
	line = 4ul << (types & 15);
	for (uintptr_t at = address & ~(line - 1); at < end; at += line)
		__asm__ volatile("ic ivau, %0" ::"r"(at) : "memory");
	__asm__ volatile("dsb ish\n\tisb" ::: "memory");
}
