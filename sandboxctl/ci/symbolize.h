/* symbolize.h - the function around an address: loadDataFromDisk for redis-server+0x11bb.
 *
 * What it is: a look into the symbol tables of a program, a library, or their debug files.
 * What it must not do: guess. What has no symbol around it has no name.
 */
#ifndef CI_SYMBOLIZE_H
#define CI_SYMBOLIZE_H

#include "policy/arena.h"

/* "redis-server+0x11bb" in the file of that name, as far as it can be told: the function around the
 * address, or NULL. `program` is the file of the process,
 * `started_as` the name by which reports call it. */
const char *function_at(struct arena *arena, const char *program, const char *started_as,
			const char *object);

#endif
