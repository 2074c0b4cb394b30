/* watch.c - a recorded run from its start to its end; see watch.h. */
#include "watch.h"

#include "guard.h"
#include "sandboxctl.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FLUSH_MS = 250, WIDTH_MAX = 200, RECENT_SECONDS = 3, WIDTH_DEFAULT = 80, END_MS = 10000 };

struct watcher {
	struct watch *watch;
	struct recorder *recorder;
	int signals, timer;
	pid_t guard;
	bool program_ended, on_terminal, line_shown;
	unsigned asked; /* how often we were told to end */
	unsigned left;	/* ms since the program has ended */
	int said;	/* the error of the recording that was said last */
};

/* --- the line that shows how it goes ---------------------------------------------------------- */

static int terminal_width(void)
{
	struct winsize size;

	return !ioctl(STDERR_FILENO, TIOCGWINSZ, &size) && size.ws_col ? size.ws_col
								       : WIDTH_DEFAULT;
}

static void clear_line(struct watcher *watcher)
{
	if (watcher->line_shown)
		fputs("\r\033[K", stderr);
	watcher->line_shown = false;
}

static size_t add_recent(const struct recorder *recorder, char *text, size_t size, size_t at)
{
	const char *before = ", new: ";
	struct arena arena = { 0 };
	time_t now = time(NULL);

	for (unsigned i = 0; i < RECENT_MAX && at < size; i++) {
		const struct recent *recent =
			&recorder->recent[(recorder->recent_next + i) % RECENT_MAX];

		if (!recent->sighting || now - recent->when > RECENT_SECONDS)
			continue;
		at += (size_t)snprintf(
			text + at, size - at, "%s%s", before,
			call_text(&arena, recent->sighting->number, &recent->sighting->cube));
		before = " ";
	}
	arena_free(&arena);
	return at;
}

static void show_line(struct watcher *watcher)
{
	const struct recorder *recorder = watcher->recorder;
	const struct processes *processes = &recorder->processes;
	char text[WIDTH_MAX];
	size_t at;

	if (!watcher->on_terminal || watcher->watch->quiet)
		return;
	at = (size_t)snprintf(text, sizeof(text), "%llu calls, %u process%s, ",
			      (unsigned long long)recorder->sightings.total, processes->living,
			      processes->living == 1 ? "" : "es");
	if (processes->phase_count)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "phase %s",
				       processes->phases[processes->phase_count - 1]);
	else
		at += (size_t)snprintf(text + at, sizeof(text) - at, "before the trigger");
	add_recent(recorder, text, sizeof(text), at);
	/* Not wider than the terminal: the line could not be taken back. What the program writes
	 * begins at its start. */
	fprintf(stderr, "\r\033[K%.*s\r", terminal_width() - 1, text);
	watcher->line_shown = true;
}

/* --- writing ---------------------------------------------------------------------------------- */

static void flush(struct watcher *watcher)
{
	struct recording *recording = &watcher->watch->recording;

	recorder_lock(watcher->recorder);
	recording_flush(recording, watcher->recorder);
	show_line(watcher);
	recorder_unlock(watcher->recorder);
	if (recording->error == watcher->said)
		return;
	watcher->said = recording->error;
	clear_line(watcher);
	if (recording->error)
		complain("%s: %s; the program goes on, and what is not written yet is tried again",
			 recording->path, strerror(recording->error));
	else
		complain("%s: is written again, nothing is missing", recording->path);
}

/* --- signals ---------------------------------------------------------------------------------- */

static void reap(struct watcher *watcher)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != watcher->recorder->listener.pid)
			continue;
		watcher->program_ended = true;
		watcher->watch->status = status;
	}
}

static void end_program(struct watcher *watcher, int number, bool from_terminal)
{
	pid_t program = watcher->recorder->listener.pid, group = getpgrp();
	const struct process *process;
	bool kills = watcher->asked > 1;

	recorder_lock(watcher->recorder);
	for (process = watcher->recorder->processes.alive; process; process = process->next) {
		/* The terminal tells its whole foreground group by itself. */
		if (!kills && from_terminal && getpgid(process->pid) == group)
			continue;
		/* What the program started, it ends itself. A daemon has left its first process. */
		if (kills || watcher->program_ended || process->pid == program)
			kill(process->pid, kills ? SIGKILL : number);
	}
	recorder_unlock(watcher->recorder);
}

