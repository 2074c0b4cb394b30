/* images.h - the programs that ran, and what each that the policy names must have: the library in
 * it, and its lock.
 *
 * What it is: from what is known of one program in one process to findings and counts. The same for
 * a run that enforces and one that observes.
 * What it must not do: know how it became known.
 */
#ifndef CI_IMAGES_H
#define CI_IMAGES_H

#include "ci/findings.h"

struct ci_image {
	const char *name;	/* by which it was started, without its directory; plain */
	const char *path;	/* its file, or NULL */
	const char *started_as; /* the path that was executed; it may be a link or a script */
	const char *command, *test;
	pid_t pid;
	bool is_reached, is_locked;
	const char *why_not;  /* not reached: "is linked statically: ..." */
	const char *unlocked; /* not locked: what it waited for; NULL: nothing known, or it was */
	bool is_young; /* not locked, but it may have been told to end while it was starting */
	const char *refused; /* why the library ended it */
	const char *ended;   /* "signal SIGSEGV", NULL: not known */
};

struct ci_options {
	const char *policy, *baseline, *recording;
	const struct words *programs; /* --program; empty: every one; NULL: those of the policy */
	const char **may_end;	      /* --allow-unlocked: patterns of command lines */
	size_t may_end_count;
	unsigned linger_ms;
	bool quiet;
	char **argv;
};

/* Counts it, and says what is wrong with it. */
void note_image(struct findings *findings, const struct ci_options *options,
		const struct ci_image *image);

/* Why a fork should have been locked: its parent was while it was there, or a child of the same. */
const char *fork_text(bool by_parent);

/* A fork of such a program that lacks what others of it have, or that the library ended: says so.
 */
void note_fork(struct findings *findings, const struct ci_options *options,
	       const struct ci_image *image);

/* After the last one: was anything locked at all, and how did the command end? `status` as
 * waitpid() has it. */
void note_end(struct findings *findings, int status, bool was_asked);

#endif
