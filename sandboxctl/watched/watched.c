/* watched.c - runs a command with the library in it, and follows every process to its end; see
 * watched.h.
 *
 * One thread and one poll(2). What a process did comes in its own order, but news of the file and
 * of the kernel are not in one order; that does not matter, for the library puts the number into
 * its events that it was told when its program began.
 */
#include "watched/watched.h"

#include "record/listener.h"
#include "record/remote.h"
#include "watched/keeper.h"
#include "watched/look.h"
#include "watched/members.h"
#include "watched/news.h"
#include "watched/notices.h"

#include "../preload/report/mark.h"
#include "reach.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOT_EXECUTED = 127, END_MS = 10000 };

struct watcher {
	const struct watched_options *options;
	struct story *story;
	struct listener listener; /* .file -1: executed programs are not followed */
	struct members members;
	struct news news;
	int signals, timer;
	pid_t first; /* the command's first process */
	bool all_gone, told_to_end;
};

/* --- events ----------------------------------------------------------------------------------- */

/* A process locked. What it forked before, and is there, has no part in that. Said again at later
 * events of it, which changes nothing: who is forked after the lock has it. */
static void note_left(const struct watcher *watcher, const struct story_process *parent)
{
	for (const struct member *member = watcher->members.list; parent->own && member;
	     member = member->next) {
		struct story_process *process = member->process;

		if (process && process->begun == BEGUN_FORK && process->parent == parent &&
		    member_is_there(member))
			process->left |= parent->own & ~process->locked;
	}
}

static void take_event(void *watcher_, const json_t *event)
{
	struct watcher *watcher = watcher_;
	bool is_new;
	struct story_process *process = story_take(watcher->story, event, &is_new);

	if (is_new && process->pid) {
		struct member *member = member_meet(&watcher->members, process->pid);

		member->process = process;
		/* It ended before we came to look; who reaps it may be somebody else. */
		if (member->gone) {
			story_end(watcher->story, process, false);
			member_forget(&watcher->members, member);
		}
	}
	note_left(watcher, process);
	if (watcher->options->event)
		watcher->options->event(watcher->options->argument, process, event);
}

/* --- executed programs ------------------------------------------------------------------------ */

/* The thread that waits for our answer, as a member. NULL: it is gone. */
static struct member *caller(struct watcher *watcher)
{
	pid_t pid, parent;
	struct member *member, *above;

	if (!look_at_ids((pid_t)watcher->listener.notice->pid, &pid, &parent) ||
	    !listener_holds(&watcher->listener))
		return NULL;
	member = member_find(&watcher->members, pid);
	if (member)
		return member;
	member = member_meet(&watcher->members, pid);
	above = member_find(&watcher->members, parent);
	member->process = NULL;
	member->parent = above ? above->process : NULL;
	return member;
}

/* The process runs another program. */
static struct story_process *begin_program(struct watcher *watcher, struct member *member)
{
	struct story_process *before = member->process ? member->process : member->parent;
	const char *path = member->executes, *slash = strrchr(path, '/');

	/* What it said last is its own, not its successor's. */
	news_read(&watcher->news, take_event, watcher);
	if (member->process)
		story_end(watcher->story, member->process, true);
	member->process = story_add(watcher->story, BEGUN_EXEC, member->pid, before);
	member->process->program = path;
	member->process->name = slash ? slash + 1 : path;
	member->executes = NULL;
	return member->process;
}

static void hold(struct watcher *watcher, const struct story_process *process)
{
	if (!watcher->options->hold || process->number != 1)
		return;
	watcher->story->held = process->why_not;
	kill(process->pid, SIGKILL);
}

/* A file that no library can be in is noted at once; whether the kernel takes it, we foresee. */
static void take_execve(struct watcher *watcher, struct member *member)
{
	struct arena *arena = watcher->story->arena;
	struct notice_path path;
	struct story_process *process;
	enum reach_kind kind;
	const char *why = NULL;

	if (!notice_path(watcher->listener.notice, &path)) {
		member->executes = "?"; /* whose memory we may not read */
		return;
	}
	kind = reach_program(arena, path.root, path.file, &why);
	member->executes = arena_strndup(arena, path.named, strlen(path.named));
	if (kind != REACH_CANNOT || faccessat(AT_FDCWD, path.file, X_OK, AT_EACCESS))
		return;
	process = begin_program(watcher, member);
	process->reach = NOT_REACHED;
	process->why_not = why;
	hold(watcher, process);
}

