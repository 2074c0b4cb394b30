/* task.c - see task.h. */
#include "lockdown/task.h"

#include <asm/errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>

#include "clock.h"
#include "lockdown/proc.h"
#include "raw.h"
#include "report/line.h"
#include "report/report.h"

/* linux/sched.h, field 9 of /proc/PID/stat: threads made by the kernel inside a process. */
#define PF_IO_WORKER   0x00000010u
#define PF_USER_WORKER 0x00004000u

/* linux/posix-timers.h: what a thread has run, to the nanosecond. */
#define CLOCK_OF_THREAD 6u

#define FDS_SEARCHED 65536 /* the lowest free number is taken, so it is among the first */

int task_try_open(void)
{
	return (int)proc_open("self/task", O_RDONLY | O_DIRECTORY);
}

/* fork copies the descriptors first and the memory later: the child may have the descriptor, and a
 * copy of this from before its number was known. */
static struct {
	int by; /* process, 0: not open */
	int fd; /* -1: not known yet */
} opened;

int task_open(void)
{
	int fd;

	opened.fd = -1;
	__atomic_store_n(&opened.by, (int)raw(getpid), __ATOMIC_RELEASE);
	fd = task_try_open();
	opened.fd = fd;
	if (fd < 0)
		report_fatal_errno(fd,
				   "cannot list the program's threads in /proc/self/task; is "
				   "/proc mounted here? If the program changed its root: "
				   "libsandbox(7), CAVEATS",
				   NULL);
	return fd;
}

void task_close(int directory)
{
	raw(close, directory);
	opened.by = 0;
}

static int open_of(int pid)
{
	struct line path = { 0 };

	line_unsigned(&path, (uint64_t)pid);
	line_text(&path, "/task");
	path.text[path.length] = '\0';
	return (int)proc_open(path.text, O_RDONLY | O_DIRECTORY);
}

static void close_copies(int original, int first, int last)
{
	struct stat wanted = { 0 }, st = { 0 };

	if (raw(fstat, original, &wanted))
		return;
	for (int fd = first; fd <= last; fd++) {
		if (fd != original && !raw(fstat, fd, &st) && st.st_dev == wanted.st_dev &&
		    st.st_ino == wanted.st_ino)
			raw(close, fd);
	}
}

bool task_forget_parent(void)
{
	int parent = __atomic_load_n(&opened.by, __ATOMIC_ACQUIRE), original;

	if (!parent || parent == raw(getpid))
		return false;
	opened.by = 0;
	original = open_of(parent);
	if (original < 0)
		return true; /* the parent has ended: nothing can be read there any more */
	if (opened.fd >= 0)
		close_copies(original, opened.fd, opened.fd);
	else
		close_copies(original, 0, FDS_SEARCHED);
	raw(close, original);
	return true;
}

int task_next(struct numbers *list)
{
	int tid = numbers_next(list);

	if (list->error)
		report_fatal_errno(list->error, "cannot list the program's threads", NULL);
	return tid < 0 ? 0 : tid;
}

/* A filter is in force: it lets directories be listed, but files be read only where the policy says
 * so (sandboxctl/policy/needs.c). */
static bool reads_nothing;

void task_reads_no_more(void)
{
	reads_nothing = true;
}

bool task_can_read(void)
{
	return !reads_nothing;
}

static void number_text(char text[12], int number)
{
	struct line digits = { 0 };

	line_unsigned(&digits, (uint64_t)number);
	digits.text[digits.length] = '\0';
	bytes_copy(text, digits.text, digits.length + 1);
}

/* We do not know its name, and perhaps this is why. */
static _Noreturn void fatal_unread(int tid, const char *why, long error)
{
	char number[12];

	number_text(number, tid);
	report_fatal_errno(error, "thread ", number, " ", why, NULL);
}

/* TID/stat: "tid (name) state ppid pgrp session tty tpgid flags ...". */
struct status {
	char text[512];
	char *state; /* in `text`; NULL: it could not be read */
};

