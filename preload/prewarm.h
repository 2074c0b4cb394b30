/* prewarm.h - what libc does when it is first needed, done before it is.
 *
 * What it is: the statement `prewarm` of a policy, carried out.
 * What it must not do: be called after the constructor, or do what the policy does not ask for.
 */
#ifndef PREWARM_H
#define PREWARM_H

#include <stdint.h>

/* load: `what` is of enum policyc_prewarm. Ends the process when it cannot be done. */
void prewarm(uint32_t what);

#endif
