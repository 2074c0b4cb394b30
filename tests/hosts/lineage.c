/* lineage.c - a family of processes that does what the words of its command line say, and holds
 * still where it is told to, so that a test can look at each of them from outside.
 *
 *   lock             poll: the trigger of the tests' policies
 *   other            select: the trigger of another phase
 *   denied           getppid; says so when it was let through
 *   sleep N          does nothing for N seconds
 *   large            maps so much that the kernel needs a while to end it
 *   hold NAME        writes "held NAME PID" to $LINEAGE_OUT, and stops until SIGCONT
 *   fork [ WORDS ]   a child does WORDS, and ends; so rawfork (clone without libc's fork), vfork,
 *                    and spawn (posix_spawn of this program)
 *   thread [ WORDS ] a thread does WORDS, and is waited for
 *   reap             waits for one child and writes "child exit N" or "child signal N"
 *   exec PROGRAM     becomes PROGRAM with the words that follow
 *   daemon           as daemon(3) does, thoroughly: two forks, setsid, every descriptor closed, 0-2
 *                    opened anew; the first processes end
 *   orphans          this process is to be the parent of the daemon
 *   end HOW          return, exit, _exit, quick_exit, abort, term
 */
#include "large.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

struct words {
	char **next;
};

static void run(struct words *words);

/* One open a line: a daemon has closed what it had. */
static void say(const char *text, const char *more, long number)
{
	const char *path = getenv("LINEAGE_OUT");
	int file = path ? open(path, O_WRONLY | O_APPEND | O_CLOEXEC) : -1;
	char line[128];
	int n = snprintf(line, sizeof(line), "%s%s %ld\n", text, more, number);

	if (file < 0 || write(file, line, (size_t)n) != n)
		_exit(9);
	close(file);
}

/* --- words without others behind them --------------------------------------------------------- */

static void lock(struct words *words)
{
	(void)words;
	poll(NULL, 0, 1);
}

static void other(struct words *words)
{
	struct timeval soon = { 0, 1000 };

	(void)words;
	select(0, NULL, NULL, NULL, &soon);
}

static void denied(struct words *words)
{
	(void)words;
	say("let through", "", syscall(SYS_getppid) > 0);
}

static void do_nothing(struct words *words)
{
	sleep((unsigned)strtoul(*words->next++, NULL, 10));
}

static void large(struct words *words)
{
	(void)words;
	become_large();
}

static void hold(struct words *words)
{
	say("held ", *words->next++, getpid());
	kill(getpid(), SIGSTOP);
}

static void reap(struct words *words)
{
	int status = 0;

	(void)words;
	if (wait(&status) < 0)
		say("no child", "", 0);
	else if (WIFSIGNALED(status))
		say("child signal", "", WTERMSIG(status));
	else
		say("child exit", "", WEXITSTATUS(status));
}

static void become(struct words *words)
{
	execvp(words->next[0], words->next);
	_exit(127);
}

static void become_parent_of_orphans(struct words *words)
{
	(void)words;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
}

static void leave_first_process(void)
{
	if (fork())
		_exit(0);
}

static void become_daemon(struct words *words)
{
	(void)words;
	leave_first_process();
	setsid();
	leave_first_process();
	for (int fd = 0; fd < 1024; fd++)
		close(fd);
	if (open("/dev/null", O_RDWR) != 0 || dup(0) != 1 || dup(0) != 2)
		_exit(9);
}

static void end(struct words *words)
{
	const char *how = *words->next++;

	if (!strcmp(how, "exit"))
		exit(0);
	if (!strcmp(how, "_exit"))
		_exit(0);
	if (!strcmp(how, "quick_exit"))
		quick_exit(0);
	if (!strcmp(how, "abort"))
		abort();
	if (!strcmp(how, "term"))
		raise(SIGTERM);
	/* return: main does so when there are no words left */
}

/* --- words that others do --------------------------------------------------------------------- */

/* The words up to the bracket that closes, for another process or thread; ours go on behind it. */
static struct words take_brackets(struct words *words)
{
	struct words inner = { words->next + 1 };
	int depth = 0;

	do {
		if (!strcmp(*words->next, "["))
			depth++;
		if (!strcmp(*words->next, "]"))
			depth--;
		words->next++;
	} while (depth);
	words->next[-1] = NULL;
	return inner;
}

static void do_child(struct words inner)
{
	run(&inner);
	_exit(0);
}

static void fork_child(struct words *words)
{
	struct words inner = take_brackets(words);

	if (!fork())
		do_child(inner);
}

static void rawfork_child(struct words *words)
{
	struct words inner = take_brackets(words);

	if (!syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0))
		do_child(inner);
}

/* More than vfork(2) promises, but the child has a stack to do it on. */
static void vfork_child(struct words *words)
{
	struct words inner = take_brackets(words);

	if (!vfork())		 /* NOLINT(clang-analyzer-*) */
		do_child(inner); /* NOLINT(clang-analyzer-*) */
}

static void spawn_child(struct words *words)
{
	static char self[] = "lineage";
	struct words inner = take_brackets(words);
	pid_t child;

	inner.next--; /* the bracket's place is that of the program's name */
	inner.next[0] = self;
	if (posix_spawn(&child, "/proc/self/exe", NULL, NULL, inner.next, environ))
		_exit(9);
}

static void *thread_main(void *inner)
{
	run(inner);
	return NULL;
}

static void do_thread(struct words *words)
{
	struct words inner = take_brackets(words);
	pthread_t thread;

	if (pthread_create(&thread, NULL, thread_main, &inner) || pthread_join(thread, NULL))
		_exit(9);
}

static const struct {
	const char *word;
	void (*act)(struct words *words);
} acts[] = {
	{ "lock", lock },
	{ "other", other },
	{ "denied", denied },
	{ "sleep", do_nothing },
	{ "large", large },
	{ "hold", hold },
	{ "reap", reap },
	{ "exec", become },
	{ "orphans", become_parent_of_orphans },
	{ "daemon", become_daemon },
	{ "end", end },
	{ "fork", fork_child },
	{ "rawfork", rawfork_child },
	{ "vfork", vfork_child },
	{ "spawn", spawn_child },
	{ "thread", do_thread },
};

static void run(struct words *words)
{
	while (*words->next) {
		const char *word = *words->next++;
		void (*act)(struct words * words) = NULL;

		for (size_t i = 0; i < sizeof(acts) / sizeof(*acts) && !act; i++)
			if (!strcmp(acts[i].word, word))
				act = acts[i].act;
		if (!act)
			_exit(8);
		act(words);
	}
}

int main(int argc, char **argv)
{
	struct words words = { argv + 1 };

	(void)argc;
	run(&words);
	return 0;
}
