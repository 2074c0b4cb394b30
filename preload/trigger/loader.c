/* loader.c - the loader's list of objects, as a debugger finds it.
 *
 * What it does: asks the program's own DT_DEBUG where it is.
 * What it must not do: call the loader: its lock may be held, and it knows that somebody waits.
 *
 * Contract: hook.
 */
#include "trigger/loader.h"

#include <elf.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/auxv.h>

/* A program that refers to _r_debug itself may have a copy of it, which stays as it was. */
static const struct r_debug *loader_debug(void)
{
	const ElfW(Phdr) *segment = (const ElfW(Phdr) *)getauxval(AT_PHDR);
	const ElfW(Dyn) *entry = NULL;
	uintptr_t base = 0;

	for (unsigned long n = getauxval(AT_PHNUM); n; n--, segment++) {
		if (segment->p_type == PT_PHDR)
			base = getauxval(AT_PHDR) - segment->p_vaddr;
		if (segment->p_type == PT_DYNAMIC)
			entry = (const ElfW(Dyn) *)(base + segment->p_vaddr);
	}
	for (; entry && entry->d_tag != DT_NULL; entry++) {
		if (entry->d_tag == DT_DEBUG && entry->d_un.d_ptr)
			return (const struct r_debug *)entry->d_un.d_ptr;
	}
	return &_r_debug;
}

const struct link_map *loader_program(void)
{
	return loader_debug()->r_map;
}
