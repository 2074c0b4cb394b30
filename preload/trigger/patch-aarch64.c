/* patch-aarch64.c - the jump over a function's first instruction, and the trampoline it leads to.
 *
 * What it does: computes instructions, and knows where the first one that may be replaced is: in
 * guarded code (BTI) an indirect call must find a landing pad, so that one stays.
 * What it must not do: write them where somebody runs them (entry.c does, with all held).
 *
 * Contract: hook, but for patch_protection (load).
 */
#include "trigger/patch.h"

#include <elf.h>
#include <link.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include "raw.h"

#define GUARDED	  0x10	      /* PROT_BTI of asm/mman.h */
#define CPU_KNOWS (1ul << 17) /* HWCAP2_BTI of asm/hwcap.h */

/* A note of an object: that all of it was compiled for guarding. */
#define FEATURES    0xc0000000u /* GNU_PROPERTY_AARCH64_FEATURE_1_AND */
#define FEATURE_BTI 1u

void entry_stub(void);

static uint32_t insn_b(uintptr_t from, uintptr_t to)
{
	return 0x14000000u | ((uint32_t)((to - from) >> 2) & 0x03ffffffu);
}

void patch_jump(unsigned char jump[PATCH_SIZE], uintptr_t function, uintptr_t trampoline)
{
	const uint32_t insn = insn_b(function, trampoline);

	bytes_copy(jump, &insn, sizeof(insn));
}

/* x16 and x17 are free at the beginning of every function: what a linker puts between a call and
 * its function uses them too. entry_stub finds the function's address at x17, and before it the
 * way there: a direct branch, since an indirect one would have to find a landing pad. */
void patch_trampoline(unsigned char code[PATCH_TRAMPOLINE_MAX], uintptr_t function)
{
	const uint32_t insns[] = {
		0x10000091, /* adr x17, .+16 */
		0x580000b0, /* ldr x16, .+20 */
		0xd61f0200, /* br x16 */
		insn_b((uintptr_t)code + 12, function),
	};
	const uint64_t addresses[] = { function, (uintptr_t)entry_stub };

	bytes_copy(code, insns, sizeof(insns));
	bytes_copy(code + sizeof(insns), addresses, sizeof(addresses));
}

/* bti in all its forms; paciasp and pacibsp, which are landing pads too. */
size_t patch_kept(const struct patch_code *function)
{
	const size_t size = sizeof(uint32_t);
	uint32_t insn;

	if (function->room < 2 * size || (function->size && function->size < 2 * size))
		return 0;
	bytes_copy(&insn, function->bytes, size);
	return (insn & 0xffffff3fu) == 0xd503241fu || (insn & 0xffffffbfu) == 0xd503233fu ? size
											  : 0;
}

/* --- guarded code ----------------------------------------------------------------------------- */

struct place {
	uintptr_t address;
	bool is_guarded;
};

/* A property: type, size, data, padded to 8 bytes. */
static bool says_guarded(const uint32_t *property, uint64_t size)
{
	while (size >= 16) {
		uint64_t whole = 8 + ((property[1] + 7ul) & ~7ul);

		if (property[0] == FEATURES)
			return property[2] & FEATURE_BTI;
		if (whole > size)
			return false;
		property += whole / sizeof(*property);
		size -= whole;
	}
	return false;
}

/* The one note of the segment: sizes of name and properties, type, "GNU". */
static bool note_says_guarded(const struct dl_phdr_info *info, const ElfW(Phdr) * phdr)
{
	const uint32_t *note = (const uint32_t *)(info->dlpi_addr + phdr->p_vaddr);

	return phdr->p_memsz >= 16 && note[0] == 4 && note[2] == NT_GNU_PROPERTY_TYPE_0 &&
	       note[1] <= phdr->p_memsz - 16 && says_guarded(note + 4, note[1]);
}

static int look_at(struct dl_phdr_info *info, size_t size, void *place_)
{
	struct place *place = place_;
	bool is_here = false, is_guarded = false;

	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *phdr = &info->dlpi_phdr[i];

		if (phdr->p_type == PT_LOAD &&
		    place->address - info->dlpi_addr - phdr->p_vaddr < phdr->p_memsz)
			is_here = true;
		if (phdr->p_type == PT_GNU_PROPERTY)
			is_guarded = note_says_guarded(info, phdr);
	}
	place->is_guarded = is_here && is_guarded;
	return is_here;
}

/* The loader guards the code of an object that says so, where the processor can. */
int patch_protection(uintptr_t address)
{
	struct place place = { .address = address };

	if (getauxval(AT_HWCAP2) & CPU_KNOWS)
		dl_iterate_phdr(look_at, &place);
	return PROT_READ | PROT_EXEC | (place.is_guarded ? GUARDED : 0);
}

/* --- caches ----------------------------------------------------------------------------------- */

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
