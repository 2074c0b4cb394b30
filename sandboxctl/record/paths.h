/* paths.h - the files and addresses that a call names.
 *
 * What it is: a table of the calls that take paths or addresses, and these read from the memory of
 * the one who waits, made absolute, links followed.
 * What it must not do: decide what may be done with them.
 */
#ifndef PATHS_H
#define PATHS_H

#include "arguments.h"
#include "processes.h"

#include <limits.h>

/* What is done with a file. Paths are bound by these in the words of the policy language; no lock
 * forbids to look (stat, access, readlink). */
enum path_use {
	PATH_LOOK,
	PATH_READ,
	PATH_WRITE,
	PATH_MAKE,   /* open with O_CREAT, mkdir: creates only what is missing */
	PATH_CREATE, /* make, rename, remove: changes its directory */
	PATH_EXECUTE,
	PATH_USES
};

extern const char *const path_uses[PATH_USES]; /* "look", "read", ... */

enum { NAMED_MAX = 4 };

struct named {
	bool is_address;
	const char *use; /* of path_uses; "bind" or "connect" */
	char text[PATH_MAX];
};

/* By number: 1 + place in the table of such calls. */
struct path_calls {
	uint8_t by_number[TABLE_NUMBERS];
};

void path_calls_begin(struct path_calls *calls, enum arch arch);

static inline bool has_paths(const struct path_calls *calls, uint32_t number)
{
	return number < TABLE_NUMBERS && calls->by_number[number];
}

/* What the waiting call names; `named` has room for NAMED_MAX. Links are not followed. */
unsigned paths_of(const struct path_calls *calls, struct process *process, pid_t thread,
		  uint32_t number, const uint64_t arguments[ARGUMENTS], struct named *named);

/* A path of the thread with all links followed, of PATH_MAX bytes; false: there is no such file.
 * The last part may be missing. */
bool path_settle(pid_t thread, const char *path, char *settled);

/* The calls that change what relative paths mean. */
void path_directory_changes(struct process *process);

#endif
