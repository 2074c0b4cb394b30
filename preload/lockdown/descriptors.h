/* descriptors.h - what is open when the lock happens. See descriptors.c. */
#ifndef DESCRIPTORS_H
#define DESCRIPTORS_H

struct policyc_phase;

/* hook, every other thread held, before anything of the lock is open: an event for each descriptor,
 * and the end of the process when one is open that the policy does not expect. */
void descriptors_inspect(const void *image, const struct policyc_phase *phase);

/* hook, for a dry run: the same events, and instead of the end one for each that is not expected.
 */
void descriptors_rehearse(const void *image, const struct policyc_phase *phase);

/* hook, when nothing more will be opened: closes what the policy says, but for the report's own. */
void descriptors_close(const void *image, const struct policyc_phase *phase);

#endif
