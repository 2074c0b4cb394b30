/* step_paths.c - paths as policies write them, and which lies beneath which; see steps.h. */
#include "steps.h"

#include <string.h>

static const char backslash[] = "a backslash stands before three octal digits: \\040 is a blank";

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* One byte of a path, and how many it takes in the text; 0: that is no byte. */
static size_t path_byte(const char *text, char *byte)
{
	unsigned value;

	*byte = *text;
	if (*text != '\\')
		return 1;
	if (!is_octal(text[1]) || !is_octal(text[2]) || !is_octal(text[3]))
		return 0;
	value = (unsigned)(text[1] - '0') * 64 + (unsigned)(text[2] - '0') * 8 +
		(unsigned)(text[3] - '0');
	*byte = (char)value;
	return value && value <= UINT8_MAX ? 4 : 0;
}

char *read_bytes(struct context *context, const struct word *word, const char *at)
{
	char *plain = arena_strndup(context->arena, at, strlen(at)), *end = plain;

	for (size_t taken; *at; at += taken, end++) {
		taken = path_byte(at, end);
		if (taken)
			continue;
		diagnose(context->diagnostics, ERROR, word->place, "%s", backslash);
		return NULL;
	}
	*end = '\0';
	return plain;
}

static bool is_dots(const char *part, size_t length)
{
	return (length == 1 || length == 2) && !strncmp(part, "..", length);
}

/* Without empty parts and without a last '/'; false: there is a `.` or `..`. */
static bool tidy_path(char *path)
{
	char *end = path;

	for (const char *part = path; *part;) {
		size_t length = strcspn(part, "/");

		if (is_dots(part, length))
			return false;
		if (length) {
			*end++ = '/';
			memmove(end, part, length);
			end += length;
		}
		part += length + (part[length] == '/');
	}
	if (end == path)
		*end++ = '/';
	*end = '\0';
	return true;
}

const char *read_path(struct context *context, const struct word *word, const char *at)
{
	char *path = read_bytes(context, word, at);
	const char *wrong = NULL;

	if (!path)
		return NULL;
	if (*path != '/')
		wrong = "a path begins with '/'";
	else if (!tidy_path(path))
		wrong = "a path has no '.' and '..' in it: write where it leads to";
	else if (strlen(path) >= POLICYC_PATH_MAX)
		wrong = "a path has at most 4095 bytes";
	if (wrong)
		diagnose(context->diagnostics, ERROR, word->place, "%s", wrong);
	return wrong ? NULL : path;
}

const char *write_bytes(struct arena *arena, const char *plain, const char *marks)
{
	const char *text = "";

	while (*plain) {
		size_t unmarked = strcspn(plain, marks), shown = 0;

		while (shown < unmarked && plain[shown] > ' ' && plain[shown] < 0x7f)
			shown++;
		text = arena_printf(arena, "%s%.*s", text, (int)shown, plain);
		plain += shown;
		if (*plain)
			text = arena_printf(arena, "%s\\%03o", text, (unsigned char)*plain++);
	}
	return text;
}

const char *write_path(struct arena *arena, const char *path)
{
	return write_bytes(arena, path, "#\\");
}

uint64_t path_rights(enum statement_kind word)
{
	static const uint64_t rights[STATEMENT_KINDS] = {
		[STEP_READ] = POLICYC_FS_READ_FILE | POLICYC_FS_READ_DIR,
		[STEP_WRITE] = POLICYC_FS_WRITE_FILE | POLICYC_FS_TRUNCATE | POLICYC_FS_IOCTL_DEV,
		[STEP_CREATE] = POLICYC_FS_MAKE_REG | POLICYC_FS_MAKE_DIR | POLICYC_FS_MAKE_SYM |
				POLICYC_FS_MAKE_FIFO | POLICYC_FS_MAKE_SOCK |
				POLICYC_FS_REMOVE_FILE | POLICYC_FS_REMOVE_DIR | POLICYC_FS_REFER,
		[STEP_EXECUTE] = POLICYC_FS_EXECUTE,
	};

	return rights[word];
}

bool is_beneath(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	if (!strcmp(directory, "/"))
		return true;
	return !strncmp(path, directory, length) && (!path[length] || path[length] == '/');
}
