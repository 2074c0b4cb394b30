/* compose.h - the policy for what was seen, as a person would have written it.
 *
 * What it is: text from a model: groups, conditions, a reason on each line.
 * What it must not do: allow what was not seen, but for what it says on the line: @base, the way to
 * end, the rest of a group of which nearly all was seen, and what implied.h adds.
 */
#ifndef COMPOSE_H
#define COMPOSE_H

#include "model.h"

struct compose {
	const char *recording; /* its name, for the head */
	const char *program;   /* whose policy it is: model_program() */
	const char *compiled;  /* where its compiled form will be */
	bool exact;	       /* no more of a group than was seen */
	bool landlock;	       /* lines for the files and ports, too */
};

/* The program that met its trigger: the one that was started, else the first. NULL: none did. */
const char *model_program(const struct model *model);

/* Whether the policy of `program` must allow it in the phase: the process is locked then. NULL: the
 * policy of any program. */
bool is_needed(const struct model *model, const char *program, uint32_t phase,
	       const struct sighting *sighting);

const char *compose_policy(struct context *context, const struct model *model,
			   const struct compose *options);

#endif
