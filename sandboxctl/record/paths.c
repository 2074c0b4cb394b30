/* paths.c - the files and addresses that a call names; see paths.h. */
#include "paths.h"

#include "remote.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

const char *const path_uses[PATH_USES] = {
	[PATH_LOOK] = "look", [PATH_READ] = "read",	[PATH_WRITE] = "write",
	[PATH_MAKE] = "make", [PATH_CREATE] = "create", [PATH_EXECUTE] = "execute",
};

enum { HERE = -1 };

/* What a row's argument is, beside the uses of paths. */
enum {
	OPENED = PATH_USES, /* as the flags behind it say */
	OPENED_HOW,	    /* the same, in a struct open_how */
	BOUND,
	CONNECTED,
};

/* An argument: the register of the directory that it starts from, or HERE, and its own. Rows of the
 * same call stand together. */
static const struct row {
	const char *call;
	int directory;
	unsigned slot;
	int use;
} rows[] = {
	{ "access", HERE, 0, PATH_LOOK },    { "bind", HERE, 1, BOUND },
	{ "chdir", HERE, 0, PATH_LOOK },     { "chmod", HERE, 0, PATH_LOOK },
	{ "chown", HERE, 0, PATH_LOOK },     { "chroot", HERE, 0, PATH_LOOK },
	{ "connect", HERE, 1, CONNECTED },   { "creat", HERE, 0, PATH_MAKE },
	{ "creat", HERE, 0, PATH_WRITE },    { "execve", HERE, 0, PATH_EXECUTE },
	{ "execveat", 0, 1, PATH_EXECUTE },  { "faccessat", 0, 1, PATH_LOOK },
	{ "faccessat2", 0, 1, PATH_LOOK },   { "fchmodat", 0, 1, PATH_LOOK },
	{ "fchmodat2", 0, 1, PATH_LOOK },    { "fchownat", 0, 1, PATH_LOOK },
	{ "getxattr", HERE, 0, PATH_LOOK },  { "inotify_add_watch", HERE, 1, PATH_READ },
	{ "lchown", HERE, 0, PATH_LOOK },    { "lgetxattr", HERE, 0, PATH_LOOK },
	{ "link", HERE, 0, PATH_CREATE },    { "link", HERE, 1, PATH_MAKE },
	{ "linkat", 0, 1, PATH_CREATE },     { "linkat", 2, 3, PATH_MAKE },
	{ "lstat", HERE, 0, PATH_LOOK },     { "mkdir", HERE, 0, PATH_MAKE },
	{ "mkdirat", 0, 1, PATH_MAKE },	     { "mknod", HERE, 0, PATH_MAKE },
	{ "mknodat", 0, 1, PATH_MAKE },	     { "newfstatat", 0, 1, PATH_LOOK },
	{ "open", HERE, 0, OPENED },	     { "openat", 0, 1, OPENED },
	{ "openat2", 0, 1, OPENED_HOW },     { "readlink", HERE, 0, PATH_LOOK },
	{ "readlinkat", 0, 1, PATH_LOOK },   { "rename", HERE, 0, PATH_CREATE },
	{ "rename", HERE, 1, PATH_CREATE },  { "renameat", 0, 1, PATH_CREATE },
	{ "renameat", 2, 3, PATH_CREATE },   { "renameat2", 0, 1, PATH_CREATE },
	{ "renameat2", 2, 3, PATH_CREATE },  { "rmdir", HERE, 0, PATH_CREATE },
	{ "setxattr", HERE, 0, PATH_LOOK },  { "stat", HERE, 0, PATH_LOOK },
	{ "statfs", HERE, 0, PATH_LOOK },    { "statx", 0, 1, PATH_LOOK },
	{ "symlink", HERE, 1, PATH_MAKE },   { "symlinkat", 1, 2, PATH_MAKE },
	{ "truncate", HERE, 0, PATH_WRITE }, { "unlink", HERE, 0, PATH_CREATE },
	{ "unlinkat", 0, 1, PATH_CREATE },   { "utime", HERE, 0, PATH_LOOK },
	{ "utimensat", 0, 1, PATH_LOOK },    { "utimes", HERE, 0, PATH_LOOK },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]), LINK_NAME = 32 };

void path_calls_begin(struct path_calls *calls, enum arch arch)
{
	memset(calls, 0, sizeof(*calls));
	for (size_t i = ROWS; i; i--) { /* backwards: the first row of a call stays */
		const struct syscall_name *name = names_syscall(rows[i - 1].call);

		if (name && name->number[arch] >= 0)
			calls->by_number[name->number[arch]] = (uint8_t)i;
	}
}

/* --- paths ------------------------------------------------------------------------------------ */

void path_directory_changes(struct process *process)
{
	free(process->directory);
	process->directory = NULL;
}

