/* callers.c - whose code made a call; see callers.h.
 *
 * Nearly every call is made by libc, so its own address says little. The return addresses above it
 * on the stack do: the first word there that points behind a call instruction in another object's
 * code is, as a rule, the one who asked libc. Words that were left behind by earlier calls can look
 * the same, so what comes out is a hint for people; no rule is made of it.
 */
#include "callers.h"

#include "remote.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STACK_WORDS = 1024, CALL_LONGEST = 7, MAPS_SIZE = 1 << 20, NAME_SIZE = 64 };

struct segment {
	uint64_t start, end;
	uint64_t base;	      /* where the object begins; 0: offsets are addresses */
	char name[NAME_SIZE]; /* of the object, without its directory */
	bool is_libc;
};

void callers_forget(struct process *process)
{
	free(process->segments);
	process->segments = NULL;
	process->segment_count = 0;
}

/* --- /proc/PID/maps --------------------------------------------------------------------------- */

static bool is_libc(const char *name)
{
	/* Allocators call nobody: what is found above them is left over. */
	static const char *const ours[] = { "libc.so",	     "libpthread.so", "ld-linux",
					    "libsandbox.so", "[vdso]",	      "libjemalloc",
					    "libtcmalloc",   "libmimalloc" };

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (!strncmp(name, ours[i], strlen(ours[i])))
			return true;
	return false;
}

/* A program that is not position independent is linked for the address where it is. */
static uint64_t base_of(pid_t pid, uint64_t first)
{
	Elf64_Ehdr header;

	if (remote_read(pid, first, &header, sizeof(header)) == sizeof(header) &&
	    !memcmp(header.e_ident, ELFMAG, SELFMAG) && header.e_type == ET_EXEC)
		return 0;
	return first;
}

static const char *object_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash)
		return slash + 1;
	return *path ? path : "[anonymous]";
}

static void add_segment(struct process *process, uint64_t start, uint64_t end, uint64_t first,
			const char *path)
{
	struct segment *segments =
		reallocarray(process->segments, process->segment_count + 1, sizeof(*segments));
	const char *name = object_name(path);

	if (!segments)
		return;
	process->segments = segments;
	segments += process->segment_count++;
	*segments = (struct segment){ .start = start,
				      .end = end,
				      .base = *path == '/' ? base_of(process->pid, first) : start,
				      .is_libc = is_libc(name) };
	snprintf(segments->name, sizeof(segments->name), "%s", name);
}

/* "START-END PERMISSIONS OFFSET DEVICE INODE PATH"; `first` is where the same file began. */
static void read_line(struct process *process, char *line, char *last_path, size_t size,
		      uint64_t *first)
{
	unsigned long start, end, offset;
	char permissions[5];
	int n, at = 0;

	/* NOLINTNEXTLINE(cert-err34-c): the kernel's own format */
	n = sscanf(line, "%lx-%lx %4s %lx %*s %*s %n", &start, &end, permissions, &offset, &at);
	if (n < 4 || !at)
		return;
	if (!offset || strcmp(line + at, last_path) != 0) {
		*first = start;
		snprintf(last_path, size, "%s", line + at);
	}
	if (permissions[2] == 'x')
		add_segment(process, start, end, *first, line + at);
}

static void read_segments(struct process *process)
{
	char *text = malloc(MAPS_SIZE), *next = text, last_path[4096] = "";
	uint64_t first = 0;

	callers_forget(process);
	if (text && remote_file(process->pid, "maps", text, MAPS_SIZE)) {
		for (char *line = strsep(&next, "\n"); line; line = strsep(&next, "\n"))
			read_line(process, line, last_path, sizeof(last_path), &first);
	}
	free(text);
}

static const struct segment *find(const struct process *process, uint64_t address)
{
	for (size_t i = 0; i < process->segment_count; i++)
		if (address - process->segments[i].start <
		    process->segments[i].end - process->segments[i].start)
			return &process->segments[i];
	return NULL;
}

static const struct segment *look_up(struct process *process, uint64_t address)
{
	const struct segment *segment = find(process, address);

	if (segment)
		return segment;
	read_segments(process);
	return find(process, address);
}

/* --- the stack -------------------------------------------------------------------------------- */

/* Whether a call instruction ends at `address`: e8 and 32 bits, or ff /2 in one of its forms. */
static bool is_behind_call(pid_t pid, uint64_t address)
{
	unsigned char code[CALL_LONGEST];

	if (remote_read(pid, address - CALL_LONGEST, code, CALL_LONGEST) != CALL_LONGEST)
		return false;
	if (code[CALL_LONGEST - 5] == 0xe8)
		return true;
	for (unsigned length = 2; length <= CALL_LONGEST; length++) {
		const unsigned char *at = code + CALL_LONGEST - length;

		if (at[0] == 0xff && (at[1] & 0x38) == 0x10)
			return true;
	}
	return false;
}

static const char *place(struct arena *arena, const struct segment *segment, uint64_t address)
{
	return arena_printf(arena, "%s+0x%llx", segment->name,
			    (unsigned long long)(address - segment->base));
}

static const char *first_outside(struct arena *arena, struct process *process, pid_t thread)
{
	uint64_t words[STACK_WORDS], stack = remote_stack(thread);
	size_t count = stack ? remote_read(thread, stack, words, sizeof(words)) : 0;

	/* The stack may end within what was asked for. */
	for (size_t room = sizeof(words) / 2; stack && !count && room >= 256; room /= 2)
		count = remote_read(thread, stack, words, room);
	for (size_t i = 0; i < count / sizeof(words[0]); i++) {
		const struct segment *segment = find(process, words[i]);

		if (segment && !segment->is_libc && is_behind_call(thread, words[i]))
			return place(arena, segment, words[i]);
	}
	return NULL;
}

const char *caller_of(struct arena *arena, struct process *process, pid_t thread, uint64_t address)
{
	const struct segment *segment = look_up(process, address);
	const char *outside;

	if (!segment)
		return NULL;
	if (!segment->is_libc)
		return place(arena, segment, address);
	outside = first_outside(arena, process, thread);
	return outside ? outside : place(arena, segment, address);
}
