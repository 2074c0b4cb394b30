/* elf.h - finding a function by name in the objects of this process. See elf.c. */
#ifndef ELF_H_
#define ELF_H_

#include <link.h>
#include <stdbool.h>
#include <stdint.h>

#define FUNCTIONS_MAX 16

/* A function, and the copies of it that gcc made for some of its callers (NAME.constprop.0): to
 * call any of them is to call it. */
struct functions {
	const struct link_map *map; /* the object that they are in */
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
	const char *
		symbols; /* of a C++ name, once found: each with its NUL, an empty one at the end */
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
	ELF_NOT_CHOSEN, /* an IFUNC of an object that is being loaded */
	ELF_NOT_PLACED, /* the loader is still going to write into its code */
};

/* load: looks in .symtab, .dynsym and the separate debug file, the program first, then its
 * libraries in load order; sets wanted->symbols when that is a C++ name. */
enum elf_result elf_find_function(struct wanted *wanted, struct functions *functions);

/* load, hook: is this a library that goes by the wanted object's name? */
bool elf_is_wanted(const struct wanted *wanted, const struct link_map *map);

/* load, trigger_alone: the same in one library, which the loader has placed and not relocated yet.
 * Looks for symbols only. */
enum elf_result elf_find_in(const struct wanted *wanted, const struct link_map *map,
			    struct functions *functions);

/* load, trigger_alone: why that was its result, in words that stay valid until the next search. */
const char *elf_why(enum elf_result result);

#endif
