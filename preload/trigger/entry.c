/* entry.c - patching the first bytes of a function with one jump.
 *
 * What it does: a function's first bytes become a jump to a trampoline near it, which passes the
 * function's address to entry_stub (patch.h: what these are made of). A call that meets what waits
 * for it fires; at the lock, with every other thread held, the bytes are put back, and every thread
 * goes on into the whole function. A call that does not (`count`, `on main thread`, a vfork child)
 * goes on through a copy of the instructions that the patch covers. No signal, no ptrace, no debug
 * registers, and nothing left behind but a page of code that was made private.
 * What it must not do: write code while another thread can run it, write over an instruction that a
 * held thread is in the middle of, unmap a copy (a thread may be in it) while its function is
 * there, or know an architecture. What it cannot see: a thread that a signal broke off within those
 * few bytes, while the program's handler for it still runs. It matters for triggers that wait for
 * another (`after`) only.
 *
 * Contract: as entry.h says; entry_reached: hook.
 */
#include "trigger/entry.h"

#include <sys/auxv.h>
#include <sys/mman.h>

#include "clock.h"
#include "lockdown/barrier.h"
#include "policyc.h"
#include "raw.h"
#include "report/report.h"
#include "trigger/cxxname.h"
#include "trigger/elf.h"
#include "trigger/loader.h"
#include "trigger/patch.h"
#include "trigger/stack.h"
#include "trigger/trigger.h"

#define SITES_MAX   64
#define LEAVE_MS    10000
#define SEARCH_STEP 0x10000ul			/* a multiple of every page size */
#define REACH	    (PATCH_REACH - (1ul << 20)) /* less a margin for the page itself */

struct site {
	uintptr_t address;	    /* 0: free, for another function */
	const struct link_map *map; /* the object that it is in, which may be unloaded */
	uintptr_t base;		    /* of the object */
	unsigned char *page;	    /* of trampoline and copy; stays when the site is free */
	uintptr_t trampoline;
	uintptr_t copy;	 /* runs the function though it is patched; 0: cannot be made, because */
	const char *why; /* of this */
	bool rewinds;	 /* its code branches back to its first instruction */
	int protection;	 /* of its code */
	unsigned char original[PATCH_SIZE];
	bool patched;
	const char *name; /* for people: the function, or the object */
	uint32_t
		wanted[POLICYC_PHASES_MAX]; /* by phase: bits of the triggers that name this site */
	uint32_t watched[POLICYC_PHASES_MAX]; /* of these, the ones that wait for it now */
};

static struct site sites[SITES_MAX];
static unsigned site_count;	 /* used or free */
static struct site *loader_site; /* the loader's function, while objects are waited for */
static uintptr_t page_size;

uintptr_t entry_reached(uintptr_t function);

/* --- at load ---------------------------------------------------------------------------------- */

static uintptr_t page_of(uintptr_t address)
{
	return address & ~(page_size - 1);
}

static bool is_near(uintptr_t address, const unsigned char *page)
{
	uintptr_t distance =
		address > (uintptr_t)page ? address - (uintptr_t)page : (uintptr_t)page - address;

	return distance < REACH;
}

