/* watched.h - runs a command with the library in it, and follows every process to its end.
 *
 * What it is: the start, the signals, the two sources of news (the library's events in a file, and
 * the executed programs through seccomp's user notification), the end.
 * What it must not do: judge, or print anything.
 *
 * What is certain: where executed programs are followed (story.blind is NULL), each program that
 * any process executes is an entry of the story before it runs. Whether the library is in it is
 * seen when its loader has mapped all libraries and before any code of them has run.
 * What is not: loaders of glibc before 2.35 do not say when all is mapped. Where one of those runs
 * a program without the library, nobody notices. The library's events are as true as the process
 * that writes them. What a program does before its lock it does with all its rights.
 */
#ifndef WATCHED_H
#define WATCHED_H

#include "watched/story.h"

struct watched_options {
	const char *program; /* the file to execute: launch_find() */
	char **argv;
	const char *library; /* launch_library(): what must be in every process. LD_PRELOAD and
			      * SANDBOX_POLICY are already set: launch_environment(). SANDBOX_REPORT
			      * is set here */
	unsigned timeout_ms; /* 0: none. Then every process is killed, unless `too_late` says no */
	unsigned linger_ms; /* without `enough`: what the command leaves behind is told to end after
			     * this, and killed after twice that; 0: never */
	bool hold;	    /* the first program is killed, before any code of it has run, when the
			     * library is not in it: story.held says why */
	bool need_exec;	    /* when executed programs cannot be followed, do not start */
	const char *report; /* every event is appended to this file, too; NULL: none */

	/* Called for each program that is executed, while it waits before its first own
	 * instruction; not for those that no library can be in. May be NULL. */
	void (*began)(void *argument, struct story_process *process);
	/* Called for each event when it is in the story; may be NULL. */
	void (*event)(void *argument, struct story_process *process, const json_t *event);
	/* Asked when the first process is over, and after each event and end from then on: is it
	 * enough? NULL: only when every process has ended. What runs on then runs on, with somebody
	 * who answers for us when it executes a program. */
	bool (*enough)(void *argument, const struct story *story);
	/* Asked once, when the time is over; NULL: it is. */
	bool (*too_late)(void *argument, const struct story *story);
	void *argument;
};

/* Runs it. False: `*why` says why nothing was started. `story` is zero but for its arena. */
bool watched_run(const struct watched_options *options, struct story *story, const char **why);

#endif