/* The loader of a program has mapped all its libraries. */
static void take_mapped(struct watcher *watcher, struct member *member)
{
	struct arena *arena = watcher->story->arena;
	pid_t thread = (pid_t)watcher->listener.notice->pid;
	struct story_process *process;

	if (!member->executes) /* noted already, or a program that makes this call itself */
		return;
	process = begin_program(watcher, member);
	if (look_for_library(thread, watcher->options->library)) {
		process->why_not = look_why_silent(thread, getenv("SANDBOX_REPORT"));
	} else if (look_is_helper(thread, watcher->options->library)) {
		process->helper = true;
	} else {
		process->reach = NOT_REACHED;
		process->why_not = look_why_not(arena, thread, watcher->options->library);
	}
	if (process->why_not)
		hold(watcher, process);
	if (watcher->options->began)
		watcher->options->began(watcher->options->argument, process);
}

/* The file of the events, where the library would keep it: far from what programs count on. Its
 * number there, or -1: then it opens the file itself. */
static int give_file(struct watcher *watcher)
{
	enum { FIRST = 200, LAST = 1000 };
	const struct seccomp_notif *notice = watcher->listener.notice;
	char path[sizeof(watcher->news.path)];

	/* Under a watcher of its own, which has no listener, its events go elsewhere. */
	if (!remote_text((pid_t)notice->pid, notice->data.args[2], path, sizeof(path)) ||
	    strcmp(path, watcher->news.path) != 0)
		return -1;

	for (int number = FIRST; number <= LAST; number++) {
		snprintf(path, sizeof(path), "/proc/%u/fd/%d", notice->pid, number);
		if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) && errno == ENOENT)
			return listener_give(&watcher->listener, watcher->news.end, number) ? number
											    : -1;
	}
	return -1;
}

/* The library's mark: the number that its events shall have. */
static void take_mark(struct watcher *watcher, struct member *member)
{
	struct story_process *process = member->process;

	/* A loader that does not say that all is mapped: glibc before 2.35. */
	if (member->executes)
		process = begin_program(watcher, member);
	if (!process) {
		listener_continue(&watcher->listener);
		return;
	}
	process->reach = REACHED;
	process->why_not = NULL;
	listener_return(&watcher->listener, MARK_IMAGE | process->image->number |
						    (process->under_lock ? MARK_UNDER_LOCK : 0) |
						    (int64_t)(give_file(watcher) + 1) << MARK_FILE);
}

static void take_reopen(struct watcher *watcher)
{
	listener_return(&watcher->listener, MARK_IMAGE | (int64_t)(give_file(watcher) + 1)
								 << MARK_FILE);
}

static void take_notice(struct watcher *watcher)
{
	struct member *member;
	enum notice kind;

	if (listener_receive(&watcher->listener) != RECEIVED)
		return;
	kind = notice_kind(&watcher->listener.notice->data);
	member = caller(watcher);
	if (member && kind == NOTICE_MARK) {
		take_mark(watcher, member);
		return;
	}
	if (member && kind == NOTICE_REOPEN) {
		take_reopen(watcher);
		return;
	}
	if (member && kind == NOTICE_EXECUTES)
		take_execve(watcher, member);
	else if (member && kind == NOTICE_MAPPED)
		take_mapped(watcher, member);
	else if (member && kind == NOTICE_FORKED)
		news_read(&watcher->news, take_event, watcher); /* while it cannot be reaped */
	else if (kind == NOTICE_LOST)
		watcher->story->lost++;
	listener_continue(&watcher->listener);
}

/* --- ends ------------------------------------------------------------------------------------- */

