/* describe.c - what an open descriptor is: its type, its name, its flags.
 *
 * What it does: asks the kernel (the link in /proc, fstat, the socket's options and addresses), and
 * writes the name as a policy would: a path, 127.0.0.1:6379, LOCAL/PEER for a connection,
 * @abstract. What it must not do: read, write or change a descriptor, or open what is behind it.
 *
 * Contract: hook.
 */
#include "lockdown/describe.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include "policyc.h"
#include "raw.h"
#include "report/line.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un un;
};

static const char *const types[POLICYC_FDS] = {
	[POLICYC_FD_ANY] = "any",
	[POLICYC_FD_FILE] = "file",
	[POLICYC_FD_DIRECTORY] = "directory",
	[POLICYC_FD_DEVICE] = "device",
	[POLICYC_FD_TTY] = "tty",
	[POLICYC_FD_PIPE] = "pipe",
	[POLICYC_FD_UNIX] = "unix",
	[POLICYC_FD_TCP] = "tcp",
	[POLICYC_FD_UDP] = "udp",
	[POLICYC_FD_NETLINK] = "netlink",
	[POLICYC_FD_SOCKET] = "socket",
	[POLICYC_FD_EPOLL] = "epoll",
	[POLICYC_FD_EVENTFD] = "eventfd",
	[POLICYC_FD_SIGNALFD] = "signalfd",
	[POLICYC_FD_TIMERFD] = "timerfd",
	[POLICYC_FD_INOTIFY] = "inotify",
	[POLICYC_FD_ANON] = "anon",
};

/* --- addresses -------------------------------------------------------------------------------- */

static void line_port(struct line *line, uint16_t network_order)
{
	line_char(line, ':');
	line_unsigned(line, __builtin_bswap16(network_order));
}

static void line_v4(struct line *line, const unsigned char *bytes)
{
	for (unsigned i = 0; i < 4; i++) {
		if (i)
			line_char(line, '.');
		line_unsigned(line, bytes[i]);
	}
}

static unsigned group(const unsigned char *bytes, size_t i)
{
	return (unsigned)bytes[2 * i] << 8 | bytes[2 * i + 1];
}

/* The first of the longest runs of two and more zero groups: what "::" stands for. */
static unsigned longest_zeros(const unsigned char *bytes, unsigned *length)
{
	unsigned best = 8;

	*length = 1;
	for (unsigned i = 0; i < 8; i++) {
		unsigned n = 0;

		while (i + n < 8 && !group(bytes, i + n))
			n++;
		if (n > *length) {
			best = i;
			*length = n;
		}
	}
	return best;
}

static bool is_mapped(const unsigned char *bytes)
{
	for (unsigned i = 0; i < 5; i++) {
		if (group(bytes, i))
			return false;
	}
	return group(bytes, 5) == 0xffff;
}

/* RFC 5952, in brackets. */
static void line_v6(struct line *line, const unsigned char *bytes)
{
	unsigned length, zeros = longest_zeros(bytes, &length);

	line_char(line, '[');
	if (is_mapped(bytes)) {
		line_text(line, "::ffff:");
		line_v4(line, bytes + 12);
	}
	for (unsigned i = 0; i < 8 && !is_mapped(bytes); i++) {
		if (i == zeros) {
			line_text(line, "::");
			i += length - 1;
			continue;
		}
		if (i && i != zeros + length)
			line_char(line, ':');
		line_number(line, group(bytes, i), 16);
	}
	line_char(line, ']');
}

/* A path, or @ and the name of an abstract one, whose NULs are shown as @ too. */
static void line_unix(struct line *line, const struct sockaddr_un *address, uint32_t size)
{
	uint32_t length = size - (uint32_t)offsetof(struct sockaddr_un, sun_path);
	bool abstract = !address->sun_path[0];

	for (uint32_t i = 0; i < length && i < sizeof(address->sun_path); i++) {
		char c = address->sun_path[i];

		if (!c && !abstract)
			break;
		line_char(line, c ? c : '@');
	}
}

/* False: there is none (an unnamed unix socket, a socket without a peer). */
static bool line_address(struct line *line, const union address *address, uint32_t size)
{
	if (size <= offsetof(struct sockaddr_un, sun_path))
		return false;
	switch (address->any.sa_family) {
	case AF_INET:
		line_v4(line, (const unsigned char *)&address->v4.sin_addr);
		line_port(line, address->v4.sin_port);
		return true;
	case AF_INET6:
		line_v6(line, (const unsigned char *)&address->v6.sin6_addr);
		line_port(line, address->v6.sin6_port);
		return true;
	case AF_UNIX:
		line_unix(line, &address->un, size);
		return true;
	default:
		return false;
	}
}

/* --- sockets ---------------------------------------------------------------------------------- */

struct socket_kind {
	int domain, type, protocol;
};

static int socket_option(int fd, int option)
{
	int value = -1;
	uint32_t size = sizeof(value);

	return raw(getsockopt, fd, SOL_SOCKET, option, &value, &size) ? -1 : value;
}

static uint32_t kind_of_socket(const struct socket_kind *kind)
{
	bool ip = kind->domain == AF_INET || kind->domain == AF_INET6;

	if (kind->domain == AF_UNIX)
		return POLICYC_FD_UNIX;
	if (kind->domain == AF_NETLINK)
		return POLICYC_FD_NETLINK;
	if (ip && kind->type == SOCK_STREAM &&
	    (kind->protocol == IPPROTO_TCP || kind->protocol == IPPROTO_MPTCP))
		return POLICYC_FD_TCP;
	if (ip && kind->type == SOCK_DGRAM &&
	    (kind->protocol == IPPROTO_UDP || kind->protocol == IPPROTO_UDPLITE))
		return POLICYC_FD_UDP;
	return POLICYC_FD_SOCKET;
}

