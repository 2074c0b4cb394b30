/* entry.h - the trigger `call NAME`: noticing the first call of any function. See entry.c. */
#ifndef ENTRY_H
#define ENTRY_H

#include <stdint.h>

/* load: makes the first call of `function` reach trigger_function(phases, function). Ends the
 * process with a reason when there is no such function or it cannot be patched. */
void entry_patch(const char *function, uint32_t phases);

/* hook, every other thread held: puts back the functions that none of the phases in `still_armed`
 * waits for. */
void entry_restore(uint32_t still_armed);

#endif
