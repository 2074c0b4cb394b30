/* launch.c - a program with the library in it; see launch.h. */
#include "launch.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SCRIPTS_MAX = 4 };

/* --- can the library be in it? ---------------------------------------------------------------- */

static const char *check_elf(int file, const Elf64_Ehdr *header)
{
	const unsigned machine = ARCH_NATIVE == ARCH_X86_64 ? EM_X86_64 : EM_AARCH64;

	if (header->e_ident[EI_CLASS] != ELFCLASS64)
		return "is a 32-bit program: libsandbox.so cannot be loaded into it";
	if (header->e_ident[EI_DATA] != ELFDATA2LSB || header->e_machine != machine)
		return "is a program for another kind of machine";
	for (unsigned i = 0; i < header->e_phnum; i++) {
		Elf64_Phdr segment;
		off_t at = (off_t)(header->e_phoff + (uint64_t)i * header->e_phentsize);

		if (pread(file, &segment, sizeof(segment), at) != sizeof(segment))
			return "has a damaged ELF header";
		if (segment.p_type == PT_INTERP)
			return NULL;
	}
	return "is linked statically: no library can be loaded into it";
}

/* The path after "#!", in place. */
static const char *script_interpreter(char *text)
{
	char *path = text + 2 + strspn(text + 2, " \t");

	path[strcspn(path, " \t\r\n")] = '\0';
	return path;
}

static const char *check_program(struct session *session, const char *path, unsigned depth);

static const char *check_open(struct session *session, int file, const char *path, unsigned depth)
{
	union {
		Elf64_Ehdr header;
		char text[PATH_MAX + 1];
	} start;
	struct stat status;
	const char *why;
	ssize_t size;

	memset(&start, 0, sizeof(start));
	if (fstat(file, &status))
		return strerror(errno);
	if (!S_ISREG(status.st_mode))
		return "is not a regular file";
	size = pread(file, start.text, sizeof(start.text) - 1, 0);
	if (size < 0)
		return strerror(errno);
	if (size > 2 && !strncmp(start.text, "#!", 2)) {
		const char *next = script_interpreter(start.text);

		if (depth == SCRIPTS_MAX)
			return "is a script of a script of a script: too many interpreters";
		why = check_program(session, next, depth + 1);
		return why ? arena_printf(&session->arena, "its interpreter %s %s", next, why)
			   : NULL;
	}
	if (status.st_mode & (S_ISUID | S_ISGID))
		return "is set-user-id or set-group-id: the loader ignores LD_PRELOAD there";
	if ((size_t)size < sizeof(start.header) || memcmp(start.header.e_ident, ELFMAG, SELFMAG))
		return "is neither an ELF program nor a script with '#!'";
	return check_elf(file, &start.header);
}

/* NULL, or why the program cannot run with the library in it. */
static const char *check_program(struct session *session, const char *path, unsigned depth)
{
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	const char *why;

	if (file < 0)
		return errno == EACCES ? "cannot be read, so it cannot be judged" : strerror(errno);
	why = check_open(session, file, path, depth);
	close(file);
	return why;
}

const char *launch_check(struct session *session, const char *path)
{
	return check_program(session, path, 0);
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
