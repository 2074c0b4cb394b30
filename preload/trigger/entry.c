/* entry.c - patching the first bytes of a function with one jump, once.
 *
 * What it does: at load, a function's first bytes become a jump to a trampoline near it, which
 * passes the function's address to entry_stub (patch.h: what these are made of).
 * The first call fires the trigger; at the lock, with every other thread held, the bytes are put
 * back, and every thread goes on into the whole function. No signal, no ptrace, no debug
 * registers, and nothing left behind but a page of code that was made private.
 * What it must not do: write code while another thread can run it, or know an architecture.
 *
 * Contract: as entry.h says; entry_reached: hook.
 */
#include "trigger/entry.h"

#include <sys/auxv.h>
#include <sys/mman.h>

#include "lockdown/barrier.h"
#include "policyc.h"
#include "raw.h"
#include "report/report.h"
#include "trigger/elf.h"
#include "trigger/patch.h"
#include "trigger/trigger.h"

#define SITES_MAX   64
#define SEARCH_STEP 0x10000ul			/* a multiple of every page size */
#define REACH	    (PATCH_REACH - (1ul << 20)) /* less a margin for the page itself */

struct site {
	uintptr_t address;
	uintptr_t trampoline;
	unsigned char original[PATCH_SIZE];
	bool patched;
	const char *name; /* for people: the function, or the object */
	uint32_t
		wanted[POLICYC_PHASES_MAX]; /* by phase: bits of the triggers that name this site */
	uint32_t watched[POLICYC_PHASES_MAX]; /* of these, the ones that wait for it now */
};

static struct site sites[SITES_MAX];
static unsigned site_count;
static uintptr_t page_size;

uintptr_t entry_reached(uintptr_t function);

/* --- at load ---------------------------------------------------------------------------------- */

static uintptr_t page_of(uintptr_t address)
{
	return address & ~(page_size - 1);
}

static long map_near(uintptr_t address)
{
	uintptr_t page = address & ~(SEARCH_STEP - 1);

	for (uintptr_t distance = SEARCH_STEP; distance < REACH; distance += SEARCH_STEP) {
		for (int up = 0; up < 2; up++) {
			uintptr_t at = up ? page + distance : page - distance;
			long got;

			if (!up && distance >= page)
				continue;
			got = raw(mmap, at, page_size, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
			if ((uintptr_t)got == at)
				return got;
		}
	}
	return -12; /* ENOMEM */
}

/* In a page of its own. */
static uintptr_t make_trampoline(uintptr_t function, const char *name)
{
	long page = map_near(function);
	long error;

	if (page < 0 && page > -4096)
		report_fatal("no free page within a jump's reach of function ", name, NULL);
	patch_trampoline((unsigned char *)page, function);
	patch_flush((uintptr_t)page, PATCH_TRAMPOLINE_MAX);
	error = raw(mprotect, page, page_size, PROT_READ | PROT_EXEC);
	if (error)
		report_fatal_errno(error, "cannot make code for the trigger at ", name, NULL);
	return (uintptr_t)page;
}

static long protect_site(uintptr_t address, int protection)
{
	uintptr_t first = page_of(address);
	uintptr_t end = page_of(address + PATCH_SIZE + page_size - 1);

	return raw(mprotect, first, end - first, protection);
}

/* load, or every other thread held. */
static long write_code(uintptr_t address, const unsigned char bytes[PATCH_SIZE])
{
	long error = protect_site(address, PROT_READ | PROT_WRITE);

	if (error)
		return error;
	bytes_copy((unsigned char *)address, bytes, PATCH_SIZE);
	patch_flush(address, PATCH_SIZE);
	return protect_site(address, PROT_READ | PROT_EXEC);
}

static void write_jump(struct site *site)
{
	unsigned char jump[PATCH_SIZE];
	long error;

	patch_jump(jump, site->address, site->trampoline);
	bytes_copy(site->original, (const unsigned char *)site->address, PATCH_SIZE);
	error = write_code(site->address, jump);
	if (error)
		report_fatal_errno(error, "cannot write the trigger at ", site->name,
				   "; does a security module forbid it?", NULL);
	site->patched = true;
}

static bool all_aligned(const struct functions *functions)
{
	for (unsigned i = 0; i < functions->count; i++) {
		if (functions->list[i].address % PATCH_ALIGN)
			return false;
	}
	return true;
}

static bool all_long_enough(const struct functions *functions)
{
	for (unsigned i = 0; i < functions->count; i++) {
		if (functions->list[i].size && functions->list[i].size < PATCH_SIZE)
			return false;
	}
	return true;
}

static const char *why_not(enum elf_result result, const struct functions *functions)
{
	if (result != ELF_FOUND)
		return elf_why(result);
	if (!all_aligned(functions))
		return "no instruction can begin at that address";
	if (!all_long_enough(functions))
		return "the function is shorter than the jump that would replace its first bytes";
	return NULL;
}

static struct site *new_site(uintptr_t address, const char *name)
{
	struct site *site = &sites[site_count];

	if (site_count == SITES_MAX)
		report_fatal("too many `call` triggers", NULL);
	site->address = address;
	site->name = name;
	site->trampoline = make_trampoline(address, name);
	site_count++;
	return site;
}

static struct site *site_at(uintptr_t address, const char *name)
{
	for (unsigned i = 0; i < site_count; i++) {
		if (sites[i].address == address)
			return &sites[i];
		if (sites[i].address - address < PATCH_SIZE ||
		    address - sites[i].address < PATCH_SIZE)
			report_fatal("triggers `call ", name, "` and `call ", sites[i].name,
				     "` overlap", NULL);
	}
	return new_site(address, name);
}

void entry_prepare(const struct wanted *wanted, unsigned phase, unsigned number, bool at_once)
{
	struct functions found = { 0 };
	const char *why = why_not(elf_find_function(wanted, &found), &found);

	page_size = getauxval(AT_PAGESZ);
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
	long error = write_code(site->address, site->original);

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

static unsigned site_of(uintptr_t function)
{
	unsigned i = 0;

	while (sites[i].address != function)
		i++;
	return i;
}

/* Called by entry_stub on the program's thread, for a function that is a site. Returns where it
 * goes on: the function itself, whose bytes are back by then. */
uintptr_t entry_reached(uintptr_t function)
{
	unsigned index = site_of(function);
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
	return function;
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
