/* judge.h - a denied call in words: the line that denies it, and the one that would allow it.
 *
 * What it is: words for what evaluate.c decides.
 * What it must not do: decide by itself, or guess what it cannot read.
 */
#ifndef CI_JUDGE_H
#define CI_JUDGE_H

#include "ci/findings.h"
#include "policy/outcome.h"
#include "record/sightings.h"

/* Fills kind, title, call, action, detail, place and suggestion; finding->program is there. */
void judge_call(struct arena *arena, const struct phase *phase, const struct sighting *sighting,
		struct verdict verdict, struct finding *finding);

#endif
