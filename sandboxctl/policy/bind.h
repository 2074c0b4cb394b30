/* bind.h - conditions for one call: argument names to registers, constants to numbers.
 *
 * What it is: the step from words to (register, width, sign, number).
 * What it must not do: decide anything, know triggers' meaning or filters.
 */
#ifndef BIND_H
#define BIND_H

#include "policy.h"

/* A copy of `condition` bound to a system call (name NULL: a number without a name), or NULL
 * after saying why. `word` is the call as the text names it. */
struct condition *bind_to_call(struct context *context, const struct condition *condition,
			       enum arch arch, const struct syscall_name *name,
			       const struct word *word);

/* The same for a trigger's `where`: slots that all hooks of the mask have, signed 64-bit. */
struct condition *bind_to_hooks(struct context *context, const struct condition *condition,
				enum arch arch, uint32_t hooks, const struct word *word);

/* A test made by the compiler itself: argument == number (or !=), at 64 or 32 bits. */
struct condition *make_test(struct arena *arena, unsigned slot, unsigned width, enum test_op op,
			    uint64_t number);

/* A number or the name of a constant; false after saying what is wrong. */
bool read_constant(struct context *context, enum arch arch, const struct word *word, uint64_t *bits,
		   bool *is_negative);

/* The argument of a call by its kernel's name or as arg0 to arg5, or -1 (name NULL: a
 * call without a name). */
int find_argument(const struct syscall_name *name, const char *text);
/* Says that the call (as the text names it) has no such argument. */
void no_argument(struct context *context, const struct syscall_name *name, const char *call,
		 const struct word *word);

/* Says that there is no call of that name. */
void no_call(struct context *context, const struct word *word);

/* Decimal, hexadecimal, octal, negative. */
bool read_number(const char *text, uint64_t *bits, bool *is_negative);

#endif
