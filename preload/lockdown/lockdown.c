/* lockdown.c - the lock, told in order.
 *
 *   1. report_seal      should: settle where reports go. Must not: write anything yet.
 *   2. barrier_hold     should: hold every other thread of the process in our handler.
 *                       Must not: return while one of them runs.
 *   3. alarms_drop,     should: put back the signals and deadlines, and the patched functions, that
 *      entry_restore    no phase waits for any more. With every thread held, any bytes can be
 *                       written at any alignment, and no thread forks a child that would miss them.
 *   4. sigsys_take      should: take SIGSYS over where the policy reports. Must not: after this,
 *                       return to the program without the filter.
 *   5. the steps that the policy has beside its filter, in the order of the table below.
 *                       Should: each be in force on every thread, and noted, when it returns.
 *                       Must not: leave a descriptor open; a later step may need no more than
 *                       system calls (a root without /proc, no capabilities).
 *      probes_run       should, where SANDBOX_PROBES asks for it: try in children, now that all but
 * the filter is in force, what the policy must deny. Must not: be noticed.
 *   6. seccomp_lock     should: put the filter on every thread. From here on only the calls that
 *                       the compiler implies may be made: futex, rt_sigprocmask, rt_sigreturn,
 *                       getpid; where the phase may write: write, gettid.
 *   7. barrier_release  should: let the other threads go on, under the filter.
 *                       Must not: come before the note that this is locked: what they fork from
 *                       here on has a copy of it.
 *   8. report           should: say "locked", and which steps took effect.
 *
 * A step that fails ends the process (report_fatal): never half locked and running. What the policy
 * marks `optional` and the kernel cannot do is left out, and said even when nobody asked.
 * SANDBOX_MODE=observe denies nothing, so it does none of 5; a dry run says what is open, no more.
 * SANDBOX_MODE=learn makes a mark after 3 in place of the lock: with every thread held, "before"
 * and "after" mean what they will mean then. Contract: hook; lockdown_require: load.
 */
#include "lockdown/lockdown.h"

#include "lockdown/barrier.h"
#include "lockdown/capabilities.h"
#include "lockdown/descriptors.h"
#include "lockdown/landlock.h"
#include "lockdown/limits.h"
#include "lockdown/namespaces.h"
#include "lockdown/proc.h"
#include "lockdown/probes.h"
#include "lockdown/seccomp.h"
#include "lockdown/steps.h"
#include "lockdown/task.h"
#include "policyc.h"
#include "report/mark.h"
#include "report/report.h"
#include "report/sigsys.h"
#include "trigger/alarms.h"
#include "trigger/entry.h"

#define STEPS_OF_LANDLOCK (POLICYC_STEP_FILES | POLICYC_STEP_PORTS | POLICYC_STEP_SCOPE)

/* The steps in their order: what a later one takes away, an earlier one may still need. */
static const struct step {
	uint32_t bits; /* enum policyc_step: a phase with one of these takes it */
	bool everyone; /* each thread does its part, so none may be out of reach */
	/* hook, all threads held: does it, and notes what came of it (steps.h). */
	void (*take)(const void *image, const struct policyc_phase *phase);
} steps[] = {
	{ POLICYC_STEP_DESCRIPTORS, false, descriptors_inspect },
	{ POLICYC_STEP_ROOT | POLICYC_STEP_DETACH, true, namespaces_enter },
	{ STEPS_OF_LANDLOCK, true, landlock_restrict },
	{ POLICYC_STEP_LIMITS, false, limits_set },
	{ POLICYC_STEP_CAPABILITIES, true, capabilities_drop },
	{ POLICYC_STEP_NOT_DUMPABLE, false, dumps_forbid },
	{ POLICYC_STEP_DESCRIPTORS, false, descriptors_close },
};

#define STEPS (sizeof(steps) / sizeof(*steps))

static bool has_step(const struct lockdown *lock, const struct step *step)
{
	return !lock->dry_run && !lock->observe && !lock->learn &&
	       (lock->phase->steps & step->bits);
}

/* Rights were kept at load, and no phase is left that needs them. */
static bool is_last_with_rights(const struct lockdown *lock)
{
	const struct policyc_phase *phases =
		policyc_at(lock->image, policyc_header(lock->image)->phases);

	for (unsigned i = 0; i < POLICYC_PHASES_MAX; i++) {
		if ((lock->phases_armed & (1u << i)) && phases[i].detach)
			return false;
	}
	return capabilities_are_kept();
}

