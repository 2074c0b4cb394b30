/* read.c - texts from files; see read.h. */
#include "read.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct file_entry {
	struct source source;
};

static const char *const suffixes[] = { [SOURCE_POLICY] = ".policy", [SOURCE_GROUP] = ".group" };

/* --- one file --------------------------------------------------------------------------------- */

static const char *read_all(struct arena *arena, int file, size_t size, struct source *source)
{
	/* One more than the size: a file that grows meanwhile is noticed. */
	char *text = arena_alloc(arena, size + 2, 1);
	size_t got = 0;
	ssize_t count;

	while ((count = read(file, text + got, size + 1 - got)) != 0) {
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return strerror(errno);
		got += (size_t)count;
		if (got > size)
			return "changes while it is read";
	}
	if (memchr(text, 0, got))
		return "is not a text: it has a byte 0";
	source->text = text;
	source->size = got;
	return NULL;
}

static bool is_foreign(const struct stat *status)
{
	return status->st_uid != 0 && status->st_uid != geteuid();
}

static const char *directory_of(struct arena *arena, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return ".";
	return arena_strndup(arena, path, slash == path ? 1 : (size_t)(slash - path));
}

/* Who may write a text, or choose what is found under its name, may lift the policy; the library
 * asks as much of the policy itself. */
static const char *owner_fault(struct arena *arena, const char *path, const struct stat *status)
{
	struct stat place;

	if (is_foreign(status))
		return "belongs to another user (chown it to root or to yourself)";
	if (status->st_mode & (S_IWGRP | S_IWOTH))
		return "can be written by others (chmod go-w)";
	if (!lstat(path, &place) && S_ISLNK(place.st_mode) && is_foreign(&place))
		return "is a link that belongs to another user";
	if (stat(directory_of(arena, path), &place))
		return strerror(errno);
	if (place.st_mode & (S_IWGRP | S_IWOTH) && !(place.st_mode & S_ISVTX))
		return "is in a directory that others can write (chmod go-w)";
	return NULL;
}

static const char *read_file(const struct files *files, const char *path, struct source *source)
{
	/* O_NONBLOCK: opening a FIFO must not wait for a writer. */
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;
	const char *why;

	if (file < 0)
		return strerror(errno);
	if (fstat(file, &status))
		why = strerror(errno);
	else if (S_ISDIR(status.st_mode))
		why = "is a directory";
	else if (!S_ISREG(status.st_mode))
		why = "is not a regular file";
	else if (status.st_size > TEXT_MAX_BYTES)
		why = "is larger than 16 MiB";
	else if (files->check_owner && owner_fault(files->arena, path, &status))
		why = owner_fault(files->arena, path, &status);
	else
		why = read_all(files->arena, file, (size_t)status.st_size, source);
	close(file);
	return why;
}

static const struct source *find_cached(const struct files *files, const char *path)
{
	for (size_t i = 0; i < files->cache_count; i++)
		if (!strcmp(files->cache[i].source.path, path))
			return &files->cache[i].source;
	return NULL;
}

/* The same file is the same source, by whatever way it was found. Entries are pointed to, so the
 * list must not move: it has room for as many as a policy may have. */
enum { FILES_MAX = 1024 };

static const struct source *load_path(struct files *files, const char *path, const char **why)
{
	char absolute[PATH_MAX];
	const struct source *cached;
	struct source *source;

	if (!realpath(path, absolute)) {
		*why = strerror(errno);
		return NULL;
	}
	cached = find_cached(files, absolute);
	if (cached)
		return cached;
	if (files->cache_count == FILES_MAX) {
		*why = "too many files";
		return NULL;
	}
	source = &files->cache[files->cache_count].source;
	source->name = arena_strndup(files->arena, path, strlen(path));
	source->path = arena_strndup(files->arena, absolute, strlen(absolute));
	*why = read_file(files, path, source);
	if (*why)
		return NULL;
	files->cache_count++;
	return source;
}

/* --- the search path -------------------------------------------------------------------------- */

static void add_directory(struct files *files, const char *path)
{
	if (*path)
		*ARENA_PUSH(files->arena, files->directories, files->directory_count) = path;
}

static void add_list(struct files *files, const char *list)
{
	while (list && *list) {
		size_t length = strcspn(list, ":");

		add_directory(files, arena_strndup(files->arena, list, length));
		list += length + (list[length] == ':');
	}
}

static const char *own_directory(struct arena *arena)
{
	char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (length <= 0)
		return "";
	path[length] = '\0';
	return directory_of(arena, path);
}

static const struct source *load_for(struct loader *loader, struct arena *arena,
				     enum source_kind kind, const char *name,
				     const struct source *from, const char **why);
static void nearest_for(struct loader *loader, enum source_kind kind, const struct source *from,
			struct nearest *nearest);

