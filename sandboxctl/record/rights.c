/* rights.c - the files and ports that were used, as lines for Landlock; see rights.h.
 *
 * How: each use of a file asks for a right on it, or on its directory when the file is made there.
 * Then, from the deepest on, a directory with MANY names that have something becomes one line, and
 * so does one where the program makes files itself.
 */
#include "rights.h"

#include "policy/steps.h"

#include <stdlib.h>
#include <string.h>

enum { MANY = 3, PORTS_MAX = 8 };

enum right { READ, WRITE, CREATE, EXECUTE, RIGHTS };

static const char *const right_words[RIGHTS] = { "read", "write", "create", "execute" };

/* A path that has the right, for so many files and times. */
struct place_right {
	enum right right;
	const char *path;
	bool is_directory; /* and all beneath; else a file, which may be gone another time */
	size_t files;
	uint64_t times;
};

struct folder {
	struct arena *arena;
	struct place_right *list;
	size_t count;
	const char **made; /* directories in which files are made, in order */
	size_t made_count;
};

/* --- directories ------------------------------------------------------------------------------ */

/* Shared among programs: what is in them is not one's. Their children may be folded to. */
static const char *const shared[] = {
	"/home",	"/media",	  "/mnt",	    "/run/user",  "/usr/bin",
	"/usr/include", "/usr/lib",	  "/usr/lib64",	    "/usr/local", "/usr/sbin",
	"/usr/share",	"/usr/local/bin", "/usr/local/lib", "/var/cache", "/var/lib",
	"/var/local",	"/var/log",	  "/var/mail",	    "/var/spool", "/var/tmp",
};

static const char *directory_of(struct arena *arena, const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == path ? "/" : arena_strndup(arena, path, (size_t)(slash - path));
}

static bool is_someones(const char *directory)
{
	if (!strchr(directory + 1, '/')) /* "/", "/etc", "/tmp" */
		return false;
	for (size_t i = 0; i < sizeof(shared) / sizeof(shared[0]); i++)
		if (!strcmp(shared[i], directory))
			return false;
	return strncmp(directory, "/home/", 6) != 0 || strchr(directory + 6, '/');
}

/* Numbers of processes are others the next time. */
static const char *settle(const char *path)
{
	return !strncmp(path, "/proc/", 6) && path[6] >= '0' && path[6] <= '9' ? "/proc" : path;
}

/* The end before "/" before all other bytes: what is beneath a directory stands right behind it. */
static int rank(char c)
{
	return !c ? 0 : c == '/' ? 1 : 1 + (unsigned char)c;
}

static int compare_paths(const char *a, const char *b)
{
	for (; *a && *a == *b; b++)
		a++;
	return rank(*a) - rank(*b);
}

/* --- what each use asks for ------------------------------------------------------------------- */

static void give(struct folder *folder, enum right right, const char *path, bool is_directory,
		 const struct sighting *sighting)
{
	*ARENA_PUSH(folder->arena, folder->list, folder->count) = (struct place_right){
		.right = right,
		.path = path,
		.is_directory = is_directory,
		.files = 1,
		.times = sighting->count,
	};
}

static void give_directory(struct folder *folder, enum right right, const struct sighting *sighting)
{
	give(folder, right, directory_of(folder->arena, sighting->what), true, sighting);
}

/* The kernel starts the program's loader, and reads both. */
static void give_executable(struct folder *folder, const struct sighting *sighting)
{
	static const char loader[] =
#ifdef __x86_64__
		"/lib64/ld-linux-x86-64.so.2";
#else
		"/lib/ld-linux-aarch64.so.1";
#endif
	const char *const paths[] = { sighting->what, loader };

	for (int i = 0; i < 2; i++) {
		give(folder, EXECUTE, paths[i], false, sighting);
		give(folder, READ, paths[i], false, sighting);
	}
}

/* `is_made`: by the very opening that wrote it. */
static void give_file(struct folder *folder, const struct sighting *sighting, bool is_made)
{
	const char *path = settle(sighting->what);
	bool is_proc = path != sighting->what;

	if (!strcmp(sighting->use, "read") && sighting->found)
		give(folder, READ, path, is_proc, sighting);
	else if (!strcmp(sighting->use, "write") && is_made)
		give_directory(folder, WRITE, sighting);
	else if (!strcmp(sighting->use, "write") && sighting->found)
		give(folder, WRITE, path, is_proc, sighting);
	else if (!strcmp(sighting->use, "create") ||
		 (!strcmp(sighting->use, "make") && sighting->missing))
		give_directory(folder, CREATE, sighting);
	else if (!strcmp(sighting->use, "execute") && sighting->found)
		give_executable(folder, sighting);
}

