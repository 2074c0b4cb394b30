/* namespaces.h - namespaces of the program's own. See namespaces.c. */
#ifndef NAMESPACES_H
#define NAMESPACES_H

struct policyc_phase;

/* load: sees to it that the rights which the image's phases need at their lock are there then. Ends
 * the process when that cannot be. */
void namespaces_prepare(const void *image);

/* hook, all threads held: the steps `root` and `detach`, on every thread. */
void namespaces_enter(const void *image, const struct policyc_phase *phase);

#endif
