/* scratch.c - memory for paths and texts while the library is loaded.
 *
 * What it does: hands out pieces of one mapping, which goes away as a whole.
 * What it must not do: use the program's heap: it is not ours, and its malloc may be its own and
 * not ready yet.
 *
 * Contract: load.
 */
#include "scratch.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "report/report.h"

#define SCRATCH_SIZE (1u << 20) /* below the size of a huge page, which would be cleared whole */

static struct {
	char *memory;
	size_t used;
} scratch;

void *scratch_take(size_t size)
{
	size_t start = scratch.used;

	if (!scratch.memory) {
		scratch.memory = mmap(NULL, SCRATCH_SIZE, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (scratch.memory == MAP_FAILED)
			report_fatal_errno(-errno, "no memory for the search of a policy", NULL);
	}
	size = (size + 15) & ~15ul;
	if (size > SCRATCH_SIZE - start)
		report_fatal("the search of a policy needs too much memory: is "
			     "SANDBOX_POLICY_PATH very long?",
			     NULL);
	scratch.used = start + size;
	return scratch.memory + start;
}

char *scratch_join(const char *a, const char *b, const char *c)
{
	char *path = scratch_take(strlen(a) + strlen(b) + strlen(c) + 1);

	stpcpy(stpcpy(stpcpy(path, a), b), c);
	return path;
}

char *scratch_directory(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *directory;

	if (!slash)
		return scratch_join(".", "", "");
	directory = scratch_join(path, "", "");
	directory[slash == path ? 1 : slash - path] = '\0';
	return directory;
}

void scratch_drop(void)
{
	if (scratch.memory)
		munmap(scratch.memory, SCRATCH_SIZE);
	scratch.memory = NULL;
	scratch.used = 0;
}
