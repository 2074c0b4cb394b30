/* ready.c - a program tells its service manager that it is ready (sd_notify(3)).
 *
 * What it does: looks at what is sent, so that a program with libsystemd and one that speaks the
 * protocol itself are seen alike: a datagram to the UNIX socket NOTIFY_SOCKET with the line
 * READY=1. What it must not do: look at anything once nobody waits for it (waits.c asks only then).
 *
 * Contract: hook; ready_prepare: load.
 */
#include "trigger/ready.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/un.h>

#include "raw.h"

#define PATH_SIZE (sizeof(((struct sockaddr_un *)0)->sun_path))

static struct {
	char path[PATH_SIZE]; /* as in an address: an abstract name begins with a zero byte */
	size_t length;	      /* without the end of a path; 0: there is no NOTIFY_SOCKET */
} manager;

void ready_prepare(void)
{
	const char *path = secure_getenv("NOTIFY_SOCKET");
	size_t length = path ? text_length(path) : 0;

	if (length == 0 || length >= PATH_SIZE)
		return;
	bytes_copy(manager.path, path, length);
	if (*path == '@')
		manager.path[0] = '\0';
	manager.length = length;
}

static bool bytes_equal(const char *a, const char *b, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (a[i] != b[i])
			return false;
	}
	return true;
}

static bool is_manager(const struct sockaddr *address, socklen_t length)
{
	const struct sockaddr_un *un = (const struct sockaddr_un *)address;
	size_t size = length - offsetof(struct sockaddr_un, sun_path);

	if (length <= offsetof(struct sockaddr_un, sun_path) || un->sun_family != AF_UNIX ||
	    size < manager.length || !bytes_equal(un->sun_path, manager.path, manager.length))
		return false;
	return size == manager.length || un->sun_path[manager.length] == '\0';
}

static bool goes_to_manager(int fd, const struct sockaddr *address, socklen_t length)
{
	struct sockaddr_un peer = { 0 };
	socklen_t size = sizeof(peer);

	if (!manager.length)
		return false;
	if (address && length)
		return is_manager(address, length);
	return !raw(getpeername, fd, &peer, &size) &&
	       is_manager((const struct sockaddr *)&peer, size);
}

static bool says_ready(const char *bytes, size_t size)
{
	static const char line[] = "READY=1";
	size_t length = sizeof(line) - 1;
	bool at_start = true;

	for (size_t i = 0; i + length <= size; i++) {
		if (at_start && bytes_equal(bytes + i, line, length) &&
		    (i + length == size || bytes[i + length] == '\n'))
			return true;
		at_start = bytes[i] == '\n';
	}
	return false;
}

int64_t ready_bytes(int fd, const void *bytes, size_t size, const struct sockaddr *address,
		    socklen_t length)
{
	return says_ready(bytes, size) && goes_to_manager(fd, address, length);
}

/* Messages are built in one piece by everyone; each piece is looked at by itself. */
int64_t ready_message(int fd, const struct msghdr *message)
{
	for (size_t i = 0; i < message->msg_iovlen; i++) {
		if (ready_bytes(fd, message->msg_iov[i].iov_base, message->msg_iov[i].iov_len,
				message->msg_name, message->msg_namelen))
			return 1;
	}
	return 0;
}