static void end_member(struct watcher *watcher, struct member *member)
{
	/* All that it said is in the file. */
	news_read(&watcher->news, take_event, watcher);
	if (member->process)
		story_end(watcher->story, member->process, false);
	member_forget(&watcher->members, member);
}

static bool set_timer(const struct watcher *watcher, unsigned ms)
{
	struct itimerspec when = { .it_value = { .tv_sec = ms / 1000,
						 .tv_nsec = (long)(ms % 1000) * 1000000 } };

	return !timerfd_settime(watcher->timer, 0, &when, NULL);
}

static void take_status(struct watcher *watcher, pid_t pid, int status)
{
	struct member *member = member_find(&watcher->members, pid);

	if (member && member->process) {
		member->process->has_status = true;
		member->process->status = status;
	}
	if (pid == watcher->first) {
		watcher->story->main_over = true;
		watcher->story->main_status = status;
		if (watcher->options->linger_ms)
			set_timer(watcher, watcher->options->linger_ms);
	}
	if (member)
		end_member(watcher, member);
}

/* Our children: the command, and orphans of it. When the command stops, so do we: whoever started
 * us sees it, and lets both go on. */
static void reap(struct watcher *watcher)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
		if (!WIFSTOPPED(status))
			take_status(watcher, pid, status);
		else if (pid == watcher->first)
			kill(getpid(), SIGSTOP);
	}
	if (pid < 0 && errno == ECHILD && watcher->listener.file < 0)
		watcher->all_gone = true;
}

static void take_ends(struct watcher *watcher)
{
	struct member *member;

	reap(watcher);
	while ((member = member_ended(&watcher->members))) {
		struct story_process *process = member->process;

		if (process && !process->has_status)
			process->has_status = member_status(member, &process->status);
		end_member(watcher, member);
	}
}

/* --- signals ---------------------------------------------------------------------------------- */

static const int passed_on[] = { SIGHUP,  SIGINT,  SIGQUIT,  SIGTERM, SIGUSR1, SIGUSR2,
				 SIGALRM, SIGCONT, SIGWINCH, SIGTSTP, SIGTTIN, SIGTTOU };

/* A terminal tells its whole foreground group, and kill(1) may: then the command knows already, if
 * it is still in the group. Without a witness only the terminal is known by what it sends. */
static uint64_t known_to_command(struct watcher *watcher, uint64_t came, uint64_t of_kernel)
{
	uint64_t of_group;

	if (!witness_ask(&watcher->members.witness, came, &of_group))
		of_group = of_kernel;
	return getpgid(watcher->first) == getpgrp() ? of_group : 0;
}

/* Also when it was not reaped yet: a signal to it would be lost. */
static bool command_is_over(const struct watcher *watcher)
{
	siginfo_t info = { 0 };

	return watcher->story->main_over ||
	       (!waitid(P_PID, (id_t)watcher->first, &info, WEXITED | WNOHANG | WNOWAIT) &&
		info.si_pid);
}

/* When the command is over, who waits for what it left behind may not want to any longer. */
static void pass_on(const struct watcher *watcher, int signal)
{
	if (!command_is_over(watcher))
		kill(watcher->first, signal);
	else if (signal == SIGTERM || signal == SIGINT || signal == SIGHUP || signal == SIGQUIT)
		members_kill(&watcher->members, signal);
}

static void take_signals(struct watcher *watcher)
{
	struct signalfd_siginfo info;
	uint64_t came = 0, of_kernel = 0;

	while (read(watcher->signals, &info, sizeof(info)) == sizeof(info)) {
		uint64_t bit = 1ull << (info.ssi_signo - 1);

		came |= bit;
		if (info.ssi_code == SI_KERNEL)
			of_kernel |= bit;
	}
	came &= ~(1ull << (SIGCHLD - 1));
	if (!came)
		return;
	came &= ~known_to_command(watcher, came, of_kernel);
	for (int signal = 1; came; signal++, came >>= 1)
		if (came & 1)
			pass_on(watcher, signal);
}

