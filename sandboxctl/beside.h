/* beside.h - the compiled form of a policy, beside its text.
 *
 * What it is: where NAME.policyc is, and bringing it up to date before a program is started.
 * What it must not do: read compiled policies (the library does).
 */
#ifndef BESIDE_H
#define BESIDE_H

#include "sandboxctl.h"

/* NAME.policyc beside NAME.policy. */
const char *beside_path(struct session *session, const struct source *source);

/* The absolute directory that a file will be in; "" when it is not there. */
const char *beside_directory(struct session *session, const char *path);

/* A program that is started under a lock reads the policy again, and may not compile it there: it
 * would be ended. So where the policy lets programs be started, its compiled form is written when
 * it is not there or of another text; says so when that cannot be. False: the policy has errors,
 * which are said. */
bool beside_refresh(struct session *session, const struct source *source);

#endif