/* Is there work that each thread does for itself? */
static bool has_work_for_everyone(const struct lockdown *lock)
{
	for (unsigned i = 0; i < STEPS; i++) {
		if (steps[i].everyone && has_step(lock, &steps[i]))
			return true;
	}
	return is_last_with_rights(lock);
}

void lockdown_require(const struct policyc_phase *phase)
{
	uint32_t missing = phase->steps;

	for (unsigned i = 0; i < STEPS; i++)
		missing &= ~steps[i].bits;
	if (missing)
		report_fatal("the policy asks for ", steps_first_name(missing),
			     ", which this version of the library does not have", NULL);
}

static void take_steps(const struct lockdown *lock)
{
	steps_begin();
	if (lock->dry_run || lock->observe)
		steps_pretend(lock->phase);
	if (lock->dry_run && (lock->phase->steps & POLICYC_STEP_DESCRIPTORS))
		descriptors_rehearse(lock->image, lock->phase);
	for (unsigned i = 0; i < STEPS; i++) {
		if (has_step(lock, &steps[i]))
			steps[i].take(lock->image, lock->phase);
	}
	if (is_last_with_rights(lock))
		capabilities_give_back();
}

/* What was left out is said to people even when nobody asked, and so is a lock that is none. */
static void tell(const struct lockdown *lock, const char *event, unsigned threads)
{
	struct report_lock facts = {
		.threads = threads,
		.verb = lock->observe && !lock->dry_run ? "without" : "steps",
	};
	const char *name = policyc_string(lock->image, lock->phase->name);

	steps_report(&facts);
	if (lock->dry_run || steps_left_out())
		report_phase(event, name, lock->trigger, &facts);
	else
		report_aside(event, name, lock->trigger, &facts);
}

static enum barrier_rings rings_beside(const struct lockdown *lock)
{
	if (has_work_for_everyone(lock))
		return BARRIER_NO_RINGS;
	if (lock->dry_run || lock->observe || lock->learn ||
	    (lock->phase->flags & POLICYC_PHASE_RINGS))
		return BARRIER_ANY_RINGS;
	return BARRIER_NO_POLLING;
}

static unsigned hold_everyone(const struct lockdown *lock)
{
	enum barrier_rings rings = rings_beside(lock);

#ifdef SANDBOX_TEST_NO_BARRIER
	if (rings != BARRIER_NO_RINGS)
		return 1; /* tests/newborn.bats shows with this that the barrier saves threads */
#endif
	return barrier_hold(rings) + 1;
}

void lockdown(const struct lockdown *lock)
{
	const struct policyc_phase *phase = lock->phase;
	bool can_write = lock->dry_run || lock->observe || (phase->flags & POLICYC_PHASE_WRITES);
	unsigned threads;
	bool say;

	report_seal();
	threads = hold_everyone(lock);
	alarms_drop(lock->phases_armed);
	entry_restore(lock->phases_armed);
	if (lock->learn) {
		if (!lock->phases_armed)
			proc_forget();
		mark_fired(lock->image, phase, lock->trigger, threads);
		__atomic_store_n(lock->locked, 1, __ATOMIC_RELEASE);
		barrier_release();
		return;
	}
	if (!lock->dry_run && (phase->flags & POLICYC_PHASE_TRAPS) && !lock->observe)
		sigsys_take(policyc_string(lock->image, phase->name));
	take_steps(lock);
	if (!lock->phases_armed)
		proc_forget();
	if (!lock->dry_run && !lock->observe)
		probes_run(lock->image, phase);
	say = lock->verbose || report_watched() || steps_left_out();
	if (!lock->dry_run) {
		if (say && !can_write)
			tell(lock, "locking", threads); /* afterwards it could not be said */
		seccomp_lock(lock->image, phase);
	}
	if (!lock->dry_run && !lock->observe) { /* for the lock of a later phase */
		task_reads_no_more();
		report_locked(phase->flags & POLICYC_PHASE_LOOKS);
	}
	__atomic_store_n(lock->locked, 1, __ATOMIC_RELEASE);
	barrier_release();
	if (lock->dry_run)
		tell(lock, "would lock", threads);
	else if (say && can_write)
		tell(lock, lock->observe ? "observing" : "locked", threads);
}
