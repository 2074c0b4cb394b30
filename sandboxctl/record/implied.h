/* implied.h - calls that nobody saw, and that go with those that were seen.
 *
 * What it is: one right of which sizes or chance choose the call: memory, and how a program that
 * crashes ends itself.
 * What it must not do: bring in a right that was not used. Nothing here makes memory executable,
 * threads, processes, or sends another kind of signal.
 */
#ifndef IMPLIED_H
#define IMPLIED_H

#include "model.h"

/* Adds what goes with the `count` calls of `list` behind them: sightings with a count of 0.
 * `makes_threads`: the program has several. */
struct sighting **add_implied(struct arena *arena, struct sighting **list, size_t *count,
			      bool makes_threads);

/* Why one of these is there, for the line it is in. */
const char *implied_why(const struct sighting *sighting);

/* Some process of the program made a thread, before or after its lock. */
bool makes_threads(const struct model *model, const char *program);

#endif