static int compare_whats(const void *a, const void *b)
{
	return strcmp((*(struct sighting *const *)a)->what, (*(struct sighting *const *)b)->what);
}

/* All that was done with one path. */
static void give_path(struct folder *folder, struct sighting *const *same, size_t count)
{
	bool is_made = false;

	for (size_t i = 0; i < count; i++)
		is_made |= same[i]->missing && !strcmp(same[i]->use, "make");
	for (size_t i = 0; i < count && *same[i]->what == '/'; i++)
		give_file(folder, same[i], is_made);
}

static void give_all(struct folder *folder, struct sighting *const *seen, size_t count)
{
	struct sighting **files = arena_alloc(folder->arena, count + 1, sizeof(struct sighting *));
	size_t file_count = 0;

	for (size_t i = 0; i < count; i++)
		if (seen[i]->kind == SIGHT_FILE)
			files[file_count++] = seen[i];
	if (file_count)
		qsort(files, file_count, sizeof(struct sighting *), compare_whats);
	for (size_t i = 0, end; i < file_count; i = end) {
		for (end = i + 1; end < file_count && !compare_whats(&files[i], &files[end]);)
			end++;
		give_path(folder, files + i, end - i);
	}
}

/* --- folding ---------------------------------------------------------------------------------- */

static int compare_rights(const void *a_, const void *b_)
{
	const struct place_right *a = a_, *b = b_;

	return a->right != b->right ? (int)a->right - (int)b->right
				    : compare_paths(a->path, b->path);
}

static void add_up(struct place_right *sum, const struct place_right *part)
{
	sum->files += part->files;
	sum->times += part->times;
}

/* One entry for each path and right, and none beneath another one: what has others beneath it is a
 * directory, and the kernel gives them with it. */
static void merge(struct folder *folder)
{
	struct place_right *last = NULL;
	size_t kept = 0;

	if (folder->count)
		qsort(folder->list, folder->count, sizeof(*folder->list), compare_rights);
	for (size_t i = 0; i < folder->count; i++) {
		const struct place_right *place = &folder->list[i];

		if (!last || last->right != place->right || !is_beneath(place->path, last->path)) {
			folder->list[kept] = *place;
			last = &folder->list[kept++];
		} else if (strcmp(place->path, last->path) != 0 || place->is_directory) {
			add_up(last, place);
			last->is_directory = true;
		} else {
			last->times += place->times;
		}
	}
	folder->count = kept;
}

static void note_made(struct folder *folder)
{
	folder->made = arena_alloc(folder->arena, folder->count + 1, sizeof(char *));
	for (size_t i = 0; i < folder->count; i++)
		if (folder->list[i].right == CREATE)
			folder->made[folder->made_count++] = folder->list[i].path;
}

static int compare_made(const void *a, const void *b)
{
	return compare_paths(*(const char *const *)a, *(const char *const *)b);
}

static bool makes_files_in(const struct folder *folder, const char *directory)
{
	return folder->made_count &&
	       bsearch(&directory, folder->made, folder->made_count, sizeof(char *), compare_made);
}

/* What is known of a directory when all beneath it is folded. */
struct family {
	const char *directory;
	size_t children; /* names in it that have something */
	bool has_file;	 /* one of them is a single file */
};

/* Is the directory a better line than those beneath it? */
static bool folds(const struct folder *folder, enum right right, const struct family *family)
{
	if (right == EXECUTE || !is_someones(family->directory))
		return false;
	return family->children >= MANY ||
	       (right != CREATE && family->has_file && makes_files_in(folder, family->directory));
}

static size_t end_of_child(const struct folder *folder, size_t first, size_t end, size_t length)
{
	const char *path = folder->list[first].path;

	while (++first < end && !strncmp(folder->list[first].path, path, length) &&
	       folder->list[first].path[length] == '/')
		;
	return first;
}

