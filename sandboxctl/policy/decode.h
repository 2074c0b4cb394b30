/* decode.h - numbers of a call as people read them: 38 as AF_ALG, and as the kernel reads them.
 *
 * What it is: words for messages.
 * What it must not do: matter. Nothing is decided by what it says.
 */
#ifndef DECODE_H
#define DECODE_H

#include "cube.h"

/* The bits of a register that the kernel looks at. */
uint64_t decode_mask(const struct syscall_name *name, unsigned slot);

/* "AF_ALG", "O_RDWR|O_CLOEXEC", or NULL when there are no such names. */
const char *decode_names(struct arena *arena, enum arch arch, const struct syscall_name *name,
			 unsigned slot, uint64_t value);

/* The number in the argument's own width and sign. */
const char *decode_number(struct arena *arena, const struct syscall_name *name, unsigned slot,
			  uint64_t value);

/* "AF_ALG" where there is a name, else "38". */
const char *decode_value(struct arena *arena, enum arch arch, const struct syscall_name *name,
			 unsigned slot, uint64_t value);

/* What of the register the kernel does not read: "the kernel reads the low 32 bits of 0x100000026",
 * or NULL when it reads the number as it is. */
const char *decode_cut(struct arena *arena, const struct syscall_name *name, unsigned slot,
		       uint64_t value);

/* "socket", "nr:470" */
const char *call_name(struct arena *arena, const struct syscall_name *name, uint32_t number);

/* A call as a query is written; arguments that may be anything are "_". */
const char *decode_call(struct arena *arena, enum arch arch, uint32_t number,
			const struct cube *witness);

#endif
