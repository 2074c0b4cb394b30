/* cxxname.c - the symbols that a C++ name means.
 *
 * What it does: asks `sandboxctl functions`, which can demangle.
 * What it must not do: demangle, or be asked while a symbol of that very name is there.
 *
 * Contract: load. Spawns.
 */
#include "trigger/cxxname.h"

#include <sys/stat.h>

#include "command.h"
#include "raw.h"
#include "report/line.h"
#include "report/report.h"
#include "scratch.h"

bool cxx_is_name(const char *name)
{
	for (; *name; name++) {
		if (*name == '(' || *name == '<' || *name == ' ' || *name == '~' ||
		    (name[0] == ':' && name[1] == ':'))
			return true;
	}
	return false;
}

bool cxx_is_no_symbol(const char *name)
{
	for (; *name; name++) {
		if (*name == ' ' || (name[0] == ':' && name[1] == ':'))
			return true;
	}
	return false;
}

/* All of the file, and two NULs. */
static char *read_text(int fd)
{
	struct stat st = { 0 };
	long done = 0, n = 1;
	char *text;

	raw(fstat, fd, &st);
	text = scratch_take((uint64_t)st.st_size + 2);
	while (done < st.st_size && n > 0) {
		n = raw(pread64, fd, text + done, st.st_size - done, done);
		done += n > 0 ? n : 0;
	}
	raw(close, fd);
	return text;
}

static char *cut(char *text, char end)
{
	while (*text && *text != end)
		text++;
	if (*text)
		*text++ = '\0';
	return text;
}

/* Lines of a symbol, a tab and a C++ name. Leaves only the symbols, each with its NUL. */
static void split(char *text, struct line *candidates)
{
	char *to = text, *symbol, *name, *last = NULL;

	while (*text) {
		symbol = text;
		name = cut(symbol, '\t');
		text = cut(name, '\n');
		if (!last || !text_equal(last, name)) {
			line_text(candidates, last ? ", \"" : "\"");
			line_text(candidates, name);
			line_char(candidates, '"');
		}
		last = name;
		do
			*to++ = *symbol;
		while (*symbol++);
	}
	*to = '\0';
}

enum cxx_result cxx_symbols(const char *path, const char *name, const char **symbols,
			    struct line *candidates)
{
	const char *argv[] = { command_find(), "functions", "--symbols", "--", path, name, NULL };
	char *text;
	int status, fd;

	if (!argv[0])
		return CXX_NO_COMMAND;
	status = command_run(argv, "give the function's mangled name in the trigger", &fd);
	if (status != 0 && status != 1 << 8)
		report_fatal("sandboxctl functions does not read ", path, NULL);
	text = read_text(fd);
	split(text, candidates);
	*symbols = text;
	if (status)
		return *text ? CXX_SEVERAL : CXX_NONE;
	return CXX_FOUND;
}
