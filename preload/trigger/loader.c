/* loader.c - the loader's list of objects, and those that come later.
 *
 * How: the loader calls an empty function, for debuggers, whenever its list has changed
 * (_r_debug.r_brk, link.h). For a new object that is when it is mapped, and before its constructors
 * run: none of its code has run yet, and no thread can run it, for dlopen() has given nobody an
 * address in it, and no symbol is bound to it. So its functions can be patched while other
 * threads go on. (From glibc 2.41 on it is already relocated, and an older object's symbol could be
 * bound to it, one that was nowhere a moment ago.) For an object that goes it is when its memory is
 * no longer there.
 * What it must not do: call the loader: its lock is held; or read an object's memory that it does
 * not list any more.
 *
 * Contract: hook (trigger_alone), but for what loader.h says is load.
 */
#include "trigger/loader.h"

#include <elf.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/auxv.h>

#include "raw.h"
#include "report/report.h"
#include "trigger/elf.h"
#include "trigger/entry.h"
#include "trigger/trigger.h"

#define WISHES_MAX 64

/* A trigger that waits for a function in an object that may be loaded later, or once more. */
struct wish {
	struct wanted wanted;
	unsigned phase, number, use;
};

static struct wish wishes[WISHES_MAX];
static unsigned wish_count;

/* --- the list --------------------------------------------------------------------------------- */

/* struct r_debug_extended of glibc 2.35: a list for each namespace of dlmopen(3). */
struct names {
	struct r_debug base;
	const struct names *next; /* only where base.r_version is 2 or more */
};

/* Its entry in the program's own dynamic section. A program that refers to _r_debug itself may have
 * a copy of it, which stays as it was. */
static const struct names *first_namespace(void)
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
			return (const struct names *)entry->d_un.d_ptr;
	}
	return (const struct names *)&_r_debug;
}

static const struct names *namespaces;

static const struct names *next_namespace(const struct names *names)
{
	return namespaces->base.r_version >= 2 ? names->next : NULL;
}

const struct link_map *loader_program(void)
{
	namespaces = first_namespace();
	return namespaces->base.r_map;
}

static bool is_listed(const struct link_map *map, uintptr_t base)
{
	for (const struct names *names = namespaces; names; names = next_namespace(names)) {
		for (const struct link_map *m = names->base.r_map; m; m = m->l_next) {
			if (m == map && m->l_addr == base)
				return true;
		}
	}
	return false;
}

/* --- the wishes ------------------------------------------------------------------------------- */

static bool waits(const struct wish *wish, uint32_t phases)
{
	return (phases & (1u << wish->phase)) && !trigger_is_done(wish->phase, wish->number);
}

bool loader_waits(uint32_t phases)
{
	for (unsigned i = 0; i < wish_count; i++) {
		if (waits(&wishes[i], phases))
			return true;
	}
	return false;
}

static void fulfil(const struct wish *wish, const struct link_map *map)
{
	struct functions found = { 0 };
	enum elf_result result = elf_find_in(&wish->wanted, map, &found);

	if (result != ELF_FOUND)
		report_fatal("trigger `call ", wish->wanted.text, "`: ", elf_why(result), NULL);
	entry_add(&wish->wanted, &found, wish->phase, wish->number, wish->use);
	trigger_say("armed", wish->phase, wish->number);
}

static void fulfil_all(const struct link_map *map)
{
	for (unsigned i = 0; i < wish_count; i++) {
		const struct wish *wish = &wishes[i];

		if (waits(wish, trigger_armed()) && elf_is_wanted(&wish->wanted, map) &&
		    !entry_is_added(map, wish->phase, wish->number))
			fulfil(wish, map);
	}
}

void loader_changed(void *unused)
{
	entry_drop(is_listed);
	for (const struct names *names = namespaces; names; names = next_namespace(names)) {
		if (names->base.r_state != RT_CONSISTENT)
			continue; /* it will come again */
		for (const struct link_map *map = names->base.r_map; map; map = map->l_next)
			fulfil_all(map);
	}
}

/* The loader's function as a place in its file. */
static bool find_loader_function(struct functions *found)
{
	uintptr_t base = namespaces->base.r_ldbase;
	const struct link_map *map = namespaces->base.r_map;

	while (map && map->l_addr != base)
		map = map->l_next;
	if (!map)
		return false;
	return elf_find_in(&(struct wanted){ .object = text_basename(map->l_name),
					     .name = "",
					     .offset = namespaces->base.r_brk - base },
			   map, found) == ELF_FOUND;
}

bool loader_want(const struct wanted *wanted, unsigned phase, unsigned number, unsigned use,
		 const char **why)
{
	struct functions found = { 0 };

	*why = "the loader has no function that it calls when it loads an object";
	if (!find_loader_function(&found) || (*why = entry_watch_loader(&found)))
		return false;
	if (wish_count == WISHES_MAX)
		report_fatal("too many `call OBJECT!NAME` triggers", NULL);
	wishes[wish_count++] = (struct wish){ *wanted, phase, number, use };
	loader_changed(NULL);
	return true;
}
