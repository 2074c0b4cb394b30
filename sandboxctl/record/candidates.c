/* candidates.c - triggers that a program could have; see candidates.h. */
#include "candidates.h"

#include <string.h>

enum {
	WAITS = 1u << 0,   /* timeout != 0 */
	ENDS = 1u << 1,	   /* timeout > 0 */
	MANY = 1u << 2,	   /* maxevents > 1 */
	MAIN = 1u << 3,	   /* on main thread */
	LISTENS = 1u << 4, /* after listen */
};

/* Of those that come to the same the first is taken: what says plainly what it waits for. */
static const struct candidate {
	const char *text, *hooks; /* a word that triggers have; NULL: the library fires it */
	unsigned needs;
} candidates[] = {
	{ "listen", "listen", 0 },
	{ "ready", "ready", 0 },
	{ "epoll_wait", "epoll_wait", 0 },
	{ "poll", "poll", 0 },
	{ "select", "select", 0 },
	{ "accept", "accept", 0 },
	{ "sigwait", "sigwait", 0 },
	{ "sigsuspend", "sigsuspend", 0 },
	{ "pause", "pause", 0 },
	{ "epoll_wait where timeout != 0", "epoll_wait", WAITS },
	{ "epoll_wait where maxevents > 1", "epoll_wait", MANY },
	{ "epoll_wait where timeout > 0", "epoll_wait", ENDS },
	{ "poll where timeout != 0", "poll", WAITS },
	{ "poll where timeout > 0", "poll", ENDS },
	{ "select where timeout != 0", "select", WAITS },
	{ "epoll_wait where timeout != 0 and maxevents > 1", "epoll_wait", WAITS | MANY },
	{ "epoll_wait on main thread", "epoll_wait", MAIN },
	{ "poll on main thread", "poll", MAIN },
	{ "epoll_wait after listen", "epoll_wait", LISTENS },
	{ "poll after listen", "poll", LISTENS },
	{ "select after listen", "select", LISTENS },
	{ "sigwait after listen", "sigwait", LISTENS },
	{ "epoll_wait on main thread after listen", "epoll_wait", MAIN | LISTENS },
	{ "wait", NULL, WAITS },
	{ "wait on main thread", NULL, WAITS | MAIN },
	{ "wait after listen", NULL, WAITS | LISTENS },
	{ "main", NULL, 0 },
};

_Static_assert(sizeof(candidates) / sizeof(candidates[0]) == CANDIDATES_MAX, "see candidates.h");

unsigned candidate_rank(const char *text)
{
	unsigned rank = 0;

	while (rank < CANDIDATES_MAX && strcmp(candidates[rank].text, text) != 0)
		rank++;
	return rank;
}

static uint32_t hooks_of(const struct candidate *candidate)
{
	if (candidate->hooks)
		return names_hooks(candidate->hooks);
	return candidate->needs ? names_blocking() : 0;
}

static bool has_fired(const struct recorder *recorder, const struct process *process,
		      const char *text)
{
	const struct processes *processes = &recorder->processes;

	for (unsigned i = 0; i < processes->phase_count; i++)
		if ((process->fired & 1u << i) && !strcmp(processes->phases[i], text))
			return true;
	return false;
}

static bool is_met(const struct candidate *candidate, const struct hooked *call, bool has_listened)
{
	if (call->hook >= 32 || !(hooks_of(candidate) & 1u << call->hook))
		return false;
	return (!(candidate->needs & WAITS) || call->timeout != 0) &&
	       (!(candidate->needs & ENDS) || call->timeout > 0) &&
	       (!(candidate->needs & MANY) || call->count > 1) &&
	       (!(candidate->needs & MAIN) || call->on_main_thread) &&
	       (!(candidate->needs & LISTENS) || has_listened);
}

void candidates_hooked(struct recorder *recorder, struct process *process,
		       const struct hooked *call)
{
	/* What an `after` waits for must be over: the call itself does not count. */
	bool has_listened = has_fired(recorder, process, "listen");

	for (unsigned i = 0; i < CANDIDATES_MAX; i++)
		if (is_met(&candidates[i], call, has_listened) &&
		    !has_fired(recorder, process, candidates[i].text))
			recorder_fire(recorder, process, candidates[i].text, candidates[i].text, 0);
}
