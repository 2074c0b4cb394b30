/* capabilities.h - what is left of root's rights. See capabilities.c. */
#ifndef CAPABILITIES_H
#define CAPABILITIES_H

#include <stdint.h>

struct policyc_phase;

/* hook, between barrier_hold and barrier_release: the step `capabilities`, on every thread. */
void capabilities_drop(const void *image, const struct policyc_phase *phase);

#endif
