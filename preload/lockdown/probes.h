/* probes.h - calls that must be denied, made at the lock by children of the very process. */
#ifndef LOCKDOWN_PROBES_H
#define LOCKDOWN_PROBES_H

struct policyc_phase;

/* load: the file of SANDBOX_PROBES. Ends the process when it cannot be used. */
void probes_load(const char *path);

/* hook, all other threads held, every step but the filter done: tries what the file says of this
 * phase. Ends the process when something was not denied as it must be. */
void probes_run(const void *image, const struct policyc_phase *phase);

#endif
