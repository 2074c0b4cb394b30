/* arguments.h - which arguments of a call a recording keeps.
 *
 * What it is: a table of the arguments that decide what a call does (flags, commands, families,
 * protections), and calls cut down to them. Addresses, sizes, descriptors run free: they would
 * make every call another one.
 * What it must not do: know what becomes of them (the writer of policies does, by `use`).
 */
#ifndef ARGUMENTS_H
#define ARGUMENTS_H

#include "policy/cube.h"

/* What a condition on the argument would look like. */
enum argument_use {
	USE_NONE,
	USE_NOTED, /* people like to see it; no condition is made of it */

	USE_VALUE,    /* one of a few: cmd in {F_GETFL, F_SETFL} */
	USE_ZERO,     /* only whether it is 0: pid == 0 */
	USE_SOCKET,   /* the kind in the low four bits, flags above */
	USE_PROTOCOL, /* matters where the family leaves much open */

	/* A call has one of these at most, and then no other: */
	USE_OPEN,    /* to read, write, empty, make a file: opens.h */
	USE_MEMORY,  /* PROT_* */
	USE_PROCESS, /* CLONE_*, and a signal in the low eight bits */
	USE_BITS,    /* flags: unshare_flags within CLONE_FS|CLONE_FILES */
};

enum argument_use argument_use(const struct syscall_name *name, unsigned slot);

/* How a call is cut. */
struct shape {
	uint8_t count;
	struct {
		uint8_t slot;
		bool zero_only; /* another value than 0 is as good as any */
		uint64_t mask;
	} of[ARGUMENTS];
};

/* By number, for the calls of the table; others keep nothing. */
struct shapes {
	struct shape by_number[TABLE_NUMBERS];
};

void shapes_begin(struct shapes *shapes, enum arch arch);
/* These bits are kept, too. */
void shape_widen(struct shape *shape, unsigned slot, uint64_t bits);

const struct shape *shape_of(const struct shapes *shapes, uint32_t number);
/* The bits of the call that are kept. */
struct cube shape_cut(const struct shape *shape, const uint64_t arguments[ARGUMENTS]);
/* The same of calls of which only some bits are known. */
struct cube shape_cut_cube(const struct shape *shape, const struct cube *cube);

#endif
