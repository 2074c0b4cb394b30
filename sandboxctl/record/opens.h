/* opens.h - from the flags of files that were opened to the flags that a line allows.
 *
 * What it is: kinds of opening files, by what they can do to them: read, write, empty, make. Each
 * holds what was seen and what can do no more than that.
 * What it must not do: let a kind hold more than was seen: no writing, making, emptying, and no
 * other place to write to than the end, unless it was.
 */
#ifndef OPENS_H
#define OPENS_H

#include "policy/arena.h"

#include <stdbool.h>
#include <stdint.h>

/* Flags are of this kind when these bits of them are that. */
struct open_kind {
	uint64_t bits, are;
};

/* The kind of these flags. `exact`: with all that matters as it is in them. */
struct open_kind open_kind(uint64_t flags, bool exact);

/* What is of this kind is of the other. */
bool open_kind_is_in(struct open_kind kind, struct open_kind other);

/* "flags & (O_ACCMODE|O_CREAT|O_TRUNC) == O_RDONLY" of the argument of that name. */
const char *open_kind_text(struct arena *arena, struct open_kind kind, const char *argument);

#endif