/* A page within a jump's reach of the function. */
static unsigned char *map_near(const struct site *site)
{
	uintptr_t page = site->address & ~(SEARCH_STEP - 1);

	for (uintptr_t distance = SEARCH_STEP; distance < REACH; distance += SEARCH_STEP) {
		for (int up = 0; up < 2; up++) {
			uintptr_t at = up ? page + distance : page - distance;
			long got;

			if (!up && distance >= page)
				continue;
			got = raw(mmap, at, page_size, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
			if ((uintptr_t)got == at)
				return (unsigned char *)at;
		}
	}
	report_fatal("no free page within a jump's reach of function ", site->name, NULL);
}

/* The size is a file's claim. */
static struct patch_code code_of(const struct function *function)
{
	struct patch_code code = {
		.bytes = (const unsigned char *)function->address,
		.size = function->size < function->room ? function->size : function->room,
		.room = function->next,
	};

	if (code.room < code.size)
		code.room = code.size; /* the other symbol is inside it */
	return code;
}

/* The copy, unless there can be none. Code that is inside the function while the patch is there
 * must not come upon its bytes, either. */
static void make_copy(struct site *site, unsigned char *place, const struct patch_code *code)
{
	site->why = patch_displace(place, code);
	if (!site->why)
		site->why = patch_scan(code, 1);
	if (site->why)
		return;
	site->rewinds = patch_scan(code, 0);
	patch_flush((uintptr_t)place, PATCH_COPY_MAX);
	site->copy = (uintptr_t)place;
}

/* A page that can be written. The one of a function that was unloaded has nobody in it any more. */
static unsigned char *take_page(struct site *site)
{
	long error;

	if (site->page && !is_near(site->address, site->page)) {
		raw(munmap, site->page, page_size);
		site->page = NULL;
	}
	if (!site->page) {
		site->page = map_near(site);
		return site->page;
	}
	error = raw(mprotect, site->page, page_size, PROT_READ | PROT_WRITE);
	if (error)
		report_fatal_errno(error, "cannot make code for the trigger at ", site->name, NULL);
	return site->page;
}

/* Trampoline and copy, in a page of their own. */
static void make_code(struct site *site, const struct function *function)
{
	const struct patch_code code = code_of(function);
	unsigned char *place = take_page(site);
	long error;

	site->copy = 0;
	site->rewinds = false;
	patch_trampoline(place, site->address);
	patch_flush((uintptr_t)place, PATCH_TRAMPOLINE_MAX);
	site->trampoline = (uintptr_t)place;
	make_copy(site, place + PATCH_TRAMPOLINE_MAX, &code);
	error = raw(mprotect, place, page_size, PROT_READ | PROT_EXEC);
	if (error)
		report_fatal_errno(error, "cannot make code for the trigger at ", site->name, NULL);
}

static long protect_site(uintptr_t address, int protection)
{
	uintptr_t first = page_of(address);
	uintptr_t end = page_of(address + PATCH_SIZE + page_size - 1);

	return raw(mprotect, first, end - first, protection);
}

/* load, or every other thread held. */
static long write_code(const struct site *site, const unsigned char bytes[PATCH_SIZE])
{
	long error = protect_site(site->address, PROT_READ | PROT_WRITE);

	if (error)
		return error;
	bytes_copy((unsigned char *)site->address, bytes, PATCH_SIZE);
	patch_flush(site->address, PATCH_SIZE);
	return protect_site(site->address, site->protection);
}

static void write_jump(struct site *site)
{
	unsigned char jump[PATCH_SIZE];
	long error;

	patch_jump(jump, site->address, site->trampoline);
	bytes_copy(site->original, (const unsigned char *)site->address, PATCH_SIZE);
	error = write_code(site, jump);
	if (error)
		report_fatal_errno(error, "cannot write the trigger at ", site->name,
				   "; does a security module forbid it?", NULL);
	site->patched = true;
}

/* What stands under the patch must be the function's, or nobody's. */
static const char *why_not_patched(const struct function *function)
{
	const struct patch_code code = code_of(function);

	if (function->address % PATCH_ALIGN)
		return "no instruction can begin at that address";
	if (function->next < PATCH_SIZE)
		return "the function is shorter than the jump that would replace its first bytes, "
		       "and followed by another's entry";
	if (function->size && function->size < PATCH_SIZE &&
	    !patch_is_padding(&code, function->size))
		return "the function is shorter than the jump that would replace its first bytes, "
		       "and what follows it is not padding";
	return NULL;
}

static _Noreturn void refuse(const struct wanted *wanted, const char *why)
{
	report_fatal("trigger `call ", wanted->text, "`: ", why, NULL);
}

/* A site that was given up, best one whose page is near, or a new one. */
static struct site *free_site(uintptr_t address, const struct wanted *wanted)
{
	struct site *found = NULL;

	for (unsigned i = 0; i < site_count; i++) {
		if (sites[i].address)
			continue;
		found = &sites[i];
		if (found->page && is_near(address, found->page))
			return found;
	}
	if (site_count < SITES_MAX)
		return &sites[site_count++];
	if (!found)
		refuse(wanted, "too many functions are triggers");
	return found;
}

static struct site *new_site(const struct function *function, const struct link_map *map,
			     const struct wanted *wanted)
{
	const char *why = why_not_patched(function);
	struct site *site;

	if (why)
		refuse(wanted, why);
	site = free_site(function->address, wanted);
	site->address = function->address;
	site->map = map;
	site->base = map->l_addr;
	site->name = *wanted->name ? wanted->name : wanted->object;
	site->protection = patch_protection(site->address);
	make_code(site, function);
	return site;
}

static struct site *site_at(const struct function *function, const struct link_map *map,
			    const struct wanted *wanted)
{
	for (unsigned i = 0; i < site_count; i++) {
		uintptr_t address = sites[i].address;

		if (address == function->address)
			return &sites[i];
		if (address - function->address < PATCH_SIZE ||
		    function->address - address < PATCH_SIZE)
			report_fatal("triggers `call ", wanted->text, "` and `call ", sites[i].name,
				     "` overlap", NULL);
	}
	return new_site(function, map, wanted);
}

/* The function from where on it can be patched. */
static struct function behind_pad(const struct function *function)
{
	const struct patch_code code = code_of(function);
	size_t kept = patch_kept(&code);
	struct function rest = *function;

	rest.address += kept;
	rest.size -= rest.size ? kept : 0;
	rest.next -= kept;
	rest.room -= kept;
	return rest;
}

/* Some uses need the function to run while it is patched. */
static void check_use(const struct site *site, const struct wanted *wanted, unsigned use)
{
	const char *why = use ? site->why : NULL;

	if (use & ENTRY_COUNTED && !why && site->rewinds)
		why = "it branches back to its first instruction, so that one call would count as "
		      "several";
	if (why)
		report_fatal(
			"trigger `call ", wanted->text,
			"`: 'count', 'on main thread' and 'after' need a function that can run "
			"while it is watched, and this one cannot: ",
			why, NULL);
}

void entry_add(const struct wanted *wanted, const struct functions *found, unsigned phase,
	       unsigned number, unsigned use)
{
	for (unsigned i = 0; i < found->count; i++) {
		const struct function function = behind_pad(&found->list[i]);
		struct site *site = site_at(&function, found->map, wanted);

		check_use(site, wanted, use);
		site->wanted[phase] |= 1u << number;
		if (!trigger_is_due(phase, number))
			continue;
		site->watched[phase] |= 1u << number;
		if (!site->patched)
			write_jump(site);
	}
}

const char *entry_watch_loader(const struct functions *found)
{
	const struct wanted wanted = { .name = "_dl_debug_state", .text = "the loader's own" };
	const struct function function = behind_pad(&found->list[0]);
	const char *why = why_not_patched(&function);

	if (why || loader_site)
		return why;
	loader_site = site_at(&function, found->map, &wanted);
	if (!loader_site->copy)
		return loader_site->why;
	if (!loader_site->patched)
		write_jump(loader_site);
	return NULL;
}

static bool is_symbol(const struct wanted *wanted)
{
	return wanted->symbols || !cxx_is_no_symbol(wanted->name);
}

bool entry_prepare(struct wanted *wanted, unsigned phase, unsigned number, unsigned use)
{
	struct functions found = { 0 };
	enum elf_result result = elf_find_function(wanted, &found);
	const char *why = NULL;

	page_size = getauxval(AT_PAGESZ);
	stack_prepare();
	if (result == ELF_FOUND)
		entry_add(wanted, &found, phase, number, use);
	else if (result != ELF_NO_OBJECT)
		refuse(wanted, elf_why(result));
	else if (!is_symbol(wanted))
		refuse(wanted, "its object is not loaded yet, and C++ names are looked up at the "
			       "start only; give the mangled name (nm)");
	if (!*wanted->object || found.map == loader_program())
		return true;
	/* What starts with the program is never unloaded, so for that it may fail. */
	if (!loader_want(wanted, phase, number, use, &why) && result != ELF_FOUND)
		refuse(wanted, why);
	return result == ELF_FOUND;
}

/* --- objects that come and go ----------------------------------------------------------------- */

bool entry_is_added(const struct link_map *map, unsigned phase, unsigned number)
{
	for (unsigned i = 0; i < site_count; i++) {
		if (sites[i].address && sites[i].map == map &&
		    (sites[i].wanted[phase] & (1u << number)))
			return true;
	}
	return false;
}

/* Its memory may be somebody else's by now: it is not touched. */
static void give_up(struct site *site)
{
	site->patched = false;
	bytes_clear(site->wanted, sizeof(site->wanted));
	bytes_clear(site->watched, sizeof(site->watched));
	__atomic_store_n(&site->address, 0, __ATOMIC_RELEASE);
}

void entry_drop(bool (*is_listed)(const struct link_map *map, uintptr_t base))
{
	for (unsigned i = 0; i < site_count; i++) {
		if (sites[i].address && !is_listed(sites[i].map, sites[i].base))
			give_up(&sites[i]);
	}
}

/* --- at the call ------------------------------------------------------------------------------ */

bool entry_waits_for(unsigned site, unsigned phase, unsigned number)
{
	return __atomic_load_n(&sites[site].watched[phase], __ATOMIC_ACQUIRE) & (1u << number);
}

void entry_forget(unsigned phase, unsigned number)
{
	for (unsigned i = 0; i < site_count; i++)
		__atomic_and_fetch(&sites[i].watched[phase], ~(1u << number), __ATOMIC_ACQ_REL);
}

static bool is_watched(const struct site *site, uint32_t phases)
{
	if (site == loader_site && loader_waits(phases))
		return true;
	for (unsigned i = 0; i < POLICYC_PHASES_MAX; i++) {
		if ((phases & (1u << i)) && __atomic_load_n(&site->watched[i], __ATOMIC_ACQUIRE))
			return true;
	}
	return false;
}

static bool is_patched(const struct site *site)
{
	return __atomic_load_n(&site->patched, __ATOMIC_ACQUIRE);
}

/* An object may be half unloaded: its memory gone, or another's, but still in the loader's list. */
static bool holds_jump(const struct site *site)
{
	const unsigned char *code = (const unsigned char *)site->address;
	unsigned char jump[PATCH_SIZE];
	bool same = readable((const void *)(site->address & ~3ul)) &&
		    readable((const void *)((site->address + PATCH_SIZE - 1) & ~3ul));

	patch_jump(jump, site->address, site->trampoline);
	for (unsigned i = 0; same && i < PATCH_SIZE; i++)
		same = code[i] == jump[i];
	return same;
}

static void put_back(struct site *site)
{
	long error = holds_jump(site) ? write_code(site, site->original) : 0;

	if (error)
		report_fatal_errno(error, "cannot put back the code of ", site->name, NULL);
	__atomic_store_n(&site->patched, false, __ATOMIC_RELEASE);
}

/* trigger_alone: puts the function back when nobody waits for it any more. */
static void release_site(void *site_)
{
	struct site *site = site_;

	if (!site->patched || is_watched(site, trigger_armed()))
		return;
	barrier_hold_for_code();
	put_back(site);
	barrier_release();
}

static struct site *site_of(uintptr_t function)
{
	for (unsigned i = 0; i < SITES_MAX; i++) {
		if (sites[i].address == function)
			return &sites[i];
	}
	report_fatal("a function that is a trigger was called when its object was unloaded", NULL);
}

/* Its parent stays armed: it must not fire, nor take the patch away, for the code is its parent's
 * too. */
static uintptr_t go_on_in_vfork_child(const struct site *site)
{
	if (!site->copy)
		report_fatal("a vfork child called ", site->name,
			     ", which is a trigger and cannot run while it is watched: ", site->why,
			     "; name a function that only the program calls", NULL);
	return site->copy;
}

/* On a stack of ours. */
static void visit_site(void *site_)
{
	struct site *site = site_;

	if (site == loader_site)
		trigger_alone(loader_changed, NULL);
	trigger_site((unsigned)(site - sites));
	if (is_patched(site) && !is_watched(site, trigger_armed()))
		trigger_alone(release_site, site);
}

/* Called by entry_stub on the program's thread, perhaps with little stack, for a function that is a
 * site. Returns where it goes on: the function, if its bytes are back, else the copy of those. */
uintptr_t entry_reached(uintptr_t function)
{
	struct site *site = site_of(function);

	if (trigger_in_vfork_child())
		return go_on_in_vfork_child(site);
	stack_run(visit_site, site);
	return is_patched(site) ? site->copy : function;
}

/* A thread that is past the first instruction under the patch, but not past the last, would go on
 * in the middle of the jump: it gets time to leave. */
static void hold_outside(const struct site *site)
{
	static const struct timespec pause = { .tv_nsec = 500000 };
	uint64_t until = clock_ms() + LEAVE_MS;

	barrier_hold_for_code();
	while (barrier_holds_in(site->address + 1, site->address + PATCH_SIZE - 1)) {
		barrier_release();
		if (clock_ms() > until)
			report_fatal("a thread stays within the first instructions of ", site->name,
				     ", which is a trigger", NULL);
		raw(nanosleep, &pause, NULL);
		barrier_hold_for_code();
	}
}

/* A trigger by its phase and its number there. */
struct place {
	unsigned phase, number;
};

/* trigger_alone: what the phase waits for may have come in the meantime. */
static void watch_sites(void *place_)
{
	const struct place *place = place_;
	uint32_t bit = 1u << place->number;

	for (unsigned i = 0; i < site_count; i++) {
		struct site *site = &sites[i];

		if (!site->address || !(site->wanted[place->phase] & bit))
			continue;
		__atomic_or_fetch(&site->watched[place->phase], bit, __ATOMIC_ACQ_REL);
		if (site->patched || !is_watched(site, trigger_armed()))
			continue;
		hold_outside(site);
		write_jump(site);
		barrier_release();
	}
}

void entry_watch(unsigned phase, unsigned number)
{
	struct place place = { phase, number };

	trigger_alone(watch_sites, &place);
}

void entry_restore(uint32_t still_armed)
{
	for (unsigned i = 0; i < site_count; i++) {
		if (sites[i].patched && !is_watched(&sites[i], still_armed))
			put_back(&sites[i]);
	}
}