/* Orphans become our children: when we have none any more, nobody is left. */
static void kill_all(struct watcher *watcher)
{
	pid_t pid;
	int status;

	witness_end(&watcher->members.witness);
	do {
		members_kill(&watcher->members, SIGKILL);
		pid = members_stranger(&watcher->members);
		if (pid)
			kill(pid, SIGKILL);
		pid = waitpid(-1, &status, 0);
		if (pid > 0)
			take_status(watcher, pid, status);
	} while (pid > 0);
}

/* What the command left behind: told to end, and once more as long after it, killed. */
static void end_left(struct watcher *watcher)
{
	if (watcher->told_to_end) {
		kill_all(watcher);
		return;
	}
	watcher->told_to_end = true;
	members_kill(&watcher->members, SIGTERM);
	set_timer(watcher, watcher->options->linger_ms);
}

static void time_is_over(struct watcher *watcher)
{
	const struct watched_options *options = watcher->options;
	uint64_t ticks;

	if (read(watcher->timer, &ticks, sizeof(ticks)) < 0)
		return;
	news_read(&watcher->news, take_event, watcher);
	if (watcher->story->main_over && options->linger_ms) {
		end_left(watcher);
		return;
	}
	if (options->too_late && !options->too_late(options->argument, watcher->story))
		return;
	watcher->story->timed_out = true;
	kill_all(watcher);
}

/* --- the run ---------------------------------------------------------------------------------- */

static bool open_sources(struct watcher *watcher, sigset_t *before, const char **why)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	for (size_t i = 0; i < sizeof(passed_on) / sizeof(passed_on[0]); i++)
		sigaddset(&signals, passed_on[i]);
	sigprocmask(SIG_BLOCK, &signals, before);
	signal(SIGCHLD, SIG_DFL); /* ignored, the kernel would keep no status for us */
	watcher->signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	watcher->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (watcher->signals >= 0 && watcher->timer >= 0 && members_begin(&watcher->members) &&
	    set_timer(watcher, watcher->options->timeout_ms))
		return true;
	*why = strerror(errno);
	return false;
}

/* Without the listener. A program that cannot be executed says why through a pipe that an execve
 * closes. */
static bool start_blind(struct watcher *watcher, const sigset_t *mask, const char **why)
{
	int ends[2], error = 0;

	if (pipe2(ends, O_CLOEXEC))
		return false;
	watcher->first = fork();
	if (!watcher->first) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		sigprocmask(SIG_SETMASK, mask, NULL);
		execv(watcher->options->program, watcher->options->argv);
		error = errno;
		_exit(write(ends[1], &error, sizeof(error)) < 0 ? NOT_EXECUTED : EXIT_FAILURE);
	}
	if (watcher->first < 0)
		error = errno;
	close(ends[1]);
	if (read(ends[0], &error, sizeof(error)) < 0)
		error = errno;
	close(ends[0]);
	*why = strerror(error);
	return !error;
}

static bool start(struct watcher *watcher, const sigset_t *mask, const char **why)
{
	const struct watched_options *options = watcher->options;

	watcher->listener.filter = &notices_filter;
	watcher->listener.dies_with_us = true;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (listener_start(&watcher->listener, options->program, options->argv, mask, why)) {
		watcher->first = watcher->listener.pid;
		witness_start(&watcher->members.witness);
		return true;
	}
	watcher->listener.file = -1;
	watcher->story->blind = *why;
	return !options->need_exec && start_blind(watcher, mask, why);
}

static bool is_enough(struct watcher *watcher)
{
	const struct watched_options *options = watcher->options;

	if (watcher->all_gone || watcher->story->timed_out)
		return true;
	if (!watcher->story->main_over || !options->enough)
		return false;
	watcher->story->strangers = members_stranger(&watcher->members) != 0;
	return options->enough(options->argument, watcher->story);
}

/* What was said meanwhile may be of one that is to be waited for, and is judged as well: nginx'
 * second worker, forked while the first one's lock was enough, was called one that never locked. */
static bool is_over(struct watcher *watcher)
{
	if (!is_enough(watcher))
		return false;
	watcher->story->now = story_clock();
	news_read(&watcher->news, take_event, watcher);
	take_ends(watcher);
	return is_enough(watcher);
}

