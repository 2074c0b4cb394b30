/* objects.c - addresses to objects, for reports.
 *
 * What it does: walks the loader's list of objects as a debugger does (_r_debug, link.h), so that
 * objects opened late are found and nothing is copied at the lock.
 * What it must not do: call dl_iterate_phdr or dladdr (the loader's lock may be held by the very
 * thread that was interrupted), or trust a pointer before readable() has seen it.
 *
 * Contract: signal, but for objects_prepare (load).
 */
#include "report/objects.h"

#include <elf.h>
#include <link.h>
#include <sys/auxv.h>

#include "raw.h"

#define PAGE	    4096ul
#define OBJECTS_MAX 4096 /* a list longer than this is not a list */

static struct {
	const ElfW(Phdr) * phdr;
	unsigned long count;
} program;

void objects_prepare(void)
{
	program.phdr = (const ElfW(Phdr) *)getauxval(AT_PHDR);
	program.count = getauxval(AT_PHNUM);
}

static bool covers(const ElfW(Phdr) * phdr, unsigned long count, uintptr_t base, uintptr_t address)
{
	for (unsigned long i = 0; i < count; i++) {
		if (phdr[i].p_type == PT_LOAD && (phdr[i].p_flags & PF_X) &&
		    address - base - phdr[i].p_vaddr < phdr[i].p_memsz)
			return true;
	}
	return false;
}

static bool library_covers(uintptr_t base, uintptr_t address)
{
	const ElfW(Ehdr) *ehdr = (const ElfW(Ehdr) *)base;

	if (!base || base % PAGE || address < base || !readable(ehdr) ||
	    ehdr->e_ident[EI_MAG0] != ELFMAG0 || ehdr->e_ident[EI_MAG1] != ELFMAG1)
		return false;
	if (ehdr->e_phoff > PAGE - sizeof(ElfW(Phdr)) * ehdr->e_phnum)
		return false;
	return covers((const ElfW(Phdr) *)(base + ehdr->e_phoff), ehdr->e_phnum, base, address);
}

static bool name_is_libc(const char *base)
{
	return text_equal(base, "libc.so.6") || text_equal(base, "libpthread.so.0") ||
	       text_equal(base, "libsandbox.so");
}

bool object_find(uintptr_t address, struct object *object)
{
	const struct link_map *map = _r_debug.r_map;

	for (unsigned n = 0; map && n < OBJECTS_MAX; n++, map = map->l_next) {
		bool first = n == 0; /* the program heads the list */

		if (first ? !covers(program.phdr, program.count, map->l_addr, address)
			  : !library_covers(map->l_addr, address))
			continue;
		object->name = first ? NULL : text_basename(map->l_name);
		object->base = map->l_addr;
		object->is_libc = !first && name_is_libc(object->name);
		return true;
	}
	return false;
}

/* The first test keeps what is read in the page whose object was just found. */
static bool is_caller(uintptr_t address)
{
	struct object object;

	return address % PAGE >= MACHINE_CALL_SIZE && object_find(address, &object) &&
	       !object.is_libc && machine_follows_call(address);
}

uintptr_t object_caller(uintptr_t link, uintptr_t sp)
{
	const uintptr_t *word = (const uintptr_t *)(sp & ~7ul);
	unsigned left = 512 / sizeof(*word);
	uintptr_t address = machine_return_address(link);

	if (is_caller(address))
		return address;
	for (; left; left--, word++) {
		if ((uintptr_t)word % PAGE == 0 && !readable(word))
			break;
		address = machine_return_address(*word);
		if (is_caller(address))
			return address;
	}
	return 0;
}
