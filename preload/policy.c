/* policy.c - from a name to a checked image in memory.
 *
 * What it does: looks a policy up (SANDBOX_POLICY_PATH, the user's, the system's, the built-in
 * directory), refuses files that others could have written, and prefers the compiled form. When
 * the text is newer, or there is only text, `sandboxctl compile` runs in a child and its output
 * is taken from a memory file: nothing is written to disk from here.
 * What it must not do: read policy text, or keep a mapping of a file that may still change: the
 * bytes are copied, checked, and used from the copy.
 *
 * Contract: load. May spawn.
 */
#include "policy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "config.h"
#include "policyc.h"
#include "raw.h"
#include "report/report.h"
#include "scratch.h"

#define TEXT_SUFFIX	".policy"
#define COMPILED_SUFFIX ".policyc"
#define DIRECTORIES_MAX 32

static struct {
	char *name[DIRECTORIES_MAX];
	unsigned count;
} directories;

static const struct config *settings;

/* --- paths ------------------------------------------------------------------------------------ */

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n > m && strcmp(text + n - m, end) == 0;
}

/* One that is left out might have had the policy. */
static void add_directory(char *path)
{
	if (!*path)
		return;
	if (directories.count == DIRECTORIES_MAX)
		report_fatal("SANDBOX_POLICY_PATH has too many directories", NULL);
	directories.name[directories.count++] = path;
}

static void add_list(const char *list)
{
	while (list) {
		const char *colon = strchrnul(list, ':');
		char *path = scratch_join(list, "", "");

		path[colon - list] = '\0';
		add_directory(path);
		list = *colon ? colon + 1 : NULL;
	}
}

static void list_directories(void)
{
	static const char *const built_in[] = { "/policies", "/../share/libsandbox/policies",
						"/../../share/libsandbox/policies" };

	add_list(settings->policy_path);
	/* As the specification says: a relative XDG_CONFIG_HOME does not count. */
	if (settings->xdg_config_home && *settings->xdg_config_home == '/')
		add_directory(scratch_join(settings->xdg_config_home, "/libsandbox/policies", ""));
	else if (settings->home)
		add_directory(scratch_join(settings->home, "/.config/libsandbox/policies", ""));
	add_directory(scratch_join("/etc/libsandbox/policies", "", ""));
	for (unsigned i = 0; i < sizeof(built_in) / sizeof(*built_in); i++)
		add_directory(scratch_join(command_library_directory(), built_in[i], ""));
	add_directory(scratch_join(POLICYDIR, "", ""));
}

/* --- files ------------------------------------------------------------------------------------ */

#define NOBODY 65534 /* what a user namespace shows for a user that it does not map */

/* Does this user namespace map every user? The first one does; without /proc we take it for that.
 */
static bool shows_every_user(void)
{
	char map[1024] = "";
	int fd = open("/proc/self/uid_map", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, map, sizeof(map) - 1);

	if (fd >= 0)
		close(fd);
	return n <= 0 || strstr(map, " 4294967295\n");
}

/* Who may write to the directory chooses what is found there: another policy under this name, or a
 * link to one. Where only the owner of a file may move it (S_ISVTX, as in /tmp) links are looked
 * at. */
static void check_place(const char *path)
{
	const char *directory = scratch_directory(path);
	struct stat st;

	if (!lstat(path, &st) && S_ISLNK(st.st_mode) && st.st_uid != 0 && st.st_uid != geteuid())
		report_fatal("policy ", path, " is a link that belongs to another user", NULL);
	if (stat(directory, &st))
		report_fatal_errno(-errno, "cannot look at directory ", directory, NULL);
	if (st.st_uid != 0 && st.st_uid != geteuid() && (st.st_uid != NOBODY || shows_every_user()))
		report_fatal("policy ", path, " is in a directory of another user (chown)", NULL);
	if (st.st_mode & (S_IWGRP | S_IWOTH) && !(st.st_mode & S_ISVTX))
		report_fatal("policy ", path,
			     " is in a directory that others can write (chmod go-w)", NULL);
}

/* Who may write a policy may lift it. */
static void check_owner(const char *path, const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		report_fatal("policy ", path, " is not a regular file", NULL);
	/* For a program that runs as nobody, everybody else's would look like its own. */
	if (st->st_uid == NOBODY && !shows_every_user())
		report_fatal("policy ", path,
			     " belongs to another user, whom this user namespace does not show "
			     "(that of a container, or of an unprivileged program with root or "
			     "detach that started this one before its lock); it must belong to the "
			     "user who runs the program (chown)",
			     NULL);
	if (st->st_uid != 0 && st->st_uid != geteuid())
		report_fatal("policy ", path,
			     " belongs to another user; it must belong to root or "
			     "to the user who runs the program (chown)",
			     NULL);
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		report_fatal("policy ", path, " can be written by others (chmod go-w)", NULL);
	check_place(path);
}