static const char *current_directory(struct process *process, pid_t thread)
{
	char path[PATH_MAX];

	if (!process->directory && remote_link(thread, "cwd", path, sizeof(path)))
		process->directory = strdup(path);
	return process->directory;
}

/* The directory of a descriptor, or the current one; false when there is none. */
static bool directory_of(struct process *process, pid_t thread, const struct row *row,
			 const uint64_t arguments[ARGUMENTS], char *path, size_t size)
{
	int file = row->directory == HERE ? AT_FDCWD : (int)arguments[row->directory];
	const char *current;
	char name[LINK_NAME];

	if (file == AT_FDCWD) {
		current = current_directory(process, thread);
		return current && snprintf(path, size, "%s", current) < (int)size;
	}
	snprintf(name, sizeof(name), "fd/%d", file);
	return remote_link(thread, name, path, size) && *path == '/';
}

/* A process' own /proc by its id would be another file each time. */
static void name_self(const struct process *process, char *path)
{
	static const char self[] = "/proc/self";
	char own[LINK_NAME];
	size_t length = (size_t)snprintf(own, sizeof(own), "/proc/%d", (int)process->pid);

	if (!strncmp(path, own, length) && (path[length] == '/' || !path[length]) &&
	    strlen(path) + sizeof(self) <= PATH_MAX) {
		memmove(path + sizeof(self) - 1, path + length, strlen(path + length) + 1);
		memcpy(path, self, sizeof(self) - 1);
	}
}

static bool read_path(struct process *process, pid_t thread, const struct row *row,
		      const uint64_t arguments[ARGUMENTS], char *path)
{
	char relative[PATH_MAX];
	size_t length;

	if (!remote_text(thread, arguments[row->slot], path, PATH_MAX) || !*path)
		return false;
	if (*path != '/') {
		memcpy(relative, path, strlen(path) + 1);
		if (!directory_of(process, thread, row, arguments, path, PATH_MAX))
			return false;
		length = strlen(path);
		if (length + 1 + strlen(relative) + 1 > PATH_MAX)
			return false;
		if (path[length - 1] != '/')
			path[length++] = '/';
		memcpy(path + length, relative, strlen(relative) + 1);
	}
	name_self(process, path);
	return true;
}

/* What an open for this does: at most reading or writing, and making. */
static unsigned uses_of_open(uint64_t flags, enum path_use uses[2])
{
	unsigned count = 0;

	if (flags & O_PATH) {
		uses[0] = PATH_LOOK;
		return 1;
	}
	if ((flags & O_TMPFILE) == O_TMPFILE)
		uses[count++] = PATH_CREATE;
	else if (flags & O_CREAT)
		uses[count++] = PATH_MAKE;
	if ((flags & O_ACCMODE) != O_RDONLY || flags & O_TRUNC)
		uses[count++] = PATH_WRITE;
	else
		uses[count++] = PATH_READ;
	return count;
}

static unsigned add_opened(pid_t thread, const struct row *row, const uint64_t arguments[ARGUMENTS],
			   struct named *named)
{
	uint64_t flags = arguments[row->slot + 1];
	enum path_use uses[2];
	unsigned count;

	/* struct open_how begins with the flags. */
	if (row->use == OPENED_HOW && remote_read(thread, flags, &flags, sizeof(flags)) < 8)
		return 0;
	count = uses_of_open(flags, uses);
	if ((flags & O_ACCMODE) == O_RDWR && count == 1)
		uses[count++] = PATH_READ;
	for (unsigned i = 0; i < count; i++) {
		if (i)
			memcpy(named[i].text, named[0].text, strlen(named[0].text) + 1);
		named[i].use = path_uses[uses[i]];
	}
	return count;
}

/* --- addresses -------------------------------------------------------------------------------- */

/* What speaks through a socket: a question to our copy of the descriptor. */
static const char *protocol_of(const struct process *process, int file)
{
	int copy = (int)syscall(SYS_pidfd_getfd, process->pidfd, file, 0);
	int protocol = 0;
	socklen_t size = sizeof(protocol);

	if (copy < 0)
		return "ip";
	if (getsockopt(copy, SOL_SOCKET, SO_PROTOCOL, &protocol, &size))
		protocol = 0;
	close(copy);
	return protocol == IPPROTO_TCP ? "tcp" : protocol == IPPROTO_UDP ? "udp" : "ip";
}

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
};

static bool unix_text(struct process *process, pid_t thread, const union address *address,
		      size_t size, char *text)
{
	size_t length = size - offsetof(struct sockaddr_un, sun_path);
	const char *path = address->un.sun_path, *current;

	if (size <= offsetof(struct sockaddr_un, sun_path))
		return false; /* unnamed */
	if (!*path) {
		snprintf(text, PATH_MAX, "unix @%.*s", (int)strnlen(path + 1, length - 1),
			 path + 1);
		return true;
	}
	current = *path == '/' ? NULL : current_directory(process, thread);
	snprintf(text, PATH_MAX, "unix %s%s%.*s", current ? current : "", current ? "/" : "",
		 (int)strnlen(path, length), path);
	return true;
}

