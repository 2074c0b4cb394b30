/* members.c - the processes that are there now; see members.h. */
#include "watched/members.h"

#include "record/remote.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Fields of /proc/PID/stat (proc(5)); a flag of the second, PF_EXITING; a bit of pidfd_info. */
enum {
	STAT_STATE = 3,
	STAT_FLAGS = 9,
	STAT_EXIT_CODE = 52,
	FLAG_EXITING = 1 << 2,
	INFO_EXIT = 1 << 3
};

bool members_begin(struct members *members)
{
	members->list = NULL;
	members->witness = (struct witness){ .file = -1 };
	members->watch = epoll_create1(EPOLL_CLOEXEC);
	return members->watch >= 0;
}

struct member *member_find(const struct members *members, pid_t pid)
{
	struct member *member = members->list;

	while (member && member->pid != pid)
		member = member->next;
	return member;
}

struct member *member_meet(struct members *members, pid_t pid)
{
	struct member *member = member_find(members, pid);
	struct epoll_event event = { .events = EPOLLIN };

	if (member)
		return member;
	member = calloc(1, sizeof(*member));
	if (!member)
		abort(); /* a watcher that loses sight of processes is none */
	member->pid = pid;
	member->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	member->gone = member->pidfd < 0 && errno == ESRCH;
	member->next = members->list;
	members->list = member;
	event.data.ptr = member;
	if (member->pidfd >= 0)
		epoll_ctl(members->watch, EPOLL_CTL_ADD, member->pidfd, &event);
	return member;
}

struct member *member_ended(const struct members *members)
{
	struct epoll_event event;

	return epoll_wait(members->watch, &event, 1, 0) == 1 ? event.data.ptr : NULL;
}

bool member_is_there(const struct member *member)
{
	struct pollfd end = { .fd = member->pidfd, .events = POLLIN };

	return member->pidfd < 0 ? !member->gone : !poll(&end, 1, 0);
}

/* A field of /proc/PID/stat behind the name, and the state; false: it is gone. */
static bool stat_field(pid_t pid, int wanted, char *state, long *value)
{
	char text[1024], *at, *end;

	if (!remote_file(pid, "stat", text, sizeof(text)) || !(at = strrchr(text, ')')))
		return false;
	at += 2;
	*state = *at;
	for (int field = STAT_STATE; at && field < wanted; field++) {
		at = strchr(at, ' ');
		at += at != NULL;
	}
	if (!at)
		return false;
	*value = strtol(at, &end, 10);
	return end != at;
}

static bool is_ending(const struct member *member)
{
	char state;
	long flags;

	return member_is_there(member) && stat_field(member->pid, STAT_FLAGS, &state, &flags) &&
	       (flags & FLAG_EXITING);
}

bool members_ending(const struct members *members)
{
	for (const struct member *member = members->list; member; member = member->next)
		if (is_ending(member))
			return true;
	return false;
}

/* Of a zombie /proc has it, of one that was reaped its pidfd (Linux 6.15). */
static bool zombie_status(pid_t pid, int *status)
{
	char state;
	long code;

	if (!stat_field(pid, STAT_EXIT_CODE, &state, &code) || (state != 'Z' && state != 'X'))
		return false;
	*status = (int)code;
	return true;
}

static bool reaped_status(int pidfd, int *status)
{
	/* struct pidfd_info, which the headers of the build may lack. */
	struct {
		uint64_t mask, cgroup;
		uint32_t pid, tgid, ppid, ids[8];
		int32_t exit_code;
	} info = { .mask = INFO_EXIT };

	if (pidfd < 0 || ioctl(pidfd, _IOWR(0xFF, 11, info), &info) || !(info.mask & INFO_EXIT))
		return false;
	*status = info.exit_code;
	return true;
}

/* In this order: a zombie may be reaped while we look, but does not come back. */
bool member_status(const struct member *member, int *status)
{
	return zombie_status(member->pid, status) || reaped_status(member->pidfd, status);
}

void member_forget(struct members *members, struct member *member)
{
	struct member **at = &members->list;

	while (*at != member)
		at = &(*at)->next;
	*at = member->next;
	if (member->pidfd >= 0)
		close(member->pidfd);
	free(member);
}

pid_t members_stranger(const struct members *members)
{
	char path[64], *number = NULL;
	size_t size = 0;
	pid_t found = 0;
	FILE *children;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	children = fopen(path, "re");
	while (children && !found && getdelim(&number, &size, ' ', children) > 0) {
		pid_t pid = (pid_t)strtol(number, NULL, 10);
		const struct member *member = member_find(members, pid);

		if (pid > 0 && pid != members->witness.pid && (!member || member->pidfd < 0))
			found = pid;
	}
	free(number);
	if (children)
		fclose(children);
	return found;
}

void members_kill(const struct members *members, int signal)
{
	for (const struct member *member = members->list; member; member = member->next)
		if (member->pidfd >= 0)
			syscall(SYS_pidfd_send_signal, member->pidfd, signal, NULL, 0);
}

void members_end(struct members *members)
{
	while (members->list)
		member_forget(members, members->list);
	if (members->watch >= 0)
		close(members->watch);
}
