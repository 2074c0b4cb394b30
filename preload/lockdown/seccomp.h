/* seccomp.h - the filter: asked for at load, put on every thread at the lock. See seccomp.c. */
#ifndef SECCOMP_H
#define SECCOMP_H

#include <stdbool.h>

struct policyc_phase;

/* load: ends the process when this kernel, or a sandbox around us, cannot do what a lock needs. A
 * dry run locks nothing: it is told, and goes on. */
void seccomp_require(bool dry_run);

/* load: for SANDBOX_MODE=observe, rewrites a phase's program in `image` (writable) so that the
 * kernel logs whatever it would deny. */
void seccomp_observe(void *image, const struct policyc_phase *phase);

/* hook: the same for the calling thread, with these flags of seccomp(2). What it answers. */
long seccomp_put(const void *image, const struct policyc_phase *phase, unsigned flags);

/* hook: no-new-privileges and the filter, on all threads at once. Ends the process on failure. */
void seccomp_lock(const void *image, const struct policyc_phase *phase);

#endif
