/* members.h - the processes that are there now.
 *
 * What it is: by process id, which entry of the story it is at the moment; and when it ends.
 * What it must not do: keep anything of a process that ended; ids come again.
 */
#ifndef MEMBERS_H
#define MEMBERS_H

#include "watched/story.h"
#include "watched/witness.h"

struct member {
	pid_t pid;
	int pidfd; /* -1: it was gone already, or no descriptor was left */
	bool gone;
	struct story_process *process; /* NULL: it has executed nothing yet that we know of */
	struct story_process *parent;  /* then: of whoever it is a child */
	/* What it is about to execute, until we know whether it did. */
	const char *executes;
	struct member *next;
};

struct members {
	struct member *list;
	int watch;		/* epoll: becomes readable when one of them ends */
	struct witness witness; /* a child of ours that is no member */
};

bool members_begin(struct members *members);
struct member *member_find(const struct members *members, pid_t pid);
struct member *member_meet(struct members *members, pid_t pid);
/* One that ended since, or NULL; it stays a member. */
struct member *member_ended(const struct members *members);
/* Has it not ended, whether or not we were told so already? */
bool member_is_there(const struct member *member);
/* Has one of them begun to end, and not yet ended? */
bool members_ending(const struct members *members);
/* How one that ended did, as waitpid() has it: also of those that are not our children. False:
 * nobody can tell. */
bool member_status(const struct member *member, int *status);
void member_forget(struct members *members, struct member *member);
/* A child of ours that is no member, such as an orphan that has not said a word yet, or one that
 * has no pidfd; 0: none. */
pid_t members_stranger(const struct members *members);
void members_kill(const struct members *members, int signal);
void members_end(struct members *members);

#endif
