/* harness.c - of which test of a suite a process is; see harness.h. */
#include "harness.h"

#include "record/remote.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ENVIRONMENT_SIZE = 256 * 1024, WORDS_SIZE = 4096, ANCESTORS_MAX = 32, NAME_SIZE = 64 };

/* --- variables -------------------------------------------------------------------------------- */

/* "NAME=" in the environment, or NULL. */
static const char *variable(const char *environment, size_t size, const char *name)
{
	const char *end = environment + size;
	size_t length = strlen(name);

	for (; environment < end; environment += strlen(environment) + 1)
		if (!strncmp(environment, name, length) && environment[length] == '=')
			return environment + length + 1;
	return NULL;
}

static int digit(char character)
{
	const char *digits = "0123456789abcdef", *at = strchr(digits, character);

	return character && at ? (int)(at - digits) : -1;
}

/* bats: test_a_title-2c_in_one_word, where "-2d5f" is an underscore. */
static const char *bats_title(struct arena *arena, const char *name)
{
	static const char before[] = "test_", underscore[] = "-2d5f";
	char *text, *out;

	if (strncmp(name, before, strlen(before)) != 0)
		return name;
	name += strlen(before);
	text = out = arena_strndup(arena, name, strlen(name));
	while (*name) {
		if (!strncmp(name, underscore, strlen(underscore))) {
			*out++ = '_';
			name += strlen(underscore);
		} else if (*name == '-' && digit(name[1]) >= 0 && digit(name[2]) >= 0) {
			*out++ = (char)(digit(name[1]) * 16 + digit(name[2]));
			name += 3;
		} else {
			*out++ = *name == '_' ? ' ' : *name;
			name++;
		}
	}
	*out = '\0';
	return text;
}

/* pytest: "tests/test_a.py::test_b (call)" */
static const char *pytest_name(struct arena *arena, const char *name)
{
	const char *stage = strrchr(name, ' ');

	return stage && stage[1] == '(' ? arena_strndup(arena, name, (size_t)(stage - name)) : name;
}

static const char *as_it_is(struct arena *arena, const char *name)
{
	(void)arena;
	return name;
}

static const struct {
	const char *name;
	const char *(*title)(struct arena *arena, const char *value);
} variables[] = {
	{ "SANDBOX_TEST", as_it_is }, /* for everybody else: the suite says it */
	{ "PYTEST_CURRENT_TEST", pytest_name },
	{ "BATS_TEST_NAME", bats_title },
};

/* --- ancestors -------------------------------------------------------------------------------- */

/* What these start themselves is a test. */
static const char *const harnesses[] = { "ctest", "prove" };

static pid_t parent_of(pid_t pid, char name[NAME_SIZE])
{
	char status[WORDS_SIZE];
	const char *at;
	size_t length;

	*name = '\0';
	if (!remote_file(pid, "status", status, sizeof(status)))
		return 0;
	at = strstr(status, "Name:\t");
	length = at ? strcspn(at + 6, "\n") : 0;
	if (at && length < NAME_SIZE) {
		memcpy(name, at + 6, length);
		name[length] = '\0';
	}
	return (pid_t)status_number(status, "PPid");
}

static bool is_harness(const char *name)
{
	for (size_t i = 0; i < sizeof(harnesses) / sizeof(harnesses[0]); i++)
		if (!strcmp(name, harnesses[i]))
			return true;
	return false;
}

static const char *words_of(struct arena *arena, pid_t pid)
{
	char words[WORDS_SIZE];
	size_t size = remote_file(pid, "cmdline", words, sizeof(words));

	return plain_words(arena, words, size);
}

static const char *test_by_ancestor(struct arena *arena, pid_t pid)
{
	char name[NAME_SIZE];
	pid_t child = 0;

	for (unsigned i = 0; pid > 1 && i < ANCESTORS_MAX; i++) {
		pid_t parent = parent_of(pid, name);

		if (child && is_harness(name))
			return words_of(arena, child);
		child = pid;
		pid = parent;
	}
	return NULL;
}

/* --- both ------------------------------------------------------------------------------------- */

static const char *test_by_variable(struct arena *arena, const char *environment, size_t size)
{
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		const char *value = variable(environment, size, variables[i].name);

		if (value && *value)
			return plain(arena, variables[i].title(arena, value));
	}
	return NULL;
}

struct background background_of(struct arena *arena, pid_t pid, const char *library)
{
	char *environment = malloc(ENVIRONMENT_SIZE);
	struct background background = { .command = words_of(arena, pid) };
	const char *preload;
	size_t size;

	if (!environment)
		return background;
	size = remote_file(pid, "environ", environment, ENVIRONMENT_SIZE);
	preload = variable(environment, size, "LD_PRELOAD");
	background.has_library = preload && strstr(preload, library);
	background.test = test_by_variable(arena, environment, size);
	free(environment);
	if (!background.test)
		background.test = test_by_ancestor(arena, pid);
	return background;
}
