/* objects.h - which loaded object an address belongs to, without the loader's lock. */
#ifndef OBJECTS_H
#define OBJECTS_H

#include <stdbool.h>
#include <stdint.h>

struct object {
	const char *name; /* basename; NULL: the program itself */
	uintptr_t base;	  /* subtract it: what nm and addr2line call the address */
	bool is_libc;
};

/* load: remembers the program's own segments. */
void objects_prepare(void);

/* signal: false when the address is in no loaded object (JIT code, a stack). */
bool object_find(uintptr_t address, struct object *object);

/* signal: looks at `link` and through one page of stack from `sp` for the first return address (a
 * word that points behind a call instruction in a loaded object) outside libc; 0 when there is
 * none. */
uintptr_t object_caller(uintptr_t link, uintptr_t sp);

#endif
