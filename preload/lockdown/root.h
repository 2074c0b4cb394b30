/* root.h - another root directory. See root.c. */
#ifndef ROOT_H
#define ROOT_H

struct policyc_phase;

/* hook, in a mount namespace of the calling thread's own, with CAP_SYS_ADMIN: mounts that come from
 * outside may still arrive, none goes out. A negative errno: nothing was changed. */
long root_isolate(void);

/* hook, behind root_isolate: the step `root` on the calling thread; the old root is gone
 * afterwards. A negative errno: nothing was changed, and *why says what was refused. */
long root_change(const void *image, const struct policyc_phase *phase, const char **why);

#endif
