/* wiped.h - memory that the child of a fork finds empty. See wiped.c. */
#ifndef WIPED_H
#define WIPED_H

/* load: a page of zeros, shared with vfork children and zeroed for fork children. Ends the process
 * when there can be none. */
void *wiped_page(void);

#endif
