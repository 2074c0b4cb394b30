/* rehearse.c - what ld.so will do with the library; see rehearse.h. */
#include "rehearse.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ANSWER_MAX = 1 << 16, NOT_EXECUTED = 127 };

static void list_objects(const char *program, char **argv, int output)
{
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	if (!setenv("LD_TRACE_LOADED_OBJECTS", "1", 1))
		execv(program, argv);
	_exit(NOT_EXECUTED);
}

static size_t read_answer(int file, char *text, size_t size)
{
	size_t got = 0;
	ssize_t count;

	while (got < size - 1 && (count = read(file, text + got, size - 1 - got)) != 0) {
		if (count > 0)
			got += (size_t)count;
		else if (errno != EINTR)
			break;
	}
	text[got] = '\0';
	return got;
}

/* The line with `part`, without its end; NULL: there is none. */
static const char *line_with(struct arena *arena, const char *text, const char *part)
{
	const char *at = strstr(text, part), *start = at;

	if (!at)
		return NULL;
	while (start > text && start[-1] != '\n')
		start--;
	return arena_strndup(arena, start, strcspn(start, "\n"));
}

const char *rehearse(struct arena *arena, const char *program, char **argv, const char *library)
{
	char *text = arena_alloc(arena, ANSWER_MAX, 1);
	int ends[2], status = 0;
	const char *says;
	pid_t child;

	if (pipe(ends))
		return strerror(errno);
	fflush(NULL);
	child = fork();
	if (!child) {
		close(ends[0]);
		list_objects(program, argv, ends[1]);
	}
	close(ends[1]);
	read_answer(ends[0], text, ANSWER_MAX);
	close(ends[0]);
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (strstr(text, arena_printf(arena, "\t%s (0x", library)))
		return NULL;
	says = line_with(arena, text, "ld.so: object");
	return says ? says
		    : arena_printf(arena, "its loader does not list %s among what it loads",
				   library);
}
