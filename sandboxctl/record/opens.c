/* opens.c - from the flags of files that were opened to those that a line allows; see opens.h. */
#include "opens.h"

#include <fcntl.h>

/* Opens a file with these to read it, and nothing becomes of the file. */
static const uint64_t reading = O_ACCMODE | O_CREAT | O_TRUNC;

/* O_TMPFILE without a mode for writing fails, and O_DIRECTORY, a bit of it, is for reading. */
static uint64_t of_mode(uint64_t mode)
{
	return mode == O_RDONLY ? O_ACCMODE : O_ACCMODE | O_TMPFILE;
}

struct open_kind open_kind(uint64_t flags, bool exact)
{
	static const uint64_t fresh = O_CREAT | O_EXCL;
	uint64_t mode = flags & O_ACCMODE;
	uint64_t bits = of_mode(mode) | O_CREAT | O_TRUNC;

	if (!(flags & reading))
		return (struct open_kind){ reading, O_RDONLY };
	if (exact) {
		bits |= O_EXCL | O_APPEND;
		return (struct open_kind){ bits, flags & bits };
	}
	/* A file that nobody had: how it is written says nothing. */
	if ((flags & O_TMPFILE) == O_TMPFILE)
		return (struct open_kind){ O_TMPFILE, O_TMPFILE };
	if ((flags & fresh) == fresh)
		return (struct open_kind){ fresh, fresh };
	/* Who makes or empties files may as well not, and who writes anywhere, at the end only. */
	bits &= ~(flags & (O_CREAT | O_TRUNC));
	if (mode != O_RDONLY && flags & O_APPEND)
		bits |= O_APPEND;
	return (struct open_kind){ bits, flags & bits };
}

bool open_kind_is_in(struct open_kind kind, struct open_kind other)
{
	return !(other.bits & ~kind.bits) && (kind.are & other.bits) == other.are;
}

/* --- text ------------------------------------------------------------------------------------- */

static const struct {
	uint64_t bits;
	const char *name;
} names[] = {
	{ O_ACCMODE, "O_ACCMODE" }, { O_WRONLY, "O_WRONLY" },	{ O_RDWR, "O_RDWR" },
	{ O_CREAT, "O_CREAT" },	    { O_EXCL, "O_EXCL" },	{ O_TRUNC, "O_TRUNC" },
	{ O_APPEND, "O_APPEND" },   { O_TMPFILE, "O_TMPFILE" }, { O_DIRECTORY, "O_DIRECTORY" },
};

/* `text`: what is said before. */
static const char *bits_text(struct arena *arena, const char *text, uint64_t bits)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if ((bits & names[i].bits) != names[i].bits)
			continue;
		text = arena_printf(arena, "%s%s%s", text, *text ? "|" : "", names[i].name);
		bits &= ~names[i].bits;
	}
	return bits ? arena_printf(arena, "%s%s0x%llx", text, *text ? "|" : "",
				   (unsigned long long)bits)
		    : text;
}

const char *open_kind_text(struct arena *arena, struct open_kind kind, const char *argument)
{
	if (kind.bits == kind.are)
		return arena_printf(arena, "%s has %s", argument, bits_text(arena, "", kind.bits));
	return arena_printf(arena, "%s & (%s) == %s", argument, bits_text(arena, "", kind.bits),
			    bits_text(arena, kind.are & O_ACCMODE ? "" : "O_RDONLY", kind.are));
}
