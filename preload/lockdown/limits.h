/* limits.h - resource limits, and no core dumps. See limits.c. */
#ifndef LIMITS_H
#define LIMITS_H

struct policyc_phase;

/* hook: sets every limit of the phase on the process. */
void limits_set(const void *image, const struct policyc_phase *phase);

/* hook, the last step but closing: no core dump, and nobody but root may look into the process. */
void dumps_forbid(const void *image, const struct policyc_phase *phase);

#endif
