/* task.c - see task.h. */
#include "lockdown/task.h"

#include <fcntl.h>
#include <stdint.h>

#include "raw.h"
#include "report/line.h"
#include "report/report.h"

/* linux/sched.h, field 9 of /proc/PID/stat: threads made by the kernel inside a process. */
#define PF_IO_WORKER   0x00000010u
#define PF_USER_WORKER 0x00004000u

int task_open(void)
{
	long fd = raw(openat, AT_FDCWD, "/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		report_fatal_errno(fd,
				   "cannot list the program's threads in /proc/self/task; "
				   "is /proc mounted here?",
				   NULL);
	return (int)fd;
}

int task_next(struct numbers *list)
{
	int tid = numbers_next(list);

	if (list->error)
		report_fatal_errno(list->error, "cannot list the program's threads", NULL);
	return tid < 0 ? 0 : tid;
}

/* Reads TID/stat: "tid (name) state ppid pgrp session tty tpgid flags ...". The name may hold
 * anything, so fields count from the last parenthesis. Returns where the state is, or NULL. */
static const char *read_stat(int directory, int tid, char *text, unsigned size)
{
	struct line path = { 0 };
	const char *state = NULL;
	long fd, n;

	line_unsigned(&path, (uint64_t)tid);
	line_text(&path, "/stat");
	path.text[path.length] = '\0';
	fd = raw(openat, directory, path.text, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	n = raw(read, fd, text, size - 1);
	raw(close, fd);
	if (n <= 0)
		return NULL;
	text[n] = '\0';
	for (char *c = text; *c; c++) {
		if (c[0] == ')' && c[1] == ' ')
			state = c + 2;
	}
	return state;
}

bool task_is_out_of_reach(int directory, int tid)
{
	char text[512];
	const char *c = read_stat(directory, tid, text, sizeof(text));
	uint32_t flags = 0;

	if (!c || *c == 'Z' || *c == 'X')
		return true;
	for (int spaces = 0; *c && spaces < 6; c++)
		spaces += *c == ' ';
	for (; *c >= '0' && *c <= '9'; c++)
		flags = flags * 10 + (uint32_t)(*c - '0');
	return flags & (PF_IO_WORKER | PF_USER_WORKER);
}

bool task_is_running(int directory, int tid)
{
	char text[512];
	const char *state = read_stat(directory, tid, text, sizeof(text));

	return state && *state == 'R';
}

_Noreturn void task_fatal(int directory, int tid, const char *why)
{
	char text[512], number[12];
	const char *state = read_stat(directory, tid, text, sizeof(text));
	struct line digits = { 0 };
	char *name = text;

	line_unsigned(&digits, (uint64_t)tid);
	digits.text[digits.length] = '\0';
	bytes_copy(number, digits.text, digits.length + 1);
	if (state) {
		text[state - 2 - text] = '\0';
		while (*name && *name != '(')
			name++;
	} else {
		name = NULL;
	}
	report_fatal("thread ", number, " (", name && *name ? name + 1 : "gone", ") ", why, NULL);
}
