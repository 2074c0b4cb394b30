/* observed.h - a run in which nothing is denied, and every call is put to the policy.
 *
 * What it is: the recorder of `sandboxctl learn` over the whole tree of processes, and its
 * recording held against the policy and against an older recording.
 */
#ifndef CI_OBSERVED_H
#define CI_OBSERVED_H

#include "ci/images.h"
#include "sandboxctl.h"

/* False after saying why there is nothing to judge. */
bool observe(struct session *session, const struct ci_options *options, struct findings *findings);

#endif
