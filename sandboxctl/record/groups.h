/* groups.h - calls as groups of the language, where all or nearly all of a group was seen.
 *
 * What it is: a choice among the groups that are made for the time after the start.
 * What it must not do: bring a dangerous call in along with others.
 */
#ifndef GROUPS_H
#define GROUPS_H

#include "policy/policy.h"

/* What is known of each number. */
enum need { NEED_NONE, NEED_SOME, NEED_ALL }; /* seen; allowed whatever its arguments */

struct chosen {
	const char *name; /* "@event-loop" */
	const char *why;  /* NULL: because of what was seen */
	bool is_rest;	  /* calls that were seen are named by themselves as well */
	struct numbers calls;
};

struct choice {
	struct chosen *list;
	size_t count;
	bool covers[TABLE_NUMBERS]; /* by number: one of them allows it */
};

/* What studies of filters count: calls that nobody wants to give away along with others. */
enum { SENSITIVE = 18 };
extern const char *const sensitive_calls[SENSITIVE];

/* Sets the calls of the group @dangerous. */
void find_dangerous(struct context *context, bool dangerous[TABLE_NUMBERS]);
/* The calls that are dangerous or sensitive. */
void find_notable(struct context *context, bool notable[TABLE_NUMBERS]);

/* Is the word of a policy, of so many bytes, @base or @abort? */
bool is_always_given(const char *word, size_t length);

/* @base and @abort are always in it. `exact`: and nothing else. */
struct choice choose_groups(struct context *context, const enum need needs[TABLE_NUMBERS],
			    bool exact);

#endif
