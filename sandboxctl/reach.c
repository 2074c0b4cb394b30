/* reach.c - can the library be in a program? See reach.h. */
#include "reach.h"

#include "policy/policy.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SCRIPTS_MAX = 4 };

static const unsigned machine = ARCH_NATIVE == ARCH_X86_64 ? EM_X86_64 : EM_AARCH64;

struct judgement {
	struct arena *arena;
	const char *root;
	const char *why;
};

static enum reach_kind no(struct judgement *judgement, enum reach_kind kind, const char *why)
{
	judgement->why = why;
	return kind;
}

/* --- ELF -------------------------------------------------------------------------------------- */

/* glibc's are ld-linux-x86-64.so.2, ld-linux-aarch64.so.1; musl's ld-musl-x86_64.so.1. */
static enum reach_kind judge_loader(struct judgement *judgement, const char *loader)
{
	const char *slash = strrchr(loader, '/'), *name = slash ? slash + 1 : loader;
	const char *file = arena_printf(judgement->arena, "%s%s", judgement->root, loader);

	if (strncmp(name, "ld-linux-", strlen("ld-linux-")) != 0)
		return no(judgement, REACH_CANNOT,
			  arena_printf(judgement->arena,
				       "is for another C library than glibc (its loader is %s)",
				       loader));
	if (access(file, F_OK))
		return no(judgement, REACH_NO_PROGRAM,
			  arena_printf(judgement->arena, "needs the loader %s, which is not here",
				       loader));
	return REACH_CAN;
}

static enum reach_kind judge_segments(struct judgement *judgement, int file,
				      const Elf64_Ehdr *header)
{
	static const char damaged[] = "has a damaged ELF header";
	char loader[PATH_MAX] = "";

	for (unsigned i = 0; i < header->e_phnum; i++) {
		Elf64_Phdr segment;
		off_t at = (off_t)(header->e_phoff + (uint64_t)i * header->e_phentsize);

		if (pread(file, &segment, sizeof(segment), at) != sizeof(segment))
			return no(judgement, REACH_NO_PROGRAM, damaged);
		if (segment.p_type != PT_INTERP)
			continue;
		if (segment.p_filesz >= sizeof(loader) ||
		    pread(file, loader, segment.p_filesz, (off_t)segment.p_offset) !=
			    (ssize_t)segment.p_filesz)
			return no(judgement, REACH_NO_PROGRAM, damaged);
		return judge_loader(judgement, loader);
	}
	return no(judgement, REACH_CANNOT,
		  "is linked statically: no library can be loaded into it");
}

static const char *foreign(const Elf64_Ehdr *header)
{
	if (header->e_ident[EI_CLASS] != ELFCLASS64)
		return "is a 32-bit program: libsandbox.so cannot be loaded into it";
	if (header->e_ident[EI_DATA] != ELFDATA2LSB || header->e_machine != machine)
		return "is a program for another kind of machine";
	return NULL;
}

/* --- scripts ---------------------------------------------------------------------------------- */

/* The path after "#!", in place. */
static const char *script_interpreter(char *text)
{
	char *path = text + 2 + strspn(text + 2, " \t");

	path[strcspn(path, " \t\r\n")] = '\0';
	return path;
}

static enum reach_kind judge(struct judgement *judgement, const char *path, unsigned depth);

static enum reach_kind judge_script(struct judgement *judgement, char *text, unsigned depth)
{
	const char *next = script_interpreter(text);
	enum reach_kind kind;

	if (depth == SCRIPTS_MAX)
		return no(judgement, REACH_NO_PROGRAM,
			  "is a script of a script of a script: too many interpreters");
	kind = judge(judgement,
		     *next == '/' ? arena_printf(judgement->arena, "%s%s", judgement->root, next)
				  : next,
		     depth + 1);
	if (kind != REACH_CAN)
		judgement->why = arena_printf(judgement->arena, "its interpreter %s %s", next,
					      judgement->why);
	return kind;
}

/* --- files ------------------------------------------------------------------------------------ */

static enum reach_kind judge_open(struct judgement *judgement, int file, unsigned depth)
{
	union {
		Elf64_Ehdr header;
		char text[PATH_MAX + 1];
	} start;
	struct stat status;
	enum reach_kind kind;
	const char *why;
	ssize_t size;

	memset(&start, 0, sizeof(start));
	if (fstat(file, &status))
		return no(judgement, REACH_NO_PROGRAM, strerror(errno));
	if (!S_ISREG(status.st_mode))
		return no(judgement, REACH_NO_PROGRAM, "is not a regular file");
	size = pread(file, start.text, sizeof(start.text) - 1, 0);
	if (size < 0)
		return no(judgement, REACH_NO_PROGRAM, strerror(errno));
	if (size > 2 && !strncmp(start.text, "#!", 2))
		return judge_script(judgement, start.text, depth);
	if ((size_t)size < sizeof(start.header) || memcmp(start.header.e_ident, ELFMAG, SELFMAG))
		return no(judgement, REACH_NO_PROGRAM,
			  "is neither an ELF program nor a script with '#!'");
	why = foreign(&start.header);
	if (why)
		return no(judgement, REACH_CANNOT, why);
	kind = judge_segments(judgement, file, &start.header);
	if (kind == REACH_CAN && (status.st_mode & (S_ISUID | S_ISGID)))
		return no(judgement, REACH_SET_ID,
			  "is set-user-id or set-group-id: the loader ignores LD_PRELOAD there");
	return kind;
}

static enum reach_kind judge(struct judgement *judgement, const char *path, unsigned depth)
{
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	enum reach_kind kind;

	if (file < 0)
		return no(judgement, errno == EACCES ? REACH_CANNOT : REACH_NO_PROGRAM,
			  errno == EACCES ? "cannot be read, so it cannot be judged"
					  : strerror(errno));
	kind = judge_open(judgement, file, depth);
	close(file);
	return kind;
}

enum reach_kind reach_program(struct arena *arena, const char *root, const char *path,
			      const char **why)
{
	struct judgement judgement = { .arena = arena, .root = root };
	enum reach_kind kind = judge(&judgement, path, 0);

	*why = judgement.why;
	return kind;
}

const char *reach_library(struct arena *arena, const char *path)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	Elf64_Ehdr header;
	ssize_t size;

	if (file < 0)
		return arena_printf(arena, "%s: %s", path, strerror(errno));
	size = pread(file, &header, sizeof(header), 0);
	close(file);
	if (size != sizeof(header) || memcmp(header.e_ident, ELFMAG, SELFMAG))
		return arena_printf(arena, "%s: is no library", path);
	if (foreign(&header))
		return arena_printf(arena, "%s: is a library for another kind of machine", path);
	return NULL;
}