static bool read_address(struct process *process, pid_t thread, const uint64_t arguments[ARGUMENTS],
			 char *text)
{
	union address address;
	size_t size = (uint32_t)arguments[2];
	char host[INET6_ADDRSTRLEN];

	memset(&address, 0, sizeof(address));
	if (size > sizeof(address))
		size = sizeof(address);
	size = remote_read(thread, arguments[1], &address, size);
	if (size < sizeof(sa_family_t))
		return false;
	switch (address.any.sa_family) {
	case AF_UNIX:
		return unix_text(process, thread, &address, size, text);
	case AF_INET:
		inet_ntop(AF_INET, &address.in.sin_addr, host, sizeof(host));
		snprintf(text, PATH_MAX, "%s %s:%u", protocol_of(process, (int)arguments[0]), host,
			 ntohs(address.in.sin_port));
		return true;
	case AF_INET6:
		inet_ntop(AF_INET6, &address.in6.sin6_addr, host, sizeof(host));
		snprintf(text, PATH_MAX, "%s [%s]:%u", protocol_of(process, (int)arguments[0]),
			 host, ntohs(address.in6.sin6_port));
		return true;
	default:
		snprintf(text, PATH_MAX, "family %u", address.any.sa_family);
		return true;
	}
}

/* A socket's path is a file that is made, or one that is looked at. */
static unsigned add_address(struct process *process, pid_t thread, const struct row *row,
			    const uint64_t arguments[ARGUMENTS], struct named *named)
{
	const char *path = named->text + strlen("unix ");

	if (!read_address(process, thread, arguments, named->text))
		return 0;
	named->is_address = true;
	named->use = row->use == BOUND ? "bind" : "connect";
	if (row->use != BOUND || strncmp(named->text, "unix /", strlen("unix /")) != 0)
		return 1;
	named[1].is_address = false;
	named[1].use = path_uses[PATH_CREATE];
	memcpy(named[1].text, path, strlen(path) + 1);
	return 2;
}

/* --- all together ----------------------------------------------------------------------------- */

static unsigned add_row(struct process *process, pid_t thread, const struct row *row,
			const uint64_t arguments[ARGUMENTS], struct named *named)
{
	if (row->use == BOUND || row->use == CONNECTED)
		return add_address(process, thread, row, arguments, named);
	named->is_address = false;
	if (!read_path(process, thread, row, arguments, named->text))
		return 0;
	if (row->use == OPENED || row->use == OPENED_HOW)
		return add_opened(thread, row, arguments, named);
	named->use = path_uses[row->use];
	return 1;
}

unsigned paths_of(const struct path_calls *calls, struct process *process, pid_t thread,
		  uint32_t number, const uint64_t arguments[ARGUMENTS], struct named *named)
{
	size_t i = calls->by_number[number];
	const char *call = rows[i - 1].call;
	unsigned count = 0;

	for (; i <= ROWS && !strcmp(rows[i - 1].call, call); i++)
		count += add_row(process, thread, &rows[i - 1], arguments, named + count);
	return count;
}

/* --- links ------------------------------------------------------------------------------------ */

/* Whether the thread sees the files that we see. */
static bool same_root(pid_t thread)
{
	char path[LINK_NAME];
	struct stat ours, theirs;

	snprintf(path, sizeof(path), "/proc/%d/root", (int)thread);
	return !stat("/", &ours) && !stat(path, &theirs) && ours.st_dev == theirs.st_dev &&
	       ours.st_ino == theirs.st_ino;
}

static bool settle_parent(const char *path, char *settled)
{
	char parent[PATH_MAX];
	const char *slash = strrchr(path, '/');
	size_t length;

	snprintf(parent, sizeof(parent), "%.*s", slash > path ? (int)(slash - path) : 1, path);
	if (!realpath(parent, settled))
		return false;
	length = strlen(settled);
	if (length + strlen(slash) + 1 > PATH_MAX)
		return false;
	memcpy(settled + (length > 1 ? length : 0), slash, strlen(slash) + 1);
	return true;
}

bool path_settle(pid_t thread, const char *path, char *settled)
{
	/* Links there lead into the process, not to files. */
	bool is_ours = strncmp(path, "/proc/self", strlen("/proc/self")) && same_root(thread);

	if (is_ours && realpath(path, settled))
		return true;
	if (!is_ours || !settle_parent(path, settled))
		memcpy(settled, path, strlen(path) + 1);
	return !is_ours;
}
