/* enforced.h - a run in which the programs that the policy names are locked.
 *
 * What it is: the story of every process (watched/), and what the library said in each.
 */
#ifndef CI_ENFORCED_H
#define CI_ENFORCED_H

#include "ci/images.h"
#include "sandboxctl.h"

/* False after saying why there is nothing to judge. */
bool enforce(struct session *session, const struct ci_options *options, struct findings *findings);

#endif
