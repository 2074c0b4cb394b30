/* stack.h - phases that could not stack.
 *
 * A lock is never lifted, and what is forked under it has it too. So phases are written in the
 * order in which they narrow: each must be at least as strict as those above it, for every call
 * with any arguments, or what it says could never hold. Phases that are `apart` are not compared.
 *
 * What it is: the lines of a phase that an earlier phase makes untrue, and the errors about them.
 * What it must not do: know triggers; count what the library itself needs against the text.
 */
#ifndef STACK_H
#define STACK_H

#include "outcome.h"

enum { EARLIER, LATER };

/* One line of a later phase against one of an earlier phase. */
struct clash {
	const struct phase *phases[2];
	struct place places[2];
	struct action actions[2];
	bool by_default;   /* `default allow`: the later phase says nothing of these calls */
	bool other_way;	   /* these two phases could stack in the other order */
	const char *calls; /* "read, write, close" */
	size_t count;	   /* of all calls, also those not in `calls` */
};

struct clashes {
	struct clash *list;
	size_t count;
};

/* Says, as an error, when two phases are too intricate to compare. */
struct clashes find_clashes(struct context *context, const struct policy *policy);

/* "'allow' of read cannot hold in phase 'b': ..." */
const char *clash_text(struct arena *arena, const struct clash *clash);

/* An error for each clash but those by_default: lint.c warns of them. Notes for each phase which
 * earlier ones it covers, and which must be locked before it. */
void compare_phases(struct context *context, struct policy *policy);

#endif
