/* names.h - what the kernel calls things: system calls, their arguments, constants, errors; and
 * the hooked library calls.
 *
 * What it is: look-ups in generated tables (syscalls.tsv, constants.list, waits.def).
 * What it must not do: change at run time, depend on the machine it runs on.
 */
#ifndef NAMES_H
#define NAMES_H

#include "diagnose.h"

enum arch { ARCH_X86_64, ARCH_AARCH64, ARCHES };

#if defined(__x86_64__)
#define ARCH_NATIVE ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH_NATIVE ARCH_AARCH64
#else
#error "libsandbox supports x86-64 and aarch64"
#endif

struct arch_names {
	const char *name;
	uint32_t audit; /* AUDIT_ARCH_* */
};

extern const struct arch_names arches[ARCHES];

enum { ARGUMENTS = 6, NUMBER_MAX = 0x3fffffff, TABLE_NUMBERS = 1024 };

struct argument_name {
	const char *name, *type;
	uint8_t width; /* bits the kernel looks at */
	bool is_signed, is_pointer;
	char letter; /* how a report prints it, see policyc.h */
};

struct syscall_name {
	const char *name;
	int number[ARCHES]; /* -1: this architecture has no such call */
	uint8_t count;
	struct argument_name arguments[ARGUMENTS];
};

const struct syscall_name *names_syscall(const char *name);
/* NULL for numbers that are not in the table. */
const struct syscall_name *names_number(enum arch arch, uint32_t number);
/* The highest number of the table. */
uint32_t names_last(enum arch arch);

struct constant_name {
	const char *name;
	uint64_t value[ARCHES];
	bool is_negative;
};

const struct constant_name *names_constant(const char *name);
/* All of them, by name. */
const struct constant_name *names_constants(size_t *count);
int names_errno(const char *name);	      /* 0: none */
const char *names_errno_text(unsigned error); /* NULL: none */

/* Hooked library calls as bits of a mask; 0: no such name. A family is all its calls. */
uint32_t names_hooks(const char *name);
uint32_t names_blocking(void);
/* The slot (enum wait_slot) that all hooks of the mask call `name`, or -1. */
int names_slot(uint32_t hooks, const char *name);

void names_nearest_syscall(struct nearest *nearest, const char *word);
void names_nearest_constant(struct nearest *nearest, const char *word);
void names_nearest_errno(struct nearest *nearest, const char *word);
void names_nearest_trigger(struct nearest *nearest, const char *word);
void names_nearest_slot(struct nearest *nearest, const char *word, uint32_t hooks);

#endif
