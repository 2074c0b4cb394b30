/* mark.h - what the library tells `sandboxctl`: system calls that mean nothing to the kernel.
 *
 * What it is: the numbers that both sides share, and the call that makes a mark.
 * What it must not do: wait for an answer of any other kind than the call's own.
 *
 * The recorder sees every system call of the program in order, so a mark among them says what came
 * before and what after: prctl(MARK, kind, ...). The recorder answers it with MARK_SEEN; the kernel
 * itself, where nobody records, with EINVAL.
 *
 * Whoever only follows processes (`sandboxctl run`) is told once per program that is executed, by
 * getpid(MARK, MARK_WATCHED, path), which every policy allows: a program may be executed under a
 * lock. The kernel itself answers with a process id, the watcher with MARK_IMAGE, a number in the
 * low 32 bits, MARK_UNDER_LOCK where that is so, and above MARK_FILE the descriptor, plus one, that
 * it has put into the process for the events: under a lock none may be opened. The child of a fork
 * calls getpid(MARK, MARK_FORKED) when it has said so: it goes on when the watcher has read that
 * and holds on to it. Its parent may reap it in the next moment, and then nobody can tell how it
 * died.
 */
#ifndef MARK_H
#define MARK_H

#include <stdbool.h>
#include <stdint.h>

enum {
	MARK = 0x736e6478,
	MARK_SEEN = 0x1ea4,
};
#define MARK_IMAGE	(1l << 32) /* above every process id */
#define MARK_UNDER_LOCK (1l << 33) /* whoever executed the program was locked */
#define MARK_FILE	40	   /* bits below the descriptor */

enum mark {
	/* The constructor begins: what follows is the library's own doing. Its code: start, end. */
	MARK_LOADING = 1,
	/* The program's main() is next. */
	MARK_LOADED = 2,
	/* A trigger, with every thread held: the lock would be here. The texts of phase and
	 * trigger; how many threads. */
	MARK_FIRED = 3,
	/* A hooked call is about to be made: enum hook, its count, its timeout. */
	MARK_HOOK = 4,
	/* The library is in this program; the answer is the program's number, see above. */
	MARK_WATCHED = 5,
	/* What follows, until the program's end, the library does in every other mode, too; what it
	 * did since MARK_LOADING was for whoever records. */
	MARK_ARMING = 6,
	/* What this fork child said of itself is in the file; the answer means nothing. */
	MARK_FORKED = 7,
	/* The descriptor of the events is gone: the answer has another one above MARK_FILE. */
	MARK_REOPEN = 8,
	/* An event could not be written: the disk is full, or files may not be so large. */
	MARK_LOST = 9,
};

struct policyc_phase;

/* load: end the process when nobody records. */
void mark_loading(void);
void mark_arming(void);
void mark_loaded(void);

/* load: what the watcher says to a program whose events go to the file `path`. Number 0: nobody
 * watches; file -1: there is none. */
struct mark_watch {
	uint32_t number;
	int file;
	bool under_lock;
};
struct mark_watch mark_watched(const char *path);

/* hook: returns when the watcher, if there is one, knows this fork child. */
void mark_forked(void);

/* any: another descriptor of the file `path`; -1: there is none to be had. */
int mark_reopen(const char *path);

/* any */
void mark_lost(void);

/* hook: `trigger` is its text. */
void mark_fired(const void *image, const struct policyc_phase *phase, const char *trigger,
		unsigned threads);
void mark_hook(unsigned hook, int64_t count, int64_t timeout);

#endif
