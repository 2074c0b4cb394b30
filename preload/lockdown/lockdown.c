/* lockdown.c - the lock, told in order.
 *
 *   1. report_seal      should: settle where reports go. Must not: write anything yet.
 *   2. barrier_hold     should: hold every other thread of the process in our handler.
 *                       Must not: return while one of them runs.
 *   3. entry_restore    should: put back the patched functions that no phase waits for any more.
 *                       With every thread held, any bytes can be written at any alignment.
 *   4. sigsys_take      should: take SIGSYS over where the policy reports. Must not: after this,
 *                       return to the program without the filter.
 *   5. seccomp_lock     should: put the filter on every thread. From here on only the calls that
 *                       the compiler implies may be made: futex, rt_sigprocmask, rt_sigreturn,
 *                       getpid; where the phase may write: write, gettid.
 *   6. barrier_release  should: let the other threads go on, under the filter.
 *   7. report           should: say "locked".
 *
 * A step that fails ends the process (report_fatal): never half locked and running.
 * Contract: hook.
 */
#include "lockdown/lockdown.h"

#include "lockdown/barrier.h"
#include "lockdown/seccomp.h"
#include "policyc.h"
#include "report/report.h"
#include "report/sigsys.h"
#include "trigger/entry.h"

static void tell(const struct lockdown *lock, const char *event, unsigned threads)
{
	const struct report_fact facts[] = { { "threads", threads }, { 0 } };

	report_phase(event, policyc_string(lock->image, lock->phase->name), lock->trigger, facts);
}

void lockdown(const struct lockdown *lock)
{
	const struct policyc_phase *phase = lock->phase;
	bool can_write = lock->dry_run || lock->observe || (phase->flags & POLICYC_PHASE_WRITES);
	unsigned threads;

	report_seal();
#ifdef SANDBOX_TEST_NO_BARRIER
	threads = 1; /* tests/newborn.bats shows with this that the barrier is what saves threads */
#else
	threads = barrier_hold() + 1;
#endif
	entry_restore(lock->phases_armed);
	if (!lock->dry_run) {
		if ((phase->flags & POLICYC_PHASE_TRAPS) && !lock->observe)
			sigsys_take(policyc_string(lock->image, phase->name));
		if (lock->verbose && !can_write)
			tell(lock, "locking", threads); /* afterwards it could not be said */
		seccomp_lock(lock->image, phase);
	}
	barrier_release();
	if (lock->dry_run)
		tell(lock, "would lock", threads);
	else if (lock->verbose && can_write)
		tell(lock, lock->observe ? "observing" : "locked", threads);
}
