/* remote.c - the memory and the /proc of a waiting program; see remote.h. */
#include "remote.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PAGE = 4096, PATH = 64 };

size_t remote_read(pid_t thread, uint64_t address, void *bytes, size_t size)
{
	struct iovec here = { bytes, size };
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): an address of the other process */
	struct iovec there = { (void *)(uintptr_t)address, size };
	ssize_t count = process_vm_readv(thread, &here, 1, &there, 1, 0);

	return count < 0 ? 0 : (size_t)count;
}

bool remote_text(pid_t thread, uint64_t address, char *text, size_t size)
{
	size_t got = 0;

	/* Page by page: what lies behind the text need not be there. */
	while (got < size) {
		size_t room = PAGE - (address + got) % PAGE, count;

		if (room > size - got)
			room = size - got;
		count = remote_read(thread, address + got, text + got, room);
		if (memchr(text + got, 0, count))
			return true;
		if (count < room)
			return false;
		got += count;
	}
	return false;
}

size_t remote_file(pid_t thread, const char *name, char *text, size_t size)
{
	char path[PATH];
	size_t got = 0;
	ssize_t count;
	int file;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)thread, name);
	file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return 0;
	while (got < size - 1 && (count = read(file, text + got, size - 1 - got)) != 0) {
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			break;
		got += (size_t)count;
	}
	close(file);
	text[got] = '\0';
	return got;
}

bool remote_link(pid_t thread, const char *name, char *text, size_t size)
{
	char path[PATH];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)thread, name);
	length = readlink(path, text, size - 1);
	if (length <= 0)
		return false;
	text[length] = '\0';
	return true;
}

long status_number(const char *status, const char *name)
{
	size_t length = strlen(name);

	for (const char *line = status; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, name, length) && line[length] == ':')
			return strtol(line + length + 1, NULL, 10);
	}
	return -1;
}

/* "NUMBER ARGUMENTS... SP PC" in hexadecimal, see proc(5). */
uint64_t remote_stack(pid_t thread)
{
	char text[256];
	const char *last;

	if (!remote_file(thread, "syscall", text, sizeof(text)))
		return 0;
	last = strrchr(text, ' ');
	if (!last)
		return 0;
	while (last > text && last[-1] != ' ')
		last--;
	return strtoull(last, NULL, 16);
}
