/* recorder.h - a program and all it starts, call by call.
 *
 * What it is: the thread that takes every call from the listener, says who made it and counts it.
 * What it must not do: write files or talk to people: the caller does, between recorder_lock and
 * recorder_unlock.
 */
#ifndef RECORDER_H
#define RECORDER_H

#include "listener.h"
#include "paths.h"
#include "processes.h"
#include "sightings.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

/* Something that happened once, in the order of the calls. */
struct event {
	enum event_kind { EVENT_STARTED, EVENT_FIRED } kind;
	uint64_t at; /* place among all calls */
	pid_t pid;
	uint32_t scene; /* FIRED: the one that begins */
	const char *phase, *trigger;
	unsigned threads;
	bool again; /* FIRED: and had before, in its parent or before execve */
	struct event *next;
};

/* What was seen for the first time lately. */
enum { RECENT_MAX = 8 };

struct recent {
	const struct sighting *sighting;
	time_t when;
};

struct hooked {
	unsigned hook;
	int64_t count, timeout;
	bool on_main_thread;
};

struct recorder {
	struct arena arena;
	struct listener listener;
	struct shapes shapes;
	struct path_calls path_calls;
	struct processes processes;
	struct sightings sightings;
	struct event *events, *last_event; /* not written yet */
	unsigned fired;			   /* how many triggers, ever */
	bool over;			   /* nobody is left */
	struct recent recent[RECENT_MAX];
	unsigned recent_next;

	pthread_mutex_t lock;
	pthread_t thread;
	int watch; /* epoll: processes that end */
	struct named named[NAMED_MAX];

	uint32_t number_prctl, number_clone, number_clone3, number_mmap;
	uint8_t effects[TABLE_NUMBERS]; /* enum effect, recorder.c */
	uint16_t kinds[TABLE_NUMBERS];	/* how many of each call are told apart */

	/* For triggers that may be: what a hooked call (enum hook) of the process fires. Under the
	 * lock; or NULL. */
	void (*on_hook)(struct recorder *recorder, struct process *process,
			const struct hooked *call);

	/* Told, under the lock, while the process waits: of each call and each mark; of what is
	 * seen for the first time. Or NULL. */
	void (*watch_process)(void *data, const struct process *process);
	void (*watch_end)(void *data, const struct process *process); /* soon after its end */
	void (*watch_first)(void *data, const struct process *process,
			    const struct sighting *sighting);
	/* In a program that was executed under a lock: a call that the library makes for a lock of
	 * its own; and where that would be. */
	void (*watch_own)(void *data, struct process *process, pid_t thread,
			  const struct seccomp_data *call);
	void (*watch_fired)(void *data, const struct process *process, const char *phase);
	void *watch_data;
};

/* A trigger is met; nothing happens when it was before. */
void recorder_fire(struct recorder *recorder, struct process *process, const char *phase,
		   const char *trigger, unsigned threads);

/* Before the program is started: `apart` keeps each process' calls apart. */
bool recorder_begin(struct recorder *recorder, bool apart);

/* Starts the program, with these signals blocked; its first call waits. False: `*why`. */
bool recorder_start(struct recorder *recorder, const char *path, char **argv, const sigset_t *mask,
		    const char **why);
/* Starts the thread that takes the calls. */
bool recorder_run(struct recorder *recorder);

void recorder_lock(struct recorder *recorder);
void recorder_unlock(struct recorder *recorder);

/* To be called when `watch` is ready to read. */
void recorder_watch(struct recorder *recorder);

/* Waits for the thread to end: when all processes are gone. */
void recorder_join(struct recorder *recorder);
void recorder_end(struct recorder *recorder);

#endif
