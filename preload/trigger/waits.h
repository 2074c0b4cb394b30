/* waits.h - see waits.c. */
#ifndef WAITS_H
#define WAITS_H

/* load: finds libc's own functions behind the hooks. */
void waits_resolve(void);

#endif
