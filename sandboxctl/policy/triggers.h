/* triggers.h - when a phase begins: from its lines to what the library is told.
 *
 * What it is: names of hooks, functions and signals looked up, conditions as comparisons.
 * What it must not do: look into programs: whether a function exists is known where it runs.
 */
#ifndef TRIGGERS_H
#define TRIGGERS_H

#include "policy.h"

/* Fills phase->triggers from phase->trigger_lines. */
void resolve_triggers(struct context *context, enum arch arch, struct phase *phase);

#endif
