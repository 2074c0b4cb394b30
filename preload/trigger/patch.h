/* patch.h - the code that a patch is made of: the part of entry.c that knows an architecture.
 *
 * A patched function's first PATCH_SIZE bytes are a jump to a trampoline within PATCH_REACH of it;
 * the trampoline passes the function's address to entry_stub (entry-ARCH.S) and jumps there. See
 * entry.c for who writes them when; patch-ARCH.c and displace-ARCH.c only compute bytes.
 */
#ifndef PATCH_H
#define PATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)
#define PATCH_SIZE  5u /* e9 rel32 */
#define PATCH_ALIGN 1u /* of a function's address */
#define PATCH_REACH (1ul << 31)
#elif defined(__aarch64__)
#define PATCH_SIZE  4u /* b */
#define PATCH_ALIGN 4u
#define PATCH_REACH (1ul << 27)
#else
#error "no patch-ARCH.c for this architecture"
#endif

/* Room that a trampoline may take. */
#define PATCH_TRAMPOLINE_MAX 64u

/* Any: writes the jump from `function` to `trampoline`, as it will stand at `function`. */
void patch_jump(unsigned char jump[PATCH_SIZE], uintptr_t function, uintptr_t trampoline);

/* Any: writes the trampoline of `function`, which works wherever it stands. */
void patch_trampoline(unsigned char code[PATCH_TRAMPOLINE_MAX], uintptr_t function);

/* Room that the copy of a function's first instructions may take. */
#define PATCH_COPY_MAX 192u

/* Code of a function, of which no more than `room` bytes may be read. */
struct patch_code {
	const unsigned char *bytes;
	size_t size; /* of the function, 0: not known */
	size_t room;
};

/* Any: writes at `copy`, where it will run, the instructions that the patch of `function` covers,
 * and a jump to the rest of it: who runs the copy runs the function, patched or not. A call in them
 * returns into the function, so nothing of the copy stays on a stack. Returns NULL, or why that
 * cannot be done. */
const char *patch_displace(unsigned char copy[PATCH_COPY_MAX], const struct patch_code *function);

/* Any: does the function branch to byte `first` of itself or a later one that its patch covers?
 * Returns NULL if not, else what is wrong with it. */
const char *patch_scan(const struct patch_code *function, size_t first);

/* Any: true when the bytes from `from` to PATCH_SIZE are of no function. */
bool patch_is_padding(const struct patch_code *function, size_t from);

/* Any: how many bytes of the function must stay as they are, and stand before the patch: an
 * indirect call must find its landing pad. */
size_t patch_kept(const struct patch_code *function);

/* Load: PROT_*, the protection of the code at `address`. */
int patch_protection(uintptr_t address);

/* Any: after `size` bytes of code were written at `address`, before anybody runs them. */
void patch_flush(uintptr_t address, size_t size);

#endif
