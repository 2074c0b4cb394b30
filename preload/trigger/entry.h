/* entry.h - the trigger `call ...`: noticing the first call of any function. See entry.c. */
#ifndef ENTRY_H
#define ENTRY_H

#include <stdbool.h>
#include <stdint.h>

struct wanted;

/* load: trigger `number` of phase `phase` waits for a call of the wanted function: from now on when
 * `at_once`, else from entry_watch(). Ends the process with a reason when there is no such function
 * or it cannot be patched. */
void entry_prepare(const struct wanted *wanted, unsigned phase, unsigned number, bool at_once);

/* hook: trigger `number` of phase `phase` waits for its function from now on. */
void entry_watch(unsigned phase, unsigned number);

/* hook: does that trigger wait for a call of site `site`? */
bool entry_waits_for(unsigned site, unsigned phase, unsigned number);

/* hook, every other thread held: puts back the functions that none of the phases in `still_armed`
 * waits for. */
void entry_restore(uint32_t still_armed);

#endif
