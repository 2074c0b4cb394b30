/* entry.c - patching the first bytes of a function with one jump, once.
 *
 * What it does: at load, five bytes at the function's entry become a jump to a trampoline near it
 * (a 32-bit displacement reaches 2 GiB), which pushes the site's number and jumps to entry_stub.
 * The first call fires the trigger; at the lock, with every other thread held, the bytes are put
 * back, and every thread goes on into the whole function. No signal, no ptrace, no debug
 * registers, and nothing left behind but a page of code that was made private.
 * What it must not do: write code while another thread can run it.
 *
 * Contract: as entry.h says; entry_reached: hook.
 */
#include "trigger/entry.h"

#include <sys/mman.h>

#include "lockdown/barrier.h"
#include "policyc.h"
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
	uintptr_t address;
	uintptr_t trampoline;
	unsigned char original[JUMP_SIZE];
	bool patched;
	const char *name; /* for people: the function, or the object */
	uint32_t
		wanted[POLICYC_PHASES_MAX]; /* by phase: bits of the triggers that name this site */
	uint32_t watched[POLICYC_PHASES_MAX]; /* of these, the ones that wait for it now */
};

static struct site sites[SITES_MAX];
static unsigned site_count;

void entry_stub(void);
uintptr_t entry_reached(uint32_t index);

/* --- at load ---------------------------------------------------------------------------------- */

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

/* load, or every other thread held. */
static void write_jump(struct site *site)
{
	int32_t displacement = (int32_t)(site->trampoline - (site->address + JUMP_SIZE));
	unsigned char *code = (unsigned char *)site->address;
	long error = protect_site(site->address, PROT_READ | PROT_WRITE | PROT_EXEC);

	if (error)
		report_fatal_errno(error, "cannot write the trigger at ", site->name,
				   "; does a security module forbid it?", NULL);
	bytes_copy(site->original, code, JUMP_SIZE);
	code[0] = 0xe9;
	bytes_copy(code + 1, &displacement, sizeof(displacement));
	error = protect_site(site->address, PROT_READ | PROT_EXEC);
	if (error)
		report_fatal_errno(error, "cannot protect the code of ", site->name, NULL);
	site->patched = true;
}

static bool all_long_enough(const struct functions *functions)
{
	for (unsigned i = 0; i < functions->count; i++) {
		if (functions->list[i].size && functions->list[i].size < JUMP_SIZE)
			return false;
	}
	return true;
}

static const char *why_not(enum elf_result result, const struct functions *functions)
{
	switch (result) {
	case ELF_FOUND:
		if (all_long_enough(functions))
			return NULL;
		return "the function is shorter than the jump that would replace its first bytes";
	case ELF_NO_OBJECT:
		return "no object of that name is loaded (a library's name is that of its file)";
	case ELF_NO_SYMBOL:
		return "no loaded object has a function of that name; is the program stripped of "
		       "it? (nm -D, nm)";
	case ELF_AMBIGUOUS:
		return "several functions have that name; give one as OBJECT+0xOFFSET (nm)";
	case ELF_IFUNC:
		return "its code is chosen at run time (IFUNC); name the chosen function";
	case ELF_NOT_CODE:
		return "it is not in a segment of code";
	}
	return "it cannot be found";
}

static struct site *new_site(uintptr_t address, const char *name)
{
	struct site *site = &sites[site_count];

	if (site_count == SITES_MAX)
		report_fatal("too many `call` triggers", NULL);
	site->address = address;
	site->name = name;
	site->trampoline = make_trampoline(address, site_count, name);
	site_count++;
	return site;
}

static struct site *site_at(uintptr_t address, const char *name)
{
	for (unsigned i = 0; i < site_count; i++) {
		if (sites[i].address == address)
			return &sites[i];
		if (sites[i].address - address < JUMP_SIZE ||
		    address - sites[i].address < JUMP_SIZE)
			report_fatal("triggers `call ", name, "` and `call ", sites[i].name,
				     "` overlap", NULL);
	}
	return new_site(address, name);
}

void entry_prepare(const struct wanted *wanted, unsigned phase, unsigned number, bool at_once)
{
	struct functions found = { 0 };
	const char *why = why_not(elf_find_function(wanted, &found), &found);

	if (why)
		report_fatal("trigger `call ", wanted->text, "`: ", why, NULL);
	for (unsigned i = 0; i < found.count; i++) {
		struct site *site = site_at(found.list[i].address,
					    *wanted->name ? wanted->name : wanted->object);

		site->wanted[phase] |= 1u << number;
		if (!at_once)
			continue;
		site->watched[phase] |= 1u << number;
		if (!site->patched)
			write_jump(site);
	}
}

/* --- at the call ------------------------------------------------------------------------------ */

bool entry_waits_for(unsigned site, unsigned phase, unsigned number)
{
	return sites[site].watched[phase] & (1u << number);
}

static void put_back(struct site *site)
{
	long error = protect_site(site->address, PROT_READ | PROT_WRITE);

	if (!error) {
		bytes_copy((unsigned char *)site->address, site->original, JUMP_SIZE);
		error = protect_site(site->address, PROT_READ | PROT_EXEC);
	}
	if (error)
		report_fatal_errno(error, "cannot put back the code of ", site->name, NULL);
	__atomic_store_n(&site->patched, false, __ATOMIC_RELEASE);
}

/* Every trigger that waits for a site is met by the same call, so nobody waits for it after one. */
static void release_site(void *site_)
{
	struct site *site = site_;

	for (unsigned i = 0; i < POLICYC_PHASES_MAX; i++)
		site->watched[i] = 0;
	if (!site->patched)
		return;
	barrier_hold();
	put_back(site);
	barrier_release();
}

/* Called by entry_stub on the program's thread. Returns where it goes on: the function itself,
 * whose bytes are back by then. */
uintptr_t entry_reached(uint32_t index)
{
	struct site *site = &sites[index];

	/* A vfork child must not fire, and cannot run the function while its parent's copy of the
	 * code is patched: the two are one. */
	if (trigger_in_vfork_child())
		report_fatal("a vfork child called ", site->name,
			     ", which is a trigger; name a function that only the program calls",
			     NULL);
	trigger_site(index);
	if (__atomic_load_n(&site->patched, __ATOMIC_ACQUIRE))
		trigger_alone(release_site, site);
	return site->address;
}

static void watch_site(void *site_)
{
	struct site *site = site_;

	if (site->patched)
		return;
	barrier_hold();
	write_jump(site);
	barrier_release();
}

void entry_watch(unsigned phase, unsigned number)
{
	for (unsigned i = 0; i < site_count; i++) {
		if (!(sites[i].wanted[phase] & (1u << number)))
			continue;
		sites[i].watched[phase] |= 1u << number;
		trigger_alone(watch_site, &sites[i]);
	}
}

static bool is_watched(const struct site *site, uint32_t phases)
{
	for (unsigned i = 0; i < POLICYC_PHASES_MAX; i++) {
		if ((phases & (1u << i)) && site->watched[i])
			return true;
	}
	return false;
}

void entry_restore(uint32_t still_armed)
{
	for (unsigned i = 0; i < site_count; i++) {
		if (sites[i].patched && !is_watched(&sites[i], still_armed))
			put_back(&sites[i]);
	}
}
