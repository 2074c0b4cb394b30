/* expand.h - from a word of a rule to the system calls that it stands for.
 *
 * What it is: names, @groups and the groups in them, `nr:NUMBER`, `A else B`, `optional`.
 * What it must not do: know what is decided about the calls.
 */
#ifndef EXPAND_H
#define EXPAND_H

#include "policy.h"

/* Keeps the groups that were read, for one policy. */
struct expander {
	struct context *context;
	struct policy *policy; /* its architecture, and where to note what was read */
	struct group **groups;
	size_t count;
	unsigned depth; /* of groups in groups */
};

/* `name` is NULL for a number without one; `word` is the one that named it, in a rule or group. */
typedef void (*call_function)(void *data, uint32_t number, const struct syscall_name *name,
			      const struct word *word);

/* Hands over each call of the word, or says what is wrong. `lenient`: a call that the architecture
 * lacks is nothing to complain of. */
void expand_word(struct expander *expander, const struct word *word, bool lenient, void *data,
		 call_function each);

#endif
