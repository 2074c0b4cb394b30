/* texts.h - the texts of a policy put together: its own and all that it includes.
 *
 * What it is: includes followed, phases of one name merged, and of what can be said once only the
 * line that stands nearest to the policy kept.
 * What it must not do: look up calls, groups, triggers or the words of steps.
 */
#ifndef TEXTS_H
#define TEXTS_H

#include "policy.h"

enum { DEPTH_MAX = 8 }; /* of includes, and of groups in groups */

/* Fills the policy's name, sources, programs and phases with the lines of `source`. */
void add_texts(struct context *context, struct policy *policy, const struct source *source);

/* `text`, one trigger, takes the place of those of the last phase. */
void replace_triggers(struct context *context, struct policy *policy, const struct source *text);

/* A text that a word names, noted as one of the policy's; NULL after saying why there is none.
 * `name` is the word without its `@`. */
const struct source *load_source(struct context *context, struct policy *policy,
				 enum source_kind kind, const char *name, const struct word *word);

#endif
