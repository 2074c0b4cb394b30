/* imply.h - decisions about what the library itself does in a locked phase.
 *
 * What it is: an `allow` for each call of its own that the default would deny (needs.c knows them),
 * and the guard of its handler of reports.
 * What it must not do: know why the library makes a call.
 */
#ifndef IMPLY_H
#define IMPLY_H

#include "calls.h"

/* Once all phases have their lines, triggers and steps, and phase->traps is known. */
void add_needs(struct context *context, struct policy *policy, struct phase *phase,
	       struct call_index *index);

#endif
