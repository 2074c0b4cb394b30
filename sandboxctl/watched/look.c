/* look.c - what /proc says of a process that waits for our answer; see look.h. */
#include "look.h"

#include "reach.h"
#include "record/remote.h"

#include <elf.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

enum { STATUS_SIZE = 8192, ENVIRONMENT_MAX = 4 << 20, AUXV_MAX = 4096 };

bool look_at_ids(pid_t thread, pid_t *process, pid_t *parent)
{
	char status[STATUS_SIZE];

	if (!remote_file(thread, "status", status, sizeof(status)))
		return false;
	*process = (pid_t)status_number(status, "Tgid");
	*parent = (pid_t)status_number(status, "PPid");
	return *process > 0;
}

/* --- what is mapped --------------------------------------------------------------------------- */

/* "START-END PROT OFFSET MAJOR:MINOR INODE PATH": the path may be of another root, and where a
 * file system shows a device of its own in stat(2) the number is another. */
static bool line_is_library(const char *line, const struct stat *library)
{
	enum { FIELDS_BEFORE = 3, HEXADECIMAL = 16, DECIMAL = 10 };
	unsigned long major_, minor_;
	char *end;

	for (int i = 0; i < FIELDS_BEFORE; i++)
		line += strcspn(line, " ") + strspn(line + strcspn(line, " "), " ");
	major_ = strtoul(line, &end, HEXADECIMAL);
	if (*end != ':')
		return false;
	minor_ = strtoul(end + 1, &end, HEXADECIMAL);
	if (strtoul(end, &end, DECIMAL) != library->st_ino)
		return false;
	return makedev((unsigned)major_, (unsigned)minor_) == library->st_dev ||
	       strstr(end, "/libsandbox");
}

bool look_for_library(pid_t thread, const char *library)
{
	char path[64], *line = NULL;
	size_t size = 0;
	struct stat status;
	bool found = false;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)thread);
	maps = stat(library, &status) ? NULL : fopen(path, "re");
	while (maps && !found && getline(&line, &size, maps) > 0)
		found = line_is_library(line, &status);
	free(line);
	if (maps)
		fclose(maps);
	return found;
}

bool look_is_helper(pid_t thread, const char *library)
{
	static const char *const beside[] = { "sandboxctl", "../bin/sandboxctl",
					      "../../bin/sandboxctl" };
	int length = (int)(strrchr(library, '/') + 1 - library);
	char path[PATH_MAX];
	struct stat file, helper;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)thread);
	if (stat(path, &file))
		return false;
	for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++) {
		snprintf(path, sizeof(path), "%.*s%s", length, library, beside[i]);
		if (!stat(path, &helper) && helper.st_ino == file.st_ino &&
		    helper.st_dev == file.st_dev)
			return true;
	}
	return !stat("/proc/self/exe", &helper) && helper.st_ino == file.st_ino &&
	       helper.st_dev == file.st_dev;
}

/* --- its environment -------------------------------------------------------------------------- */

struct environment {
	char *bytes;
	size_t size;
};

static struct environment environment_of(pid_t thread)
{
	struct environment environment = { .bytes = malloc(ENVIRONMENT_MAX) };

	if (environment.bytes)
		environment.size =
			remote_file(thread, "environ", environment.bytes, ENVIRONMENT_MAX);
	return environment;
}

/* NULL: it has no such variable. */
static const char *variable(const struct environment *environment, const char *name)
{
	size_t length = strlen(name);

	for (size_t at = 0; at < environment->size; at += strlen(environment->bytes + at) + 1)
		if (!strncmp(environment->bytes + at, name, length) &&
		    environment->bytes[at + length] == '=')
			return environment->bytes + at + length + 1;
	return NULL;
}

/* The kernel says so to the loader when a program gains rights. */
static bool gains_rights(pid_t thread)
{
	char bytes[AUXV_MAX];
	size_t size = remote_file(thread, "auxv", bytes, sizeof(bytes));
	Elf64_auxv_t item;

	for (size_t at = 0; at + sizeof(item) <= size; at += sizeof(item)) {
		memcpy(&item, bytes + at, sizeof(item));
		if (item.a_type == AT_SECURE)
			return item.a_un.a_val != 0;
	}
	return false;
}

static const char *loader_says(struct arena *arena, pid_t thread, const char *library)
{
	char root[4096];
	const char *path = library, *why;

	if (remote_link(thread, "root", root, sizeof(root)) && strcmp(root, "/") != 0)
		path = arena_printf(arena, "/proc/%d/root%s", (int)thread, library);
	why = reach_library(arena, path);
	if (why && path != library)
		why = arena_printf(arena, "%s (below its root, %s): the library is not there",
				   library, root);
	return why ? why
		   : arena_printf(arena, "ld.so could not load %s: it said why on standard error",
				  library);
}

/* NULL: the library is in it. */
static const char *environment_lacks(const struct environment *environment, const char *library)
{
	const char *preload = variable(environment, "LD_PRELOAD");

	if (!preload)
		return "has no LD_PRELOAD in its environment: whoever started it took it out";
	if (!strstr(preload, library))
		return "has another LD_PRELOAD in its environment: whoever started it changed it";
	return NULL;
}

const char *look_why_not(struct arena *arena, pid_t thread, const char *library)
{
	struct environment environment = environment_of(thread);
	const char *why = environment_lacks(&environment, library);

	free(environment.bytes);
	if (gains_rights(thread))
		return "is set-user-id or the like, or its effective user was another than its "
		       "real one "
		       "when it was started: the loader ignores LD_PRELOAD there";
	return why ? why : loader_says(arena, thread, library);
}

const char *look_why_silent(pid_t thread, const char *report)
{
	struct environment environment = environment_of(thread);
	const char *value = variable(&environment, "SANDBOX_REPORT"), *why = NULL;
	const char *mode = variable(&environment, "SANDBOX_MODE");

	if (gains_rights(thread))
		why = "is set-user-id or the like, or its effective user was another than its real "
		      "one "
		      "when it was started: the library reads no variables there";
	else if (mode && !strcmp(mode, "off"))
		why = "has SANDBOX_MODE=off in its environment";
	else if (!value || strcmp(value, report) != 0)
		why = "has no SANDBOX_REPORT of ours in its environment: whoever started it took "
		      "it out, so the library could not report";
	free(environment.bytes);
	return why;
}
