/* patch.h - the code that a patch is made of: the part of entry.c that knows an architecture.
 *
 * A patched function's first PATCH_SIZE bytes are a jump to a trampoline within PATCH_REACH of it;
 * the trampoline passes the function's address to entry_stub (entry-ARCH.S) and jumps there. See
 * entry.c for who writes them when; patch-ARCH.c only computes bytes.
 */
#ifndef PATCH_H
#define PATCH_H

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

/* Any: after `size` bytes of code were written at `address`, before anybody runs them. */
void patch_flush(uintptr_t address, size_t size);

#endif
