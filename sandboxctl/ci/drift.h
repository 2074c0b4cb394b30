/* drift.h - two recordings: what the one has that the other lacks.
 *
 * What it is: calls behind the lock, by program, with the arguments that both recordings know.
 * What it must not do: compare counts, files or addresses: they differ from run to run.
 */
#ifndef CI_DRIFT_H
#define CI_DRIFT_H

#include "ci/findings.h"
#include "record/model.h"

/* `where` says of what is new, as far as it knows: the test and the process that it was first seen
 * in, and whose code it was. */
void find_drift(struct findings *findings, const struct model *baseline, const struct model *now,
		void (*where)(const void *data, const struct sighting *sighting,
			      struct finding *finding),
		const void *data);

#endif
