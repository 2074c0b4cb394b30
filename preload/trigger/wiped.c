/* wiped.c - memory that the child of a fork finds empty.
 *
 * What it does: a page for what holds for this process and its threads alone: who it is, and which
 * of its threads is doing what. Of these a fork child has none but the one that forked. The kernel
 * empties it before the child runs (madvise(2), MADV_WIPEONFORK), so no thread of the child can
 * come too early; a vfork child shares it.
 * What it must not do: hold anything that a child is to inherit.
 *
 * Contract: load.
 */
#include "trigger/wiped.h"

#include <sys/mman.h>

#include "raw.h"
#include "report/report.h"

#define SIZE 65536ul /* a multiple of every page size; one page of it is ever touched */

void *wiped_page(void)
{
	long page =
		raw(mmap, NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long error = page < 0 && page > -4096 ? page : raw(madvise, page, SIZE, MADV_WIPEONFORK);

	if (error)
		report_fatal_errno(error, "cannot make a page that fork wipes", NULL);
	return (void *)page;
}
