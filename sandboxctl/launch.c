/* launch.c - a program with the library in it; see launch.h. */
#include "launch.h"

#include "reach.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *launch_check(struct session *session, const char *path)
{
	const char *why = NULL;

	return reach_program(&session->arena, "", path, &why) == REACH_CAN ? NULL : why;
}

const char *launch_find(struct session *session, const char *name)
{
	const char *path = getenv("PATH");

	if (strchr(name, '/'))
		return access(name, F_OK) ? NULL : name;
	if (!path)
		path = "/bin:/usr/bin";
	while (*name) {
		size_t length = strcspn(path, ":");
		const char *file = arena_printf(&session->arena, "%.*s%s%s", (int)length, path,
						length ? "/" : "./", name);
		struct stat status;

		if (!access(file, X_OK) && !stat(file, &status) && S_ISREG(status.st_mode))
			return file;
		if (!path[length])
			break;
		path += length + 1;
	}
	return NULL;
}

/* --- where the library is --------------------------------------------------------------------- */

const char *launch_library(struct session *session)
{
	const char *own = session->files.own;
	const char *const places[] = {
		arena_printf(&session->arena, "%s/libsandbox.so", own),
		arena_printf(&session->arena, "%s/../lib/libsandbox.so", own),
#ifdef LIBDIR
		LIBDIR "/libsandbox.so",
#endif
		"/usr/local/lib/libsandbox.so",
		"/usr/lib/libsandbox.so",
	};
	char absolute[PATH_MAX];

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (!access(places[i], R_OK) && realpath(places[i], absolute))
			return arena_strndup(&session->arena, absolute, strlen(absolute));
	return NULL;
}

bool launch_environment(struct session *session, const char *library, const char *policy)
{
	const char *others = getenv("LD_PRELOAD");

	if (strpbrk(library, " :")) {
		complain("%s: the loader cannot preload from a path with blanks or colons",
			 library);
		return false;
	}
	if (others && *others)
		library = arena_printf(&session->arena, "%s %s", library, others);
	if (setenv("LD_PRELOAD", library, 1) || (policy && setenv("SANDBOX_POLICY", policy, 1))) {
		complain("the environment is full");
		return false;
	}
	return true;
}
