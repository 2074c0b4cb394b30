/* candidates.h - triggers that a program could have, all at once.
 *
 * What it is: the table of them, and which of them a hooked call meets, as the library would see
 * it. What it must not do: judge them (choose.h).
 */
#ifndef CANDIDATES_H
#define CANDIDATES_H

#include "recorder.h"

/* Room is left in struct scene for functions that are asked for. */
enum { CANDIDATES_MAX = 27, FUNCTIONS_MAX = FIRED_MAX - CANDIDATES_MAX };

/* For recorder->on_hook. */
void candidates_hooked(struct recorder *recorder, struct process *process,
		       const struct hooked *call);

/* Of two that fire alike the lower one is taken; functions come last. */
unsigned candidate_rank(const char *text);

#endif
