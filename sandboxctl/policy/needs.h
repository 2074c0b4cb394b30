/* needs.h - the calls that the library itself makes, as lines of a policy.
 *
 * What it is: the one place that says what is implied, as narrow as what the library passes
 * (preload/).
 * What it must not do: add anything to a phase (imply.c does).
 */
#ifndef NEEDS_H
#define NEEDS_H

#include "policy.h"

typedef void (*need_function)(void *data, const struct own_need *need);

/* Every need of the phase; the same one may come several times. The triggers and steps of all
 * phases, and whether they trap, are known by then. */
void each_need(struct arena *arena, const struct policy *policy, const struct phase *phase,
	       need_function each, void *data);

/* What the lock of the phase calls and SANDBOX_MODE=learn does not, though it holds all threads. */
void each_unrecorded_need(struct arena *arena, const struct phase *phase, need_function each,
			  void *data);

/* What the library calls in a program that was started under the phase's lock and locks itself in
 * the same phase again. */
void each_nested_need(struct arena *arena, const struct phase *phase, need_function each,
		      void *data);

/* Its rule, read (imply.c). False: the architecture has no such call. */
bool read_need(struct context *context, enum arch arch, const struct own_need *need,
	       struct implied *implied);

/* Refuses lines that deny what the lock of a later phase needs. */
void refuse_denied_needs(struct context *context, const struct policy *policy);

/* Warns of phases that allow more than their lines say, because of a later one. */
void lint_needs(struct context *context, const struct policy *policy);

#endif
