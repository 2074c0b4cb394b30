/* prewarm.c - what libc does when it is first needed; see prewarm.h.
 *
 * Contract: load.
 */
#include "prewarm.h"

#include <dlfcn.h>
#include <stddef.h>
#include <time.h>

#include "policyc.h"
#include "report/report.h"

/* libc loads it for the end of a thread (pthread_exit, pthread_cancel, backtrace). apache2's start
 * thread and nginx' pools end under the lock, which gives nobody executable memory. It stays. */
static void load_unwinder(void)
{
	if (!dlopen("libgcc_s.so.1", RTLD_NOW))
		report_fatal("cannot load libgcc_s.so.1, which the policy wants at the start "
			     "(prewarm unwinder): install it (Debian: libgcc-s1), or take the "
			     "line out",
			     NULL);
}

void prewarm(uint32_t what)
{
	if (what & POLICYC_PREWARM_UNWINDER)
		load_unwinder();
	if (what & POLICYC_PREWARM_TIME_ZONE)
		tzset();
}
