/* elf.h - finding a function by name in the objects of this process. See elf.c. */
#ifndef ELF_H_
#define ELF_H_

#include <stdint.h>

#define FUNCTIONS_MAX 16

/* A function, and the copies of it that gcc made for some of its callers (NAME.constprop.0): to
 * call any of them is to call it. */
struct functions {
	unsigned count;
	struct function {
		uintptr_t address;
		uint64_t size; /* bytes, 0 when the symbol does not say */
		uint64_t next; /* bytes up to another symbol, or the end of the segment */
		uint64_t room; /* bytes up to the end of the segment */
	} list[FUNCTIONS_MAX];
};

struct wanted {
	const char *object; /* basename of a library's file or of the program; "": any */
	const char *name;   /* symbol; "": the code at `offset` of the object's file */
	uint64_t offset;
	const char *text; /* as the policy wrote it */
};

enum elf_result {
	ELF_FOUND,
	ELF_NO_OBJECT, /* none of that name is loaded */
	ELF_NO_FILE,   /* an object's file cannot be read */
	ELF_NO_SYMBOL, /* in no loaded object */
	ELF_AMBIGUOUS, /* several functions of that name in one object (static functions do that) */
	ELF_SEVERAL,   /* functions of that C++ name */
	ELF_NO_COMMAND, /* a C++ name, and no sandboxctl */
	ELF_NOT_CODE,	/* the symbol is not in an executable segment */
	ELF_SCALABLE,	/* its arguments would not survive a system call */
};

/* load: looks in .symtab, .dynsym and the separate debug file, the program first, then its
 * libraries in load order. */
enum elf_result elf_find_function(const struct wanted *wanted, struct functions *functions);

/* load: why that was its result, in words that stay valid until the next search. */
const char *elf_why(enum elf_result result);

#endif
