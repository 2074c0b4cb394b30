/* save.c - a file is complete or not there; see save.h. */
#include "save.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool write_all(int file, const void *bytes, size_t size)
{
	const char *next = bytes;

	while (size) {
		ssize_t count = write(file, next, size);

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			return false;
		next += count;
		size -= (size_t)count;
	}
	return true;
}

/* A plain file would take the place of a device, a pipe, or what our own output goes to, were it
 * renamed over it: as root that of /dev/null, for everybody. -1: `path` is nothing of the kind. */
static int open_in_place(const char *path, bool *in_place)
{
	struct stat status, output;

	*in_place = false;
	if (stat(path, &status))
		return -1;
	*in_place = true;
	for (int file = STDOUT_FILENO; file <= STDERR_FILENO; file++)
		if (!fstat(file, &output) && output.st_dev == status.st_dev &&
		    output.st_ino == status.st_ino)
			return fcntl(file, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	*in_place = S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode);
	return *in_place ? open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY) : -1;
}

static bool save_in_place(int file, const char *path, const void *bytes, size_t size)
{
	bool good = file >= 0 && write_all(file, bytes, size);

	if (!good)
		complain("%s: cannot be written: %s", path, strerror(errno));
	if (file >= 0)
		close(file);
	return good;
}

static bool save_whole(struct arena *arena, const char *path, const void *bytes, size_t size)
{
	char *temporary = arena_printf(arena, "%s.XXXXXX", path);
	int file = mkostemp(temporary, O_CLOEXEC);
	bool good;
	int error;

	if (file < 0) {
		complain("%s: cannot be written: %s", path, strerror(errno));
		return false;
	}
	good = write_all(file, bytes, size) && !fchmod(file, 0644) && !fsync(file);
	error = errno;
	if (close(file) && good) {
		good = false;
		error = errno;
	}
	if (good && rename(temporary, path)) {
		good = false;
		error = errno;
	}
	if (!good) {
		unlink(temporary);
		complain("%s: cannot be written: %s", path, strerror(error));
	}
	return good;
}

bool save_file(struct arena *arena, const char *path, const void *bytes, size_t size)
{
	bool in_place;
	int file = open_in_place(path, &in_place);

	if (in_place)
		return save_in_place(file, path, bytes, size);
	return save_whole(arena, path, bytes, size);
}

const char *temporary_directory(struct arena *arena)
{
	const char *place = getenv("TMPDIR");
	char *path;

	if (!place || *place != '/')
		place = "/tmp";
	path = arena_printf(arena, "%s/sandboxctl.XXXXXX", place);
	if (mkdtemp(path) && !chmod(path, 0755))
		return path;
	complain("no directory can be made in %s: %s", place, strerror(errno));
	return NULL;
}