/* Returns a negative errno on failure, of which only two mean that the thread is gone. */
static long read_file(int directory, int tid, struct status *status)
{
	struct line path = { 0 };
	long fd, n;

	line_unsigned(&path, (uint64_t)tid);
	line_text(&path, "/stat");
	path.text[path.length] = '\0';
	fd = raw(openat, directory, path.text, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fd;
	n = raw(read, fd, status->text, sizeof(status->text) - 1);
	raw(close, fd);
	status->text[n > 0 ? n : 0] = '\0';
	return n < 0 ? n : 0;
}

static bool is_gone(long error)
{
	return error == -ENOENT || error == -ESRCH;
}

/* The name may hold anything, so fields count from the last parenthesis. */
static long read_stat(int directory, int tid, struct status *status)
{
	long error = reads_nothing ? -EPERM : read_file(directory, tid, status);

	status->state = NULL;
	if (error)
		return error;
	for (char *c = status->text; *c; c++) {
		if (c[0] == ')' && c[1] == ' ')
			status->state = c + 2;
	}
	return status->state ? 0 : -EIO;
}

/* `state` as read_stat gives it. */
static uint32_t flags_of(const char *state)
{
	uint32_t flags = 0;

	for (int spaces = 0; *state && spaces < 6; state++)
		spaces += *state == ' ';
	for (; *state >= '0' && *state <= '9'; state++)
		flags = flags * 10 + (uint32_t)(*state - '0');
	return flags;
}

/* A thread that is dead has no root any more. */
static bool has_no_root(int directory, int tid)
{
	struct line path = { 0 };
	long fd;

	line_unsigned(&path, (uint64_t)tid);
	line_text(&path, "/root");
	path.text[path.length] = '\0';
	fd = raw(openat, directory, path.text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		raw(close, fd);
	return fd == -ENOENT;
}

bool task_is_out_of_reach(int directory, int tid)
{
	struct status status;
	long error;

	if (reads_nothing)
		return has_no_root(directory, tid);
	error = read_stat(directory, tid, &status);
	if (error) /* not for want of a descriptor: it would run on as it is */
		return is_gone(error);
	return *status.state == 'Z' || *status.state == 'X' ||
	       (flags_of(status.state) & (PF_IO_WORKER | PF_USER_WORKER));
}

/* After its state. */
static bool is_named(const struct status *status, const char *start)
{
	const char *name = status->text;

	while (*name && *name != '(')
		name++;
	while (*start) {
		if (*name++ != *start++)
			return false;
	}
	return true;
}

enum task_ring task_ring(int directory, int tid)
{
	struct status status;
	long error;

	if (reads_nothing)
		return TASK_RING_NONE; /* it could not be held, so we do not come here */
	error = read_stat(directory, tid, &status);
	if (error && !is_gone(error))
		fatal_unread(tid,
			     "cannot be looked at in /proc/self/task, so it may be one of "
			     "io_uring's",
			     error);
	if (error || !(flags_of(status.state) & PF_IO_WORKER))
		return TASK_RING_NONE;
	/* One that is called neither has not run yet. */
	return is_named(&status, "(iou-wrk-") ? TASK_RING_WORKS : TASK_RING_POLLS;
}

bool task_is_running(int directory, int tid)
{
	struct status status;

	return !read_stat(directory, tid, &status) && *status.state == 'R';
}

uint64_t task_cpu_ms(int tid)
{
	const clockid_t clock = (clockid_t)(~(unsigned)tid << 3 | CLOCK_OF_THREAD);
	struct timespec t = { 0 };

	return raw(clock_gettime, clock, &t) ? UINT64_MAX : timespec_ms(&t);
}

_Noreturn void task_fatal(int directory, int tid, const char *why)
{
	struct status status;
	long error = directory < 0 ? -EPERM : read_stat(directory, tid, &status);
	char *name = status.text, number[12];

	number_text(number, tid);
	if (directory < 0 || reads_nothing)
		report_fatal("thread ", number, " ", why, NULL);
	if (is_gone(error))
		report_fatal("thread ", number, " (gone) ", why, NULL);
	if (error)
		fatal_unread(tid, why, error);
	status.state[-2] = '\0';
	while (*name && *name != '(')
		name++;
	report_fatal("thread ", number, " (", *name ? name + 1 : name, ") ", why, NULL);
}

_Noreturn void task_fatal_errno(int tid, const char *name, const char *why, long error)
{
	char number[12];

	number_text(number, tid);
	report_fatal_errno(error, "thread ", number, " (", name, ") ", why, NULL);
}
