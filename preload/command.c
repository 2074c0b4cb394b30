/* command.c - running sandboxctl while the library is loaded.
 *
 * What it does: finds the command beside the library or where it was installed, and runs it in a
 * child without the variables that would load libraries into it.
 * What it must not do: write to disk: what the command writes is taken from a memory file.
 *
 * Contract: load. Spawns.
 */
#include "command.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report/line.h"
#include "report/report.h"
#include "scratch.h"
#include "signals.h"

extern char **environ;

const char *command_library_directory(void)
{
	static const char here;
	Dl_info info;

	return dladdr(&here, &info) && info.dli_fname ? scratch_directory(info.dli_fname) : "";
}

const char *command_find(void)
{
	static const char *const beside[] = { "/sandboxctl", "/../bin/sandboxctl",
					      "/../../bin/sandboxctl" };
	char *path;

	for (unsigned i = 0; i < sizeof(beside) / sizeof(*beside); i++) {
		path = scratch_join(command_library_directory(), beside[i], "");
		if (!access(path, X_OK))
			return path;
	}
	return access(BINDIR "/sandboxctl", X_OK) ? NULL : BINDIR "/sandboxctl";
}

/* The environment without what would load libraries into the compiler, this one above all. */
static char **clean_environment(void)
{
	size_t n = 0, kept = 0;
	char **clean;

	while (environ[n])
		n++;
	clean = scratch_take((n + 1) * sizeof(*clean));
	for (size_t i = 0; i < n; i++) {
		if (strncmp(environ[i], "LD_PRELOAD=", 11) != 0 &&
		    strncmp(environ[i], "LD_AUDIT=", 9) != 0)
			clean[kept++] = environ[i];
	}
	clean[kept] = NULL;
	return clean;
}

static pid_t spawn(const char *const argv[], int output)
{
	posix_spawn_file_actions_t actions;
	pid_t child;
	int error;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, output, 1);
	error = posix_spawn(&child, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv,
			    clean_environment());
	posix_spawn_file_actions_destroy(&actions);
	if (error)
		report_fatal_errno(-error, "cannot run ", argv[0], NULL);
	return child;
}

static int wait_for(pid_t child)
{
	int status = 0;

	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			report_fatal_errno(-errno, "cannot wait for sandboxctl", NULL);
	}
	return status;
}

static void do_nothing(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)info;
	(void)context;
}

/* A lock that reports keeps its handler: whoever is under one is told that it was replaced, and it
 * was not. */
static bool is_under_lock(void)
{
	const struct action ours = action_handler(do_nothing);
	struct action before, now = { 0 };

	if (action_get(SIGSYS, &before) || action_put(SIGSYS, &ours) || action_get(SIGSYS, &now))
		return false;
	action_put(SIGSYS, &before);
	return now.handler != ours.handler;
}

/* What that lock denies ends this process without another word. */
static void warn_under_lock(const char *instead)
{
	const struct report_field fields[] = { { "instead", instead, 0 }, { 0 } };
	struct line line = { 0 };

	if (!is_under_lock())
		return;
	line_text(&line, "needs sandboxctl under the lock that it was started under, and dies if "
			 "that is denied; ");
	line_text(&line, instead);
	line.text[line.length] = '\0';
	report_event("needs sandboxctl", fields, line.text, true);
}

/* Where SIGCHLD is ignored the kernel keeps no status of a child that ends, so it is not, for a
 * moment. */
int command_run(const char *const argv[], const char *instead, int *output)
{
	const struct action standard = { 0 };
	struct action before;
	int status;

	warn_under_lock(instead);
	*output = memfd_create("libsandbox", MFD_CLOEXEC);
	if (*output < 0)
		report_fatal_errno(-errno, "cannot make a memory file for sandboxctl (", instead,
				   ")", NULL);
	action_get(SIGCHLD, &before);
	action_put(SIGCHLD, &standard);
	status = wait_for(spawn(argv, *output));
	action_put(SIGCHLD, &before);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		report_fatal(
			"the lock that this program was started under lets no sandboxctl run; ",
			instead, NULL);
	return status;
}
