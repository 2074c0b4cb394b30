/* story.h - what became of every process of a command.
 *
 * What it is: a list of processes, in the order in which they were met. An entry is one program in
 * one process: a process that executes another program begins a new entry, and so does the child of
 * a fork that the library tells of. What is known of it comes from the library in it (its events)
 * and from the kernel (each program that is executed is put to us first).
 * What it must not do: judge. Whoever started the command knows what it demands.
 */
#ifndef STORY_H
#define STORY_H

#include "policy/arena.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum begun {
	BEGUN_EXEC, /* by executing its program: execve, or posix_spawn */
	BEGUN_FORK, /* as a copy of its parent: fork, also that of a daemon */
};

enum reach {
	REACH_UNKNOWN, /* it ended, or was ended, before the library had said a word */
	REACHED,       /* the library is in it, and told us so */
	NOT_REACHED,   /* it ran on without the library, or without what it says: `why_not` */
};

enum {
	STORY_PHASES_MAX = 8,
	/* Who was forked is young for this long, and for so many times as long as the slowest fork
	 * of its program took to lock. */
	STORY_YOUNG_MS = 1000,
	STORY_YOUNG_TIMES = 3,
};

struct story_process {
	unsigned number;	      /* 1, 2, ...: its place in the list */
	pid_t pid;		      /* as we see it; 0: a fork child in another pid namespace */
	pid_t inner;		      /* as it sees itself; 0: the library said nothing yet */
	struct story_process *parent; /* who forked it; of BEGUN_EXEC what the same process was
				       * before, or if nobody told of that, its parent. NULL: it
				       * is the command itself, or the parent is not known */
	struct story_process *image;  /* the entry that began its program: itself, or what it was
				       * forked from, up the line */
	enum begun begun;
	const char *program; /* the file, as execve was told or the library found */
	const char *name;    /* its last part, as reports have it */

	enum reach reach;
	const char *why_not; /* "is linked statically: ...", "has no LD_PRELOAD in its ..." */
	bool loaded;	     /* the library's first word came */
	bool helper;	     /* sandboxctl, which the library runs to compile a policy, without
			      * itself in it: nothing to worry about */
	bool under_lock;     /* it began under the lock of one that executed it */

	const char *policy;    /* its name; NULL: it is not armed */
	const char *not_armed; /* the policy that the library found and that is for other programs;
				* NULL: it armed, or said nothing yet */
	const char *refused;   /* why the library ended it (status 125); NULL: it did not */

	/* The phases of the policy, and sets of them as bits. */
	unsigned phase_count;
	const char *phases[STORY_PHASES_MAX];
	const char *triggers[STORY_PHASES_MAX]; /* "epoll_wait where timeout != 0, call aeMain" */
	uint32_t armed;
	uint32_t locked;  /* in it, or before it was forked */
	uint32_t own;	  /* of these: in it */
	uint32_t left;	  /* its parent locked these while it was there, which it has no part in */
	uint32_t covered; /* the lock of a later phase, which is about to come, is theirs, too */
	uint32_t pretended; /* it would have locked: SANDBOX_MODE is dry-run or observe */
	json_t *violations; /* array of "denied" events; never NULL */

	uint64_t began;	    /* all three by story_clock() */
	uint64_t own_since; /* the first of `own`; 0: none */
	uint64_t ended;

	bool over;     /* it ended, or executed another program */
	bool replaced; /* the latter */
	bool has_status;
	int status; /* as waitpid() has it */
};

struct story {
	struct arena *arena;
	struct story_process **list;
	size_t count;
	uint64_t now; /* by story_clock(): what is told happens now */

	/* Why executed programs could not be followed; NULL: they were. When they were not, nobody
	 * knows of processes that the library is not in. */
	const char *blind;
	const char
		*held;	/* why the command was killed before its first instruction; NULL: it ran */
	bool strangers; /* somebody is there who was forked and has not said a word yet */
	unsigned lost;	/* lines that the library could not write: what is known is not all */
	int report_error; /* why options.report has not all events; 0: it has */
	bool timed_out;
	bool main_over;
	int main_status; /* of the command's first process, as waitpid() has it */
};

/* Whether it should have locked and did not.
 *
 * Who began an armed program lacks each phase that neither it nor anybody forked from it locked. (A
 * daemon's first process ends unlocked and its child locks; nginx' master locks no worker's phase.)
 * Programs that began under another's lock, or that were replaced by another one that is armed,
 * lack nothing.
 *
 * Who was forked lacks what a brother or sister locked by itself, and what its parent locked while
 * it was there, if neither it nor anybody forked from it has that lock. It lacks nothing once it
 * has executed another program, and not the phases that are `apart` from one that it locked. Who
 * was young when it ended is excused: servers tell children to end that have hardly begun. */
bool story_lacks_lock(const struct story *story, const struct story_process *process);

/* The number of the first phase that is lacking. */
unsigned story_missing_phase(const struct story *story, const struct story_process *process);

/* Only that excuses it. */
bool story_ended_young(const struct story *story, const struct story_process *process);

/* Who was forked and lacks a lock: one that has it, a child of the same parent or the parent. */
const struct story_process *story_peer(const struct story *story,
				       const struct story_process *process);

/* Whether it, or anybody forked from it, is still there. */
bool story_is_alive(const struct story *story, const struct story_process *process);

/* Milliseconds, of no date. */
uint64_t story_clock(void);

/* --- for those who tell it -------------------------------------------------------------------- */

struct story_process *story_add(struct story *story, enum begun begun, pid_t pid,
				struct story_process *parent);

/* Takes a line of the library. The entry that it is about, which it may begin. `is_new`: it did. */
struct story_process *story_take(struct story *story, const json_t *event, bool *is_new);

void story_end(const struct story *story, struct story_process *process, bool replaced);

#endif
