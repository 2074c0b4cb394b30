/* members.c - the processes that are there now; see members.h. */
#include "watched/members.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

bool members_begin(struct members *members)
{
	members->list = NULL;
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

		if (pid > 0 && !member_find(members, pid))
			found = pid;
	}
	free(number);
	if (children)
		fclose(children);
	return found;
}

void members_kill(const struct members *members)
{
	for (const struct member *member = members->list; member; member = member->next)
		if (member->pidfd >= 0)
			syscall(SYS_pidfd_send_signal, member->pidfd, SIGKILL, NULL, 0);
}

void members_end(struct members *members)
{
	while (members->list)
		member_forget(members, members->list);
	if (members->watch >= 0)
		close(members->watch);
}
