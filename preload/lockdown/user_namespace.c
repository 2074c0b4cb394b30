/* user_namespace.c - a user namespace in which ids mean what they meant.
 *
 * What it does: unshare(CLONE_NEWUSER), and the maps of user and group ids. A program that may
 * change its user (root) gets every id mapped to itself, by a child that stays outside for it: only
 * from there may more than one's own id be mapped. Any other gets itself.
 * What it must not do: return with ids that are not mapped.
 *
 * What differs inside (docs/libsandbox.7): rights over what belongs to the outside, a port below
 * 1024 in the first network above all, are gone even for root; for others every foreign user and
 * group shows as nobody.
 *
 * Contract: load. Starts a child, and waits for it.
 */
#include "lockdown/user_namespace.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <stdbool.h>
#include <sys/wait.h>

#include "lockdown/capabilities.h"
#include "raw.h"
#include "report/line.h"
#include "report/report.h"

static long write_file(int directory, const char *name, const struct line *text)
{
	long n, fd = raw(openat, directory, name, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return fd;
	n = raw(write, fd, text->text, text->length);
	raw(close, fd);
	return n < 0 ? n : 0;
}

/* "INSIDE OUTSIDE COUNT": ids that stand for themselves. */
static void add_map(struct line *map, uint64_t first, uint64_t count)
{
	line_unsigned(map, first);
	line_char(map, ' ');
	line_unsigned(map, first);
	line_char(map, ' ');
	line_unsigned(map, count);
	line_char(map, '\n');
}

/* --- oneself ---------------------------------------------------------------------------------- */

static long map_self(int self, uint64_t user, uint64_t group)
{
	struct line text = { 0 };
	long error;

	/* The price of mapping one's group without rights over others. */
	line_text(&text, "deny");
	error = write_file(self, "setgroups", &text);
	text.length = 0;
	add_map(&text, user, 1);
	if (!error)
		error = write_file(self, "uid_map", &text);
	text.length = 0;
	add_map(&text, group, 1);
	return error ? error : write_file(self, "gid_map", &text);
}

/* --- everybody -------------------------------------------------------------------------------- */

static const char *skip_number(const char *c, uint64_t *number)
{
	while (*c == ' ')
		c++;
	*number = 0;
	while (*c >= '0' && *c <= '9')
		*number = *number * 10 + (uint64_t)(*c++ - '0');
	return c;
}

/* The ids of this namespace, each standing for itself in the next. */
static long read_map(int self, const char *name, struct line *map)
{
	char text[LINE_SIZE];
	long n, fd = raw(openat, self, name, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return fd;
	n = raw(read, fd, text, sizeof(text) - 1);
	raw(close, fd);
	if (n < 0)
		return n;
	text[n] = '\0';
	for (const char *c = text; *c;) {
		uint64_t first, outside, count;

		c = skip_number(skip_number(skip_number(c, &first), &outside), &count);
		if (*c++ != '\n')
			return -22; /* EINVAL: longer than we can hold */
		add_map(map, first, count);
	}
	return map->length < LINE_SIZE - 1 ? 0 : -22;
}

/* The child: waits until its parent is in the new namespace, then maps everybody. */
static _Noreturn void map_from_outside(int self, int start, const struct line *users,
				       const struct line *groups)
{
	char byte;
	long error = -3; /* ESRCH: the parent gave up */

	if (raw(read, start, &byte, 1) == 1)
		error = write_file(self, "uid_map", users);
	if (!error)
		error = write_file(self, "gid_map", groups);
	for (;;)
		raw(exit_group, -error);
}

/* What the child ended with, as a negative errno. */
static long result_of(long child)
{
	int status = 0;
	long waited;

	do {
		waited = raw(wait4, child, &status, __WALL, NULL);
	} while (waited == -4); /* EINTR */
	if (waited < 0)
		return waited;
	return WIFEXITED(status) ? -(long)WEXITSTATUS(status) : -3;
}

/* --- both ------------------------------------------------------------------------------------- */

/* After this, what fails leaves a process without ids. */
static long enter(void)
{
	return raw(unshare, CLONE_NEWUSER);
}

static void demand(long error)
{
	if (error)
		report_fatal_errno(error,
				   "cannot map the user's and group's ids into a new user "
				   "namespace",
				   NULL);
}

static long make_for_self(int self)
{
	uint64_t user = (uint64_t)raw(geteuid), group = (uint64_t)raw(getegid);
	long error = enter();

	if (!error)
		demand(map_self(self, user, group));
	return error;
}

static long make_for_all(int self)
{
	struct line users = { 0 }, groups = { 0 };
	int start[2] = { -1, -1 };
	long child, error = read_map(self, "uid_map", &users);

	if (!error)
		error = read_map(self, "gid_map", &groups);
	if (!error)
		error = raw(pipe2, start, O_CLOEXEC);
	if (error)
		return error;
	child = raw(clone, 0, 0, 0, 0, 0);
	if (child == 0) {
		raw(close, start[1]);
		map_from_outside(self, start[0], &users, &groups);
	}
	error = child < 0 ? child : enter();
	if (!error)
		raw(write, start[1], "", 1);
	raw(close, start[0]);
	raw(close, start[1]);
	if (child > 0) {
		long result = result_of(child);

		if (!error)
			demand(result);
	}
	return error;
}

long user_namespace_make(void)
{
	bool all = capabilities_has(CAP_SETUID) && capabilities_has(CAP_SETGID);
	long error, self = raw(openat, AT_FDCWD, "/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (self < 0)
		return self;
	error = all ? make_for_all((int)self) : make_for_self((int)self);
	raw(close, self);
	return error;
}
