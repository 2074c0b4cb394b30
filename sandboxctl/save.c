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

bool save_file(struct arena *arena, const char *path, const void *bytes, size_t size)
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
