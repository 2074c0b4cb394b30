/* news.c - the file that the library in every process appends its events to; see news.h. */
#include "watched/news.h"

#include "save.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 1 << 16 };

static const char prefix[] = "sandboxctl.run.";

/* --- what was left by a run that was killed --------------------------------------------------- */

static bool is_ours(int file, mode_t kind)
{
	struct stat status;

	return !fstat(file, &status) && status.st_uid == geteuid() &&
	       (status.st_mode & S_IFMT) == kind;
}

static void sweep_one(int place, const char *name)
{
	int directory = openat(place, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int file = -1;

	if (directory >= 0 && is_ours(directory, S_IFDIR))
		file = openat(directory, "events", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (file >= 0 && is_ours(file, S_IFREG) && !flock(file, LOCK_EX | LOCK_NB) &&
	    !unlinkat(directory, "events", 0))
		unlinkat(place, name, AT_REMOVEDIR);
	if (file >= 0)
		close(file);
	if (directory >= 0)
		close(directory);
}

static void sweep(const char *path)
{
	DIR *place = opendir(path);
	struct dirent *entry;

	while (place && (entry = readdir(place)))
		if (!strncmp(entry->d_name, prefix, sizeof(prefix) - 1))
			sweep_one(dirfd(place), entry->d_name);
	if (place)
		closedir(place);
}

/* --- the file --------------------------------------------------------------------------------- */

/* Others may pass through the directory, but not list it, and append to the file, but not read. */
static bool make_file(struct news *news)
{
	const char *place = getenv("TMPDIR");
	char fresh[sizeof(news->path)];
	int error;

	if (!place || *place != '/')
		place = "/tmp";
	sweep(place);
	snprintf(news->directory, sizeof(news->directory), "%s/%sXXXXXX", place, prefix);
	if (!mkdtemp(news->directory)) {
		news->directory[0] = '\0';
		return false;
	}
	snprintf(news->path, sizeof(news->path), "%s/events", news->directory);
	/* It has its name when it is locked, not before: others sweep, too. Where files cannot be
	 * locked nobody does. */
	snprintf(fresh, sizeof(fresh), "%s/fresh", news->directory);
	news->file = open(fresh, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	news->end = open(fresh, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (news->end >= 0)
		flock(news->end, LOCK_SH | LOCK_NB);
	if (news->file >= 0 && news->end >= 0 && !fchmod(news->file, 0622) &&
	    !rename(fresh, news->path))
		return !chmod(news->directory, 0711);
	error = errno;
	unlink(fresh);
	errno = error;
	return false;
}

static bool open_copies(struct news *news, const char *const copies[NEWS_COPIES])
{
	static const int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY;

	for (int i = 0; i < NEWS_COPIES; i++) {
		if (!copies[i])
			continue;
		news->copies[i] = open(copies[i], flags, 0644);
		if (news->copies[i] < 0)
			return false;
	}
	return true;
}

static void forget(struct news *news)
{
	*news = (struct news){ .file = -1, .end = -1, .watch = -1, .copies = { -1, -1 } };
}

bool news_open(struct news *news, const char *const copies[NEWS_COPIES], const char **why)
{
	forget(news);
	if (open_copies(news, copies) && make_file(news))
		news->watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (news->watch >= 0 && inotify_add_watch(news->watch, news->path, IN_MODIFY) >= 0)
		return true;
	*why = strerror(errno);
	news_close(news);
	return false;
}

/* --- reading ---------------------------------------------------------------------------------- */

static void take_line(const char *line, size_t length,
		      void (*take)(void *argument, const json_t *event), void *argument)
{
	json_t *event = json_loadb(line, length, 0, NULL);

	/* Whoever finds the path may write to it: what is no event is none. */
	if (json_is_object(event))
		take(argument, event);
	json_decref(event);
}

static void take_lines(struct news *news, void (*take)(void *argument, const json_t *event),
		       void *argument)
{
	char *line = news->rest, *end = news->rest + news->length, *newline;

	while ((newline = memchr(line, '\n', (size_t)(end - line)))) {
		take_line(line, (size_t)(newline - line), take, argument);
		line = newline + 1;
	}
	news->length = (size_t)(end - line);
	memmove(news->rest, line, news->length);
}

static bool make_room(struct news *news)
{
	char *more;

	if (news->room - news->length >= CHUNK)
		return true;
	more = realloc(news->rest, news->room * 2 + CHUNK);
	if (!more)
		return false;
	news->rest = more;
	news->room = news->room * 2 + CHUNK;
	return true;
}

/* Behind a line that is not whole nothing more shall stand. */
static void copy(struct news *news, const char *bytes, size_t size)
{
	for (int i = 0; i < NEWS_COPIES; i++)
		if (news->copies[i] >= 0 && !news->copy_errors[i] &&
		    !write_all(news->copies[i], bytes, size))
			news->copy_errors[i] = errno;
}

void news_read(struct news *news, void (*take)(void *argument, const json_t *event), void *argument)
{
	char ignored[CHUNK / 16];
	ssize_t count;

	while (read(news->watch, ignored, sizeof(ignored)) > 0)
		;
	while (make_room(news) && (count = read(news->file, news->rest + news->length,
						news->room - news->length)) > 0) {
		copy(news, news->rest + news->length, (size_t)count);
		news->length += (size_t)count;
		take_lines(news, take, argument);
	}
}

void news_close(struct news *news)
{
	if (news->file >= 0)
		unlink(news->path);
	if (news->directory[0])
		rmdir(news->directory);
	if (news->file >= 0)
		close(news->file);
	if (news->end >= 0)
		close(news->end);
	if (news->watch >= 0)
		close(news->watch);
	for (int i = 0; i < NEWS_COPIES; i++)
		if (news->copies[i] >= 0)
			close(news->copies[i]);
	free(news->rest);
	forget(news);
}
