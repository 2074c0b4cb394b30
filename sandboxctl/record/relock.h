/* relock.h - what the library itself calls where a locked program starts its program again.
 *
 * What it is: a server that reloads by executing itself locks once more, under its first lock. The
 * recording has that it did, and not the library's calls: those are known (policy/needs.h).
 * Also where it did not meet its trigger again: the library asks at its start.
 * What it must not do: bring in anything where no process executed it so.
 */
#ifndef RELOCK_H
#define RELOCK_H

#include "model.h"

/* `list` with these calls of `phase` behind it, as sightings whose caller is the library; cut as a
 * recording has calls, or NULL: with all that is known of their arguments. The same list where no
 * process of `program` locked again. */
struct sighting **add_relock(struct context *context, const struct model *model,
			     const char *program, const struct phase *phase,
			     const struct shapes *shapes, struct sighting **list, size_t *count);

#endif
