/* entry.c - patching the first bytes of a function with one jump, once.
 *
 * What it does: at load, five bytes at the function's entry become a jump to a trampoline near it
 * (a 32-bit displacement reaches 2 GiB), which pushes the site's number and jumps to entry_stub.
 * The first call fires the trigger; at the lock, with every other thread held, the bytes are put
 * back, and every thread goes on into the whole function. No signal, no ptrace, no debug
 * registers, and nothing left behind but a page of code that was made private.
 * What it must not do: write code while another thread can run it.
 *
 * Contract: entry_patch load; the rest hook.
 */
#include "trigger/entry.h"

#include <stdbool.h>
#include <sys/mman.h>

#include "raw.h"
#include "report/report.h"
#include "trigger/elf.h"
#include "trigger/trigger.h"

#define SITES_MAX   64
#define JUMP_SIZE   5 /* e9 rel32 */
#define PAGE	    4096ul
#define REACH	    ((1ul << 31) - (1ul << 20)) /* of rel32, less a margin for the page itself */
#define SEARCH_STEP 0x10000ul

struct site {
	unsigned char *code; /* NULL: put back */
	unsigned char original[JUMP_SIZE];
	uintptr_t address;
	uint32_t phases;
	const char *function;
};

static struct site sites[SITES_MAX];
static unsigned site_count;

void entry_stub(void);
uintptr_t entry_reached(uint32_t index);

/* --- at load
 * -------------------------------------------------------------------------------------- */

static long map_near(uintptr_t address)
{
	uintptr_t page = address & ~(PAGE - 1);

	for (uintptr_t distance = SEARCH_STEP; distance < REACH; distance += SEARCH_STEP) {
		for (int up = 0; up < 2; up++) {
			uintptr_t at = up ? page + distance : page - distance;
			long got;

			if (!up && distance >= page)
				continue;
			got = raw(mmap, at, PAGE, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
			if ((uintptr_t)got == at)
				return got;
		}
	}
	return -12; /* ENOMEM */
}

/* push $index; jmp *entry_stub: the trampoline, in a page of its own. */
static uintptr_t make_trampoline(uintptr_t near, uint32_t index, const char *function)
{
	static const unsigned char jump_indirect[] = { 0xff, 0x25, 0, 0, 0, 0 };
	const uintptr_t stub = (uintptr_t)entry_stub;
	long page = map_near(near);
	unsigned char *code = (unsigned char *)page;
	long error;

	if (page < 0 && page > -4096)
		report_fatal("no free page within 2 GiB of function ", function, NULL);
	*code++ = 0x68;
	bytes_copy(code, &index, sizeof(index));
	code += sizeof(index);
	bytes_copy(code, jump_indirect, sizeof(jump_indirect));
	bytes_copy(code + sizeof(jump_indirect), &stub, sizeof(stub));
	error = raw(mprotect, page, PAGE, PROT_READ | PROT_EXEC);
	if (error)
		report_fatal_errno(error, "cannot make code for the trigger at ", function, NULL);
	return (uintptr_t)page;
}

static long protect_site(uintptr_t address, int protection)
{
	uintptr_t first = address & ~(PAGE - 1);
	uintptr_t end = (address + JUMP_SIZE + PAGE - 1) & ~(PAGE - 1);

	return raw(mprotect, first, end - first, protection);
}

static void write_jump(struct site *site, uintptr_t trampoline)
{
	int32_t displacement = (int32_t)(trampoline - (site->address + JUMP_SIZE));
	long error = protect_site(site->address, PROT_READ | PROT_WRITE | PROT_EXEC);

	if (error)
		report_fatal_errno(error, "cannot write the trigger at ", site->function,
				   "; does a security module forbid it?", NULL);
	bytes_copy(site->original, site->code, JUMP_SIZE);
	site->code[0] = 0xe9;
	bytes_copy(site->code + 1, &displacement, sizeof(displacement));
	error = protect_site(site->address, PROT_READ | PROT_EXEC);
	if (error)
		report_fatal_errno(error, "cannot protect the code of ", site->function, NULL);
}

static void find(const char *name, struct function *function)
{
	switch (elf_find_function(name, function)) {
	case ELF_FOUND:
		break;
	case ELF_NO_SYMBOL:
		report_fatal("trigger `call ", name,
			     "`: no loaded object has a function of that "
			     "name; is the program stripped of it? (nm -D, nm)",
			     NULL);
	case ELF_AMBIGUOUS:
		report_fatal("trigger `call ", name, "`: ", function->object,
			     " has several functions of that name", NULL);
	case ELF_IFUNC:
		report_fatal("trigger `call ", name,
			     "`: its code is chosen at run time (IFUNC); "
			     "name the chosen function",
			     NULL);
	case ELF_NOT_CODE:
		report_fatal("trigger `call ", name, "`: the symbol is not code", NULL);
	}
	if (function->size && function->size < JUMP_SIZE)
		report_fatal("trigger `call ", name,
			     "`: the function is shorter than the jump "
			     "that would replace its first bytes",
			     NULL);
}

void entry_patch(const char *name, uint32_t phases)
{
	struct function function = { 0 };
	struct site *site;

	find(name, &function);
	for (unsigned i = 0; i < site_count; i++) {
		if (sites[i].address == function.address) {
			sites[i].phases |= phases;
			return;
		}
		if (sites[i].address - function.address < JUMP_SIZE ||
		    function.address - sites[i].address < JUMP_SIZE)
			report_fatal("triggers `call ", name, "` and `call ", sites[i].function,
				     "` overlap", NULL);
	}
	if (site_count == SITES_MAX)
		report_fatal("too many `call` triggers", NULL);
	site = &sites[site_count];
	site->address = function.address;
	site->code = (unsigned char *)function.address;
	site->phases = phases;
	site->function = name;
	write_jump(site, make_trampoline(site->address, site_count, name));
	site_count++;
}

/* --- at the call
 * ---------------------------------------------------------------------------------- */

/* Called by entry_stub on the program's thread. Returns where it goes on: the function itself,
 * whose bytes are back by then. */
uintptr_t entry_reached(uint32_t index)
{
	struct site *site = &sites[index];

	/* A vfork child must not fire, and cannot run the function while its parent's copy of the
	 * code is patched: the two are one. */
	if (trigger_in_vfork_child())
		report_fatal("a vfork child called ", site->function,
			     ", which is a trigger; name a function that only the program calls",
			     NULL);
	trigger_function(site->phases, site->function);
	return site->address;
}

static void put_back(struct site *site)
{
	long error = protect_site(site->address, PROT_READ | PROT_WRITE);

	if (!error) {
		bytes_copy(site->code, site->original, JUMP_SIZE);
		error = protect_site(site->address, PROT_READ | PROT_EXEC);
	}
	if (error)
		report_fatal_errno(error, "cannot put back the code of ", site->function, NULL);
	site->code = NULL;
}

void entry_restore(uint32_t still_armed)
{
	for (unsigned i = 0; i < site_count; i++) {
		if (sites[i].code && !(sites[i].phases & still_armed))
			put_back(&sites[i]);
	}
}