/* Folds the entries `first` to `end` of one right, which are all beneath the first `length` bytes
 * of their paths. Returns their new end. As deep as a path has parts. */
static size_t fold_beneath(struct folder *folder, size_t first, size_t end, size_t length)
{
	struct place_right *list = folder->list;
	struct family family = { length ? arena_strndup(folder->arena, list[first].path, length)
					: "/",
				 0, false };
	size_t kept = first;

	for (size_t i = first, next; i < end; i = next, family.children++) {
		size_t child = length + 1 + strcspn(list[i].path + length + 1, "/"), left = i + 1;

		next = end_of_child(folder, i, end, child);
		if (list[i].path[child])
			left = fold_beneath(folder, i, next, child);
		else
			family.has_file |= !list[i].is_directory;
		memmove(list + kept, list + i, (left - i) * sizeof(*list));
		kept += left - i;
	}
	if (!folds(folder, list[first].right, &family))
		return kept;
	for (size_t i = first + 1; i < kept; i++)
		add_up(&list[first], &list[i]);
	list[first].path = family.directory;
	list[first].is_directory = true;
	return first + 1;
}

static void fold(struct folder *folder)
{
	struct place_right *list = folder->list;
	size_t kept = 0;

	for (size_t i = 0, next, left; i < folder->count; i = next) {
		for (next = i + 1; next < folder->count && list[next].right == list[i].right;)
			next++;
		left = strcmp(list[i].path, "/") != 0 ? fold_beneath(folder, i, next, 0) : i + 1;
		memmove(list + kept, list + i, (left - i) * sizeof(*list));
		kept += left - i;
	}
	folder->count = kept;
}

/* --- ports ------------------------------------------------------------------------------------ */

static int compare_ports(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* "bind tcp 53 853"; nothing when none was seen, or when they are many and so left to chance. */
static void add_ports(struct arena *arena, struct right_lines *lines, const char *use,
		      struct sighting *const *seen, size_t count)
{
	int *ports = NULL;
	size_t port_count = 0;
	uint64_t times = 0;
	const char *text = arena_printf(arena, "%s tcp", use);

	for (size_t i = 0; i < count; i++) {
		const char *colon =
			strrchr(seen[i]->kind == SIGHT_ADDRESS ? seen[i]->what : "", ':');

		if (!colon || strcmp(seen[i]->use, use) != 0 || strncmp(seen[i]->what, "tcp ", 4))
			continue;
		*ARENA_PUSH(arena, ports, port_count) = (int)strtol(colon + 1, NULL, 10);
		times += seen[i]->count;
	}
	if (!port_count)
		return;
	qsort(ports, port_count, sizeof(*ports), compare_ports);
	for (size_t i = 0, different = 0; i < port_count; i++) {
		if (i && ports[i] == ports[i - 1])
			continue;
		if (++different > PORTS_MAX)
			return;
		text = arena_printf(arena, "%s %d", text, ports[i]);
	}
	*ARENA_PUSH(arena, lines->list, lines->count) =
		(struct right_line){ text,
				     arena_printf(arena, "%llu time%s", (unsigned long long)times,
						  times == 1 ? "" : "s") };
}

/* --- all together ----------------------------------------------------------------------------- */

static struct right_line line_of(struct arena *arena, const struct place_right *place)
{
	const char *times = arena_printf(arena, "%llu time%s", (unsigned long long)place->times,
					 place->times == 1 ? "" : "s");

	return (struct right_line){
		arena_printf(arena, "%-7s %s%s", right_words[place->right],
			     place->is_directory ? "" : "-", write_path(arena, place->path)),
		place->files > 1 ? arena_printf(arena, "%zu files, %s", place->files, times) : times
	};
}

struct right_lines find_rights(struct arena *arena, struct sighting *const *seen, size_t count)
{
	struct folder folder = { .arena = arena };
	struct right_lines lines = { 0 };

	give_all(&folder, seen, count);
	merge(&folder);
	note_made(&folder);
	fold(&folder);
	for (size_t i = 0; i < folder.count; i++)
		*ARENA_PUSH(arena, lines.list, lines.count) = line_of(arena, &folder.list[i]);
	add_ports(arena, &lines, "bind", seen, count);
	add_ports(arena, &lines, "connect", seen, count);
	return lines;
}
