/* harmless.h - a call with arguments that do no harm where it is allowed.
 *
 * What it is: for the probes of `sandboxctl test --probes`: what a line of a .test file leaves open
 * is filled so that the kernel refuses the call by itself (an address that is not mapped, a
 * descriptor and a process that are not there), or does something to the calling process only.
 * What it must not do: guess. A call that is not in the table is not probed.
 */
#ifndef HARMLESS_H
#define HARMLESS_H

#include "query.h"

/* False: none are known, or what the line gives is not harmless. */
bool harmless_call(const struct query *query, uint64_t arguments[ARGUMENTS]);

/* Whether the call may make a child where it is allowed, which has to end at once. */
bool harmless_forks(const struct query *query);

#endif
