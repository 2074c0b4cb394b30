/* errnames.h - see errnames.c. */
#ifndef ERRNAMES_H
#define ERRNAMES_H

/* any: "EPERM" for 1, and so on; NULL when the table has no name for it. */
const char *errno_name(unsigned error);

#endif