void files_begin(struct files *files, struct arena *arena)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	*files = (struct files){ .loader = { load_for, nearest_for },
				 .arena = arena,
				 .own = own_directory(arena) };
	files->cache = arena_alloc(arena, FILES_MAX, sizeof(files->cache[0]));
	add_list(files, getenv("SANDBOX_POLICY_PATH"));
	if (config && *config == '/')
		add_directory(files, arena_printf(arena, "%s/libsandbox/policies", config));
	else if (home && *home == '/')
		add_directory(files, arena_printf(arena, "%s/.config/libsandbox/policies", home));
	add_directory(files, "/etc/libsandbox/policies");
	if (*files->own) {
		add_directory(files, arena_printf(arena, "%s/policies", files->own));
		add_directory(files,
			      arena_printf(arena, "%s/../share/libsandbox/policies", files->own));
	}
#ifdef POLICYDIR
	add_directory(files, POLICYDIR);
#endif
}

/* --- names ------------------------------------------------------------------------------------ */

static const char *file_in(struct files *files, const char *directory, enum source_kind kind,
			   const char *name)
{
	const char *folder = kind == SOURCE_GROUP ? "groups/" : "";

	return arena_printf(files->arena, "%s/%s%s%s", directory, folder, name, suffixes[kind]);
}

/* The first directory that has the name decides, whether its file can be read or not. */
static const struct source *search(struct files *files, const char *first, enum source_kind kind,
				   const char *name, const char **why)
{
	for (size_t i = 0; i <= files->directory_count; i++) {
		const char *directory = i ? files->directories[i - 1] : first, *path;

		if (!directory)
			continue;
		path = file_in(files, directory, kind, name);
		if (!access(path, F_OK))
			return load_path(files, path, why);
	}
	*why = kind == SOURCE_GROUP ? "no group of this name was found"
				    : "no policy of this name was found";
	return NULL;
}

/* Policies that a text includes are beside it. Groups are in groups/ beside the policies, and
 * a group's own text is in there already. */
static const char *directory_for(struct files *files, enum source_kind kind,
				 const struct source *from)
{
	const char *name = from ? from->name : "", *directory;
	size_t length = strlen(name), suffix = strlen(suffixes[SOURCE_GROUP]);

	if (!from || !*from->path)
		return NULL;
	directory = directory_of(files->arena, name);
	if (kind == SOURCE_GROUP && length > suffix &&
	    !strcmp(name + length - suffix, suffixes[SOURCE_GROUP]))
		directory = directory_of(files->arena, directory);
	return directory;
}

static bool is_plain(const char *name)
{
	return *name && *name != '.' && strlen(name) <= NAME_MAX - 8 && !strchr(name, '/');
}

static const struct source *load_for(struct loader *loader, struct arena *arena,
				     enum source_kind kind, const char *name,
				     const struct source *from, const char **why)
{
	struct files *files = (struct files *)loader;

	(void)arena; /* texts outlive one resolution: they are in the files' own */
	if (!is_plain(name)) {
		*why = "is not a name that a file here can have";
		return NULL;
	}
	return search(files, directory_for(files, kind, from), kind, name, why);
}

const struct source *files_policy(struct files *files, const char *name, const char **why)
{
	size_t length = strlen(name), suffix = strlen(suffixes[SOURCE_POLICY]);
	bool is_path = strchr(name, '/') || (length > suffix && !strcmp(name + length - suffix,
									suffixes[SOURCE_POLICY]));

	if (is_path)
		return load_path(files, name, why);
	if (!is_plain(name)) {
		*why = "is neither a path nor a name";
		return NULL;
	}
	return search(files, NULL, SOURCE_POLICY, name, why);
}

static void try_names(struct files *files, const char *directory, const char *suffix,
		      struct nearest *nearest)
{
	DIR *stream = opendir(directory);
	struct dirent *entry;

	while (stream && (entry = readdir(stream))) {
		size_t length = strlen(entry->d_name), end = strlen(suffix);

		if (length > end && !strcmp(entry->d_name + length - end, suffix))
			nearest_try(nearest,
				    arena_strndup(files->arena, entry->d_name, length - end));
	}
	if (stream)
		closedir(stream);
}

static void nearest_for(struct loader *loader, enum source_kind kind, const struct source *from,
			struct nearest *nearest)
{
	struct files *files = (struct files *)loader;
	const char *first = directory_for(files, kind, from);

	for (size_t i = 0; i <= files->directory_count; i++) {
		const char *directory = i ? files->directories[i - 1] : first;

		if (directory && kind == SOURCE_GROUP)
			directory = arena_printf(files->arena, "%s/groups", directory);
		if (directory)
			try_names(files, directory, suffixes[kind], nearest);
	}
}

const struct source *files_text(struct files *files, const char *path, const char **why)
{
	return load_path(files, path, why);
}

const struct source *text_source(struct arena *arena, const char *name, const char *text)
{
	struct source *source = ARENA_NEW(arena, struct source);

	source->name = name;
	source->path = "";
	source->text = text;
	source->size = strlen(text);
	return source;
}