static void watch_until_over(struct watcher *watcher)
{
	struct pollfd files[] = {
		{ watcher->listener.file, POLLIN, 0 }, { watcher->signals, POLLIN, 0 },
		{ watcher->news.watch, POLLIN, 0 },    { watcher->members.watch, POLLIN, 0 },
		{ watcher->timer, POLLIN, 0 },
	};

	while (!is_over(watcher)) {
		if (poll(files, sizeof(files) / sizeof(files[0]), -1) < 0)
			continue;
		watcher->story->now = story_clock();
		if (files[0].revents & POLLIN)
			take_notice(watcher);
		else if (files[0].revents & (POLLHUP | POLLERR))
			watcher->all_gone = true;
		if (files[2].revents)
			news_read(&watcher->news, take_event, watcher);
		if (files[1].revents)
			take_signals(watcher);
		if (files[1].revents || files[3].revents)
			take_ends(watcher);
		if (files[4].revents)
			time_is_over(watcher);
	}
}

/* The kernel takes a process' filter away when it begins to end. How it ends shows when it has
 * given back its memory and its files, which may take a while. */
static void await_ends(struct watcher *watcher)
{
	struct pollfd ends = { .fd = watcher->members.watch, .events = POLLIN };

	while (members_ending(&watcher->members) && poll(&ends, 1, END_MS)) {
		watcher->story->now = story_clock();
		take_ends(watcher);
	}
	take_ends(watcher);
}

static void finish(struct watcher *watcher)
{
	int status;

	witness_end(&watcher->members.witness);
	/* Nobody has our filter any more, and yet the command is not reaped. */
	if (watcher->listener.file >= 0 && listener_exec_error(&watcher->listener))
		watcher->story->held =
			arena_printf(watcher->story->arena, "cannot be started: %s",
				     strerror(listener_exec_error(&watcher->listener)));
	while (watcher->all_gone && !watcher->story->main_over &&
	       waitpid(watcher->first, &status, 0) == watcher->first)
		take_status(watcher, watcher->first, status);
	if (watcher->all_gone)
		await_ends(watcher);
	watcher->story->report_error = watcher->news.copy_errors[0];
	if (watcher->all_gone || watcher->story->timed_out)
		news_close(&watcher->news);
	else
		keeper_start(&watcher->listener, &watcher->news);
	members_end(&watcher->members);
	close(watcher->signals);
	close(watcher->timer);
	free(watcher->listener.notice);
	free(watcher->listener.answer);
	if (watcher->listener.file >= 0)
		close(watcher->listener.file);
}

/* Where whoever watches us expects the events of those that we shall watch. */
static const char *outer_file(struct arena *arena)
{
	static const char watch[] = "watch:";
	const char *where = getenv("SANDBOX_REPORT");

	return where && !strncmp(where, watch, strlen(watch))
		       ? arena_printf(arena, "%s", where + strlen(watch))
		       : NULL;
}

/* SANDBOX_REPORT as it was: the next run shall not take this one for its watcher. */
static void restore_report(const char *before)
{
	if (before)
		setenv("SANDBOX_REPORT", before, 1);
	else
		unsetenv("SANDBOX_REPORT");
}

bool watched_run(const struct watched_options *options, struct story *story, const char **why)
{
	struct watcher watcher = { .options = options, .story = story };
	const char *const copies[NEWS_COPIES] = { options->report, outer_file(story->arena) };
	const char *report = getenv("SANDBOX_REPORT");
	sigset_t before;
	bool good;

	if (!news_open(&watcher.news, copies, why))
		return false;
	report = report ? arena_printf(story->arena, "%s", report) : NULL;
	good = !setenv("SANDBOX_REPORT", arena_printf(story->arena, "watch:%s", watcher.news.path),
		       1) &&
	       open_sources(&watcher, &before, why) && start(&watcher, &before, why);
	if (good) {
		watch_until_over(&watcher);
		finish(&watcher);
		sigprocmask(SIG_SETMASK, &before, NULL);
	} else {
		news_close(&watcher.news);
	}
	restore_report(report);
	return good;
}
