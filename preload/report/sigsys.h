/* sigsys.h - what happens at a trapped call. See sigsys.c. */
#ifndef SIGSYS_H
#define SIGSYS_H

/* hook, before the filter is loaded: takes SIGSYS over; reports name `phase`. */
void sigsys_take(const char *phase);

#endif
