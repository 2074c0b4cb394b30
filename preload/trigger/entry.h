/* entry.h - the trigger `call ...`: noticing the first call of any function. See entry.c. */
#ifndef ENTRY_H
#define ENTRY_H

#include <stdbool.h>
#include <stdint.h>

struct functions;
struct link_map;
struct wanted;

/* What a trigger asks of the function, beside being called once from load on. */
enum entry_use {
	ENTRY_LATER = 1u << 0,	 /* is watched from entry_watch() on */
	ENTRY_UNMET = 1u << 1,	 /* some calls do not meet it */
	ENTRY_COUNTED = 1u << 2, /* its calls are counted */
};

/* load: trigger `number` of phase `phase` waits for a call of the wanted function; `use`: enum
 * entry_use. False: its object is not loaded yet. Ends the process with a reason when there is no
 * such function, it cannot be patched, or it cannot be used so. */
bool entry_prepare(struct wanted *wanted, unsigned phase, unsigned number, unsigned use);

/* load, or trigger_alone while nobody can run them: the same with functions that were found. */
void entry_add(const struct wanted *wanted, const struct functions *found, unsigned phase,
	       unsigned number, unsigned use);

/* trigger_alone: has the object got functions that the trigger waits for? */
bool entry_is_added(const struct link_map *map, unsigned phase, unsigned number);

/* trigger_alone: forgets the functions of objects that are not loaded any more. */
void entry_drop(bool (*is_listed)(const struct link_map *map, uintptr_t base));

/* load: loader_changed() is called from now on after each call of this function, the loader's, as
 * long as loader_waits(). Returns NULL, or why it cannot be. */
const char *entry_watch_loader(const struct functions *found);

/* hook: trigger `number` of phase `phase` waits for its function from now on. */
void entry_watch(unsigned phase, unsigned number);

/* hook: trigger `number` of phase `phase` was met, and waits no more. The function stays patched
 * until its call is over, or the next lock. */
void entry_forget(unsigned phase, unsigned number);

/* hook: does that trigger wait for a call of site `site`? */
bool entry_waits_for(unsigned site, unsigned phase, unsigned number);

/* hook, every other thread held: puts back the functions that none of the phases in `still_armed`
 * waits for. */
void entry_restore(uint32_t still_armed);

#endif
