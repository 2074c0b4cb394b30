/* processes.h - who made a call: threads to processes, processes to programs, forks, phases.
 *
 * What it is: the tree of the recorded processes, learned from the calls themselves and from /proc
 * the first time that a thread is met.
 * What it must not do: keep anything of a process that ended; ids come again.
 */
#ifndef PROCESSES_H
#define PROCESSES_H

#include "scenes.h"

enum { FIRED_MAX = 32, GENERATIONS_MAX = 9 };

struct segment; /* callers.c */

struct process {
	pid_t pid;
	unsigned number, parent; /* 1, 2, ... of all that ever were; 0: none is known */
	const char *program;	 /* the name it was started by, without its directory */
	unsigned generation;
	uint32_t fired;
	uint32_t before; /* of these: when its program was executed */
	uint32_t scene;

	uint64_t library, library_end; /* code of libsandbox.so, once it is there */
	pid_t loading;		       /* the thread that runs its constructor */
	bool arming;		       /* what the library does from here on, it does for a lock */

	bool may_have_executed; /* execve was called: see whether it is another program now */
	pid_t executing_thread;
	char *executing;     /* the path */
	uint64_t image;	     /* which program image this is, as far as it matters to tell */
	unsigned forks;	     /* children that have not been met yet */
	uint64_t fork_order; /* the later, the higher */

	int pidfd;
	pid_t *threads;
	size_t thread_count, thread_room;

	struct segment *segments; /* callers.c: what is executable, NULL: not looked at yet */
	size_t segment_count;

	char *directory; /* the current one, NULL: not looked at yet */

	struct process *next; /* of all that live */
};

struct processes {
	struct arena *arena;
	struct process **by_thread; /* by thread id */
	size_t thread_max;
	struct process *alive;
	struct process *departed; /* ended, with children that have not been met yet */
	struct scenes scenes;
	const char *phases[FIRED_MAX]; /* by the order in which they were met first */
	unsigned phase_count;
	bool apart; /* a scene of its own for each process */
	uint64_t fork_order;
	unsigned started; /* processes, ever */
	unsigned living;
};

bool processes_begin(struct processes *processes, struct arena *arena, bool apart);

/* The process of a thread that waits for us. The first one met is the program that was started. */
struct process *process_of(struct processes *processes, pid_t thread);

/* The thread makes one of fork's calls, or executes a program, or ends. */
void process_forks(struct processes *processes, struct process *process);
void process_executes(struct process *process, pid_t thread, const char *path);
void thread_ends(struct processes *processes, struct process *process, pid_t thread);
/* A phase's trigger fired. */
void process_fires(struct processes *processes, struct process *process, const char *phase);
/* It is gone: forgets it. */
void process_ended(struct processes *processes, struct process *process);
/* All of them are. */
void processes_end(struct processes *processes);

#endif