static void name_connection(struct descriptor *descriptor, struct line *line)
{
	union address local = { 0 }, peer = { 0 };
	uint32_t local_size = sizeof(local), peer_size = sizeof(peer);
	bool named, is_unix = descriptor->kind == POLICYC_FD_UNIX;

	if (raw(getsockname, descriptor->number, &local, &local_size))
		return;
	named = line_address(line, &local, local_size);
	if (raw(getpeername, descriptor->number, &peer, &peer_size) || (is_unix && named))
		return;
	if (!is_unix)
		line_char(line, '/');
	descriptor->connected = !is_unix;
	line_address(line, &peer, peer_size);
}

static void look_at_socket(struct descriptor *descriptor)
{
	const struct socket_kind kind = { socket_option(descriptor->number, SO_DOMAIN),
					  socket_option(descriptor->number, SO_TYPE),
					  socket_option(descriptor->number, SO_PROTOCOL) };
	struct line line = { 0 };

	descriptor->kind = kind_of_socket(&kind);
	if (descriptor->kind == POLICYC_FD_SOCKET || descriptor->kind == POLICYC_FD_NETLINK) {
		line_signed(&line, kind.domain);
		line_char(&line, ':');
		line_signed(&line, kind.type);
		line_char(&line, ':');
		line_signed(&line, kind.protocol);
	} else {
		name_connection(descriptor, &line);
	}
	line.text[line.length] = '\0';
	bytes_copy(descriptor->name, line.text, line.length + 1);
}

/* --- everything else -------------------------------------------------------------------------- */

static uint32_t kind_of_anonymous(const char *link)
{
	static const struct {
		const char *link;
		uint32_t kind;
	} known[] = {
		{ "anon_inode:[eventpoll]", POLICYC_FD_EPOLL },
		{ "anon_inode:[eventfd]", POLICYC_FD_EVENTFD },
		{ "anon_inode:[signalfd]", POLICYC_FD_SIGNALFD },
		{ "anon_inode:[timerfd]", POLICYC_FD_TIMERFD },
		{ "anon_inode:inotify", POLICYC_FD_INOTIFY },
	};

	for (unsigned i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (text_equal(known[i].link, link))
			return known[i].kind;
	}
	return POLICYC_FD_ANON;
}

static bool starts_with(const char *text, const char *start)
{
	while (*start) {
		if (*text++ != *start++)
			return false;
	}
	return true;
}

/* By number, as Documentation/admin-guide/devices.txt has it, or by name: asking the device takes
 * an ioctl, which may mean something else to it. */
static uint32_t kind_of_device(uint64_t device, const char *link)
{
	const unsigned number = major(device);

	if (number == 4 || number == 5 || (number >= 136 && number <= 143) ||
	    starts_with(link, "/dev/tty") || starts_with(link, "/dev/hvc"))
		return POLICYC_FD_TTY;
	return POLICYC_FD_DEVICE;
}

/* Links into no file system that has paths ("pipe:[1]", "net:[4]") begin with neither. */
static bool is_path(const char *link)
{
	return *link == '/' || *link == '(';
}

static uint32_t kind_of_file(const struct stat *st, const char *link)
{
	switch (st->st_mode & S_IFMT) {
	case S_IFIFO:
		return POLICYC_FD_PIPE;
	case S_IFCHR:
		return kind_of_device(st->st_rdev, link);
	case S_IFBLK:
		return POLICYC_FD_DEVICE;
	case S_IFDIR:
		return POLICYC_FD_DIRECTORY;
	case S_IFREG:
		if (is_path(link))
			return POLICYC_FD_FILE;
		break;
	default:
		break;
	}
	return kind_of_anonymous(link);
}

static void read_link(struct descriptor *descriptor, int directory)
{
	struct line number = { 0 };
	long n;

	line_unsigned(&number, (uint64_t)descriptor->number);
	number.text[number.length] = '\0';
	n = raw(readlinkat, directory, number.text, descriptor->name, sizeof(descriptor->name) - 1);
	descriptor->name[n > 0 ? n : 0] = '\0';
}

bool descriptor_look(struct descriptor *descriptor, int directory, int number)
{
	struct stat st = { 0 };
	long descriptor_flags = raw(fcntl, number, F_GETFD);

	if (descriptor_flags < 0 || raw(fstat, number, &st))
		return false;
	descriptor->number = number;
	descriptor->cloexec = descriptor_flags & FD_CLOEXEC;
	descriptor->status = (int)raw(fcntl, number, F_GETFL);
	descriptor->connected = false;
	read_link(descriptor, directory);
	if (descriptor->status & O_PATH)
		descriptor->kind = POLICYC_FD_ANY; /* a place, not what is there */
	else if (S_ISSOCK(st.st_mode))
		look_at_socket(descriptor);
	else
		descriptor->kind = kind_of_file(&st, descriptor->name);
	return true;
}

/* --- words ------------------------------------------------------------------------------------ */

const char *descriptor_type(uint32_t kind)
{
	return types[kind];
}

const char *descriptor_access(const struct descriptor *descriptor)
{
	static const char *const words[] = { "r", "w", "rw", "none" };

	return descriptor->status & O_PATH ? "path" : words[descriptor->status & O_ACCMODE];
}

void descriptor_flags(struct line *line, const struct descriptor *descriptor)
{
	const struct {
		bool set;
		const char *word;
	} flags[] = {
		{ descriptor->cloexec, "cloexec" },
		{ descriptor->status & O_NONBLOCK, "nonblock" },
		{ descriptor->status & O_APPEND, "append" },
	};

	for (unsigned i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		if (!flags[i].set)
			continue;
		if (line->length)
			line_char(line, ' ');
		line_text(line, flags[i].word);
	}
}