/* The bytes, in a mapping of size + 1 (an empty file would have none). */
static void *read_image(int fd, const char *path, size_t size)
{
	size_t done = 0;
	char *image;

	if (size > POLICYC_SIZE_MAX)
		report_fatal("policy ", path, " is too large to be a compiled policy", NULL);
	image = mmap(NULL, size + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (image == MAP_FAILED)
		report_fatal_errno(-errno, "no memory for the policy", NULL);
	while (done < size) {
		ssize_t n = pread(fd, image + done, size - done, (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			report_fatal("policy ", path, " cannot be read to its end", NULL);
		done += (size_t)n;
	}
	return image;
}

static void *checked(void *image, size_t size, const char *path)
{
	const char *fault = size ? policyc_check(image, size, MACHINE_ARCH) : "is empty";

	if (fault)
		report_fatal("compiled policy ", path, ": ", fault,
			     "; compile it again (sandboxctl compile --arch " MACHINE_NAME ")",
			     NULL);
	return image;
}

void policy_drop(void *image)
{
	munmap(image, policyc_header(image)->size + 1);
}

/* The image of the compiled policy `path` and its file's status, or NULL when there is no such
 * file. */
static void *load_compiled(const char *path, struct stat *st)
{
	void *image;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return NULL;
	if (fd < 0 || fstat(fd, st))
		report_fatal_errno(-errno, "cannot open policy ", path, NULL);
	check_owner(path, st);
	image = checked(read_image(fd, path, (size_t)st->st_size), (size_t)st->st_size, path);
	close(fd);
	return image;
}

static bool newer(const struct stat *a, const struct stat *b)
{
	return a->st_mtim.tv_sec != b->st_mtim.tv_sec ? a->st_mtim.tv_sec > b->st_mtim.tv_sec
						      : a->st_mtim.tv_nsec > b->st_mtim.tv_nsec;
}

/* Times are no proof: what is copied or unpacked keeps the old one. */
static bool is_another(const char *name, const struct policyc_source *source)
{
	uint64_t sum = POLICYC_TEXT_SUM;
	char bytes[4096];
	ssize_t n = 0;
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return false; /* one that this user may not read: its time and size must do */
	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		sum = policyc_text_sum(sum, bytes, (size_t)n);
	close(fd);
	return n < 0 || sum != source->sum;
}

/* Is a text that `image` was made from newer than the image's file `path`, or not the same any
 * more? A text that is not there says nothing: a deployment may ship the compiled form alone. */
static bool is_stale(const void *image, const char *path, const struct stat *compiled)
{
	const struct policyc_list list = policyc_header(image)->sources;
	const struct policyc_source *source = policyc_at(image, list);
	const char *directory = scratch_directory(path);
	struct stat text;

	for (uint32_t i = 0; i < list.count; i++, source++) {
		const char *name = policyc_string(image, source->path);

		if (*name != '/')
			name = scratch_join(directory, "/", name);
		if (!stat(name, &text) &&
		    (newer(&text, compiled) || (uint64_t)text.st_size != source->size ||
		     is_another(name, source)))
			return true;
	}
	return false;
}

/* --- compiling in a child --------------------------------------------------------------------- */

static void *compile(const char *text)
{
	const char *sandboxctl = command_find();
	const char *argv[12] = { sandboxctl, "compile", "--check-owner", "--arch", MACHINE_NAME,
				 "-o",	     "-" };
	unsigned n = 7;
	struct stat st;
	void *image;
	int fd;

	if (!sandboxctl)
		report_fatal("policy ", text,
			     " is not compiled (or its compiled form is older), and "
			     "there is no sandboxctl beside the library to do it; run "
			     "`sandboxctl compile ",
			     text, "`", NULL);
	if (settings->trigger) {
		argv[n++] = "--trigger";
		argv[n++] = settings->trigger;
	}
	argv[n++] = text;
	if (command_run(argv, scratch_join("run `sandboxctl compile ", text, "` before"), &fd))
		report_fatal("policy ", text, " does not compile, so the program was not started",
			     NULL);
	if (fstat(fd, &st))
		report_fatal_errno(-errno, "cannot read what sandboxctl wrote", NULL);
	image = checked(read_image(fd, text, (size_t)st.st_size), (size_t)st.st_size, text);
	close(fd);
	return image;
}

/* --- choosing --------------------------------------------------------------------------------- */

static bool has_text(const char *path)
{
	struct stat st;

	if (stat(path, &st)) {
		if (errno == ENOENT || errno == ENOTDIR)
			return false;
		report_fatal_errno(-errno, "cannot look at policy ", path, NULL);
	}
	check_owner(path, &st);
	return true;
}

/* `text` and `compiled` are the two forms of one policy; either may be missing. NULL: both are. */
static void *load_forms(const char *text, const char *compiled)
{
	bool have_text = has_text(text);
	struct stat st;
	void *image;

	if (settings->trigger) {
		if (!have_text && !access(compiled, F_OK))
			report_fatal(
				"SANDBOX_TRIGGER needs the text of the policy, but there is only ",
				compiled, NULL);
		return have_text ? compile(text) : NULL;
	}
	image = load_compiled(compiled, &st);
	if (image && (!have_text || !is_stale(image, compiled, &st)))
		return image;
	if (image)
		policy_drop(image);
	return have_text ? compile(text) : NULL;
}

/* A path of either form. The compiled form, asked for by its own name, is taken as it is. */
static void *load_path(const char *path)
{
	bool is_compiled = ends_with(path, COMPILED_SUFFIX);
	char *text = scratch_join(path, "", "");
	struct stat st;
	void *image;

	if (is_compiled)
		text[strlen(text) - 1] = '\0';
	if (is_compiled && !settings->trigger)
		image = load_compiled(path, &st);
	else
		image = load_forms(text, scratch_join(text, "c", ""));
	if (!image)
		report_fatal("there is no policy file ", path, NULL);
	return image;
}

static void *load_name(const char *name)
{
	const char *searched = "";

	for (unsigned i = 0; i < directories.count; i++) {
		char *stem = scratch_join(directories.name[i], "/", name);
		void *image = load_forms(scratch_join(stem, TEXT_SUFFIX, ""),
					 scratch_join(stem, COMPILED_SUFFIX, ""));

		if (image)
			return image;
		searched = scratch_join(searched, i ? ", " : "", directories.name[i]);
	}
	report_fatal("there is no policy named ", name,
		     " (SANDBOX_POLICY; a path has a / in it); `sandboxctl list` shows "
		     "what there is; looked in ",
		     searched, NULL);
}

static bool same_file(const char *a, const char *b)
{
	struct stat x, y;

	return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* A whole path may lead there by links (/sbin, /opt/server/current). Its last part counts all the
 * same: one file can be many programs. */
static bool is_called(const char *path, const char *name)
{
	if (!strcmp(name, strchr(name, '/') ? path : text_basename(path)))
		return true;
	return strchr(name, '/') && !strcmp(text_basename(name), text_basename(path)) &&
	       same_file(name, path);
}

static bool names_program(const void *image, const struct executable *executable)
{
	const struct policyc_list list = policyc_header(image)->programs;
	const uint32_t *program = policyc_at(image, list);

	for (uint32_t i = 0; i < list.count; i++) {
		const char *name = policyc_string(image, program[i]);

		if (is_called(executable->file, name) || is_called(executable->started_as, name))
			return true;
	}
	return false;
}

/* The policy in `directory` that names this executable, or NULL. A policy that does not compile
 * ends the process, and so does a directory that cannot be read: it might have been the one. */
static void *match_in(const char *directory, const struct executable *executable)
{
	DIR *stream = opendir(directory);
	const struct dirent *entry;
	void *match = NULL;

	if (!stream && errno != ENOENT && errno != ENOTDIR)
		report_fatal_errno(-errno, "cannot look for policies in ", directory, NULL);
	while (stream && !match && (entry = readdir(stream))) {
		char *text = scratch_join(directory, "/", entry->d_name);
		bool is_compiled = ends_with(text, COMPILED_SUFFIX);
		void *image;

		if (is_compiled)
			text[strlen(text) - 1] = '\0';
		if (!ends_with(text, TEXT_SUFFIX) || (is_compiled && !access(text, F_OK)))
			continue; /* no policy, or one that is met under its text's name */
		image = load_forms(text, scratch_join(text, "c", ""));
		if (image && names_program(image, executable))
			match = image;
		else if (image)
			policy_drop(image);
	}
	if (stream)
		closedir(stream);
	return match;
}

static void *match_program(const struct executable *executable)
{
	void *image = NULL;

	for (unsigned i = 0; i < directories.count && !image; i++)
		image = match_in(directories.name[i], executable);
	return image ? image : load_name("minimal");
}

static void *choose(const struct executable *executable)
{
	const char *policy = settings->policy;

	if (!policy)
		return match_program(executable);
	return strchr(policy, '/') ? load_path(policy) : load_name(policy);
}

bool policy_arms_in(const void *image, const struct executable *executable)
{
	return !policyc_header(image)->programs.count || names_program(image, executable);
}

void *policy_for(const struct config *config, const struct executable *executable)
{
	void *image;

	settings = config;
	list_directories();
	image = choose(executable);
	scratch_drop();
	return image;
}