static void take_signal(struct watcher *watcher)
{
	struct signalfd_siginfo info;

	if (read(watcher->signals, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGCHLD) {
		reap(watcher);
		return;
	}
	watcher->asked++;
	watcher->watch->was_asked = true;
	clear_line(watcher);
	if (watcher->on_terminal)
		complain("%s", watcher->asked > 1
				       ? "the program is killed"
				       : "the program is told to end; once more kills it");
	end_program(watcher, (int)info.ssi_signo, info.ssi_code == SI_KERNEL);
}

/* Daemons that it left behind: told to end, then killed. */
static void end_left(struct watcher *watcher)
{
	unsigned linger = watcher->watch->linger_ms, before = watcher->left;

	if (!linger || !watcher->program_ended)
		return;
	watcher->left += FLUSH_MS;
	if (before < linger && watcher->left >= linger) {
		end_program(watcher, SIGTERM, false);
	} else if (watcher->left >= 2 * linger) {
		watcher->asked = 2;
		end_program(watcher, SIGKILL, false);
	}
}

static bool open_sources(struct watcher *watcher, sigset_t *mask)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCHLD };
	struct itimerspec interval = { .it_interval.tv_nsec = FLUSH_MS * 1000000L,
				       .it_value.tv_nsec = FLUSH_MS * 1000000L };
	sigset_t signals;

	sigemptyset(&signals);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaddset(&signals, numbers[i]);
	sigprocmask(SIG_BLOCK, &signals, mask);
	watcher->signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	watcher->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	return watcher->signals >= 0 && watcher->timer >= 0 &&
	       !timerfd_settime(watcher->timer, 0, &interval, NULL);
}

/* --- the run ---------------------------------------------------------------------------------- */

static void watch_until_over(struct watcher *watcher)
{
	struct pollfd files[] = {
		{ watcher->signals, POLLIN, 0 },
		{ watcher->timer, POLLIN, 0 },
		{ watcher->recorder->watch, POLLIN, 0 },
		{ watcher->recorder->listener.file, 0, 0 }, /* POLLHUP: all are gone */
	};
	uint64_t ticks;

	while (!(files[3].revents & POLLHUP)) {
		if (poll(files, sizeof(files) / sizeof(files[0]), -1) < 0 && errno != EINTR)
			break;
		if (files[0].revents)
			take_signal(watcher);
		if (files[1].revents && read(watcher->timer, &ticks, sizeof(ticks)) > 0) {
			flush(watcher);
			end_left(watcher);
		}
		if (files[2].revents)
			recorder_watch(watcher->recorder);
	}
}

static bool all_have_ended(const struct processes *processes)
{
	for (const struct process *process = processes->alive; process; process = process->next)
		if (process->pidfd >= 0)
			return false;
	return true;
}

/* The kernel takes the filters away when processes begin to end; that they did shows later. */
static void await_ends(struct recorder *recorder)
{
	struct pollfd ends = { .fd = recorder->watch, .events = POLLIN };

	while (!all_have_ended(&recorder->processes) && poll(&ends, 1, END_MS))
		recorder_watch(recorder);
}

static void finish(struct watcher *watcher)
{
	struct watch *watch = watcher->watch;
	struct arena arena = { 0 };

	recorder_join(watcher->recorder);
	await_ends(watcher->recorder);
	while (!watcher->program_ended &&
	       waitpid(watcher->recorder->listener.pid, &watch->status, 0) < 0 && errno == EINTR)
		;
	clear_line(watcher);
	watch->is_complete = recording_close(&watch->recording, watcher->recorder,
					     status_text(&arena, watch->status));
	if (!watch->is_complete)
		complain("%s: %s; what was recorded last is not in it", watch->recording.path,
			 strerror(watch->recording.error));
	arena_free(&arena);
	/* The guard ends by itself: nobody is left. */
	waitpid(watcher->guard, NULL, 0);
	close(watcher->signals);
	close(watcher->timer);
}

/* NULL, or why the program, which waits for its first answer, is ended. */
static const char *start_helpers(struct watcher *watcher)
{
	watcher->guard = guard_start(&watcher->recorder->listener);
	if (watcher->guard >= 0 && recorder_run(watcher->recorder))
		return NULL;
	kill(watcher->recorder->listener.pid, SIGKILL);
	return "no process or no thread can be made";
}

bool watch_run(struct watch *watch, const char *file, const char *program,
	       const struct recording_head *head)
{
	struct watcher watcher = { .watch = watch,
				   .recorder = &watch->recorder,
				   .on_terminal = isatty(STDERR_FILENO) };
	const char *why = NULL;
	sigset_t mask;

	if (!recording_open(&watch->recording, file, head, &why)) {
		complain("%s: %s", file, why);
		return false;
	}
	if (!open_sources(&watcher, &mask))
		why = strerror(errno);
	else if (recorder_start(&watch->recorder, program, head->argv, &mask, &why))
		why = start_helpers(&watcher);
	if (why) {
		complain("%s: cannot be recorded: %s", program, why);
		return false;
	}
	watch_until_over(&watcher);
	finish(&watcher);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	return true;
}

const char *status_text(struct arena *arena, int status)
{
	if (WIFSIGNALED(status))
		return arena_printf(arena, "signal SIG%s", sigabbrev_np(WTERMSIG(status)));
	return arena_printf(arena, "exit %d", WEXITSTATUS(status));
}
