/* notices.h - the calls that tell which programs run: their filter, and what a notice means.
 *
 * What it is: execve and execveat in every ABI of the machine, the call by which a loader says that
 * all libraries are mapped, and the library's mark.
 * What it must not do: decide anything.
 */
#ifndef NOTICES_H
#define NOTICES_H

#include "record/listener.h"

/* For listener.filter. */
extern const struct sock_fprog notices_filter;

enum notice {
	NOTICE_OTHER,
	NOTICE_EXECUTES, /* execve or execveat is about to be tried */
	/* set_tid_address: glibc's loader makes it once in each program, when all libraries are
	 * mapped and before any code of them or of the program runs (glibc 2.35 or later). */
	NOTICE_MAPPED,
	NOTICE_MARK,   /* the library is in the program */
	NOTICE_FORKED, /* the library in a fork child has said so */
	NOTICE_REOPEN, /* it needs another descriptor for its events */
	NOTICE_LOST,   /* it could not write one */
};

enum notice notice_kind(const struct seccomp_data *call);

/* The path that execve was given, as a file that we can open: relative ones by the caller's
 * directory, all below its root. `named` is how the caller says it. False: it cannot be read. */
struct notice_path {
	char named[4096];
	char root[64];	      /* "", or "/proc/PID/root" where that is another one */
	char file[4096 + 64]; /* PATH_MAX and what is put before it */
};
bool notice_path(const struct seccomp_notif *notice, struct notice_path *path);

#endif
