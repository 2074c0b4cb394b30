/* capabilities.c - every thread gives up its capabilities, but for those that the policy keeps.
 *
 * What it does: on each thread takes them out of the bounding, inheritable, permitted, effective
 * and (through these) ambient sets, and locks the securebits by which they could come back. A
 * thread that keeps some has of them what it had: nothing is granted here.
 * What it must not do: stop at the firing thread. Credentials belong to a thread.
 *
 * The bounding set and the securebits can only be changed with CAP_SETPCAP. A program without it
 * keeps them, which is harmless: they matter when a program is executed, and under no-new-privs
 * (set before the filter) that never gives more than there was. The report says so.
 *
 * Other steps need rights, and a daemon that changes from root to another user would have lost them
 * by the time of its lock. So they are kept permitted from load on, which gives the program nothing
 * that it can use without asking, and every thread raises them for its own steps only.
 *
 * Contract: hook; capabilities_keep and capabilities_hide: load; the work on each thread: signal.
 */
#include "lockdown/capabilities.h"

#include <linux/capability.h>
#include <linux/securebits.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/types.h>

#include "lockdown/barrier.h"
#include "lockdown/steps.h"
#include "policyc.h"
#include "raw.h"
#include "report/report.h"

#define BIT64(n)     (1ull << (n))
#define CAPABILITIES 64 /* more than any kernel has; prctl says which is the last */

static bool kept;

static long get(struct capabilities *set)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct half[2] = { 0 };
	long error = raw(capget, &header, half);

	set->effective = half[0].effective | (uint64_t)half[1].effective << 32;
	set->permitted = half[0].permitted | (uint64_t)half[1].permitted << 32;
	set->inheritable = half[0].inheritable | (uint64_t)half[1].inheritable << 32;
	return error;
}

static long put(const struct capabilities *set)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct half[2] = {
		{ (uint32_t)set->effective, (uint32_t)set->permitted, (uint32_t)set->inheritable },
		{ (uint32_t)(set->effective >> 32), (uint32_t)(set->permitted >> 32),
		  (uint32_t)(set->inheritable >> 32) },
	};

	return raw(capset, &header, half);
}

/* --- for other steps -------------------------------------------------------------------------- */

/* What cannot be dropped again must not be kept. */
long capabilities_keep(void)
{
	struct capabilities set;
	long error = get(&set);

	if (!error)
		error = put(&set);
	if (!error)
		error = raw(prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0);
	kept = !error;
	return error;
}

void capabilities_hide(void)
{
	struct capabilities set;
	long error = get(&set);

	set.effective = 0;
	set.inheritable = 0;
	if (!error)
		error = put(&set);
	if (error)
		report_fatal_errno(error, "cannot put the capabilities of a new user namespace by",
				   NULL);
	kept = true;
}

long capabilities_raise(uint64_t wanted, struct capabilities *before)
{
	struct capabilities raised;
	long error = get(before);

	if (error)
		return error;
	if (wanted & ~before->permitted)
		return -1; /* EPERM */
	if (!(wanted & ~before->effective))
		return 0;
	raised = *before;
	raised.effective |= wanted;
	return put(&raised);
}

long capabilities_lower(const struct capabilities *before)
{
	struct capabilities now;
	long error = get(&now);

	return error || now.effective == before->effective ? error : put(before);
}

bool capabilities_has(int capability)
{
	struct capabilities set;

	return !get(&set) && (set.effective & BIT64(capability));
}

bool capabilities_are_kept(void)
{
	return kept;
}

/* What a thread would have without keep or hide. Root, and who may become root again, has what is
 * permitted; another user would have lost what is not in use. */
static uint64_t own(const struct capabilities *set)
{
	uid_t real = 0, effective = 0, saved = 0;

	raw(getresuid, &real, &effective, &saved);
	return kept && real && effective && saved ? set->effective : set->permitted;
}

static long give_back(void *nothing)
{
	struct capabilities set;
	long error = get(&set);

	if (error)
		return error;
	raw(prctl, PR_SET_KEEPCAPS, 0, 0, 0, 0);
	set.permitted = own(&set);
	return put(&set);
}

void capabilities_give_back(void)
{
	long error =
		barrier_run(give_back, NULL, "cannot give up the capabilities kept for the lock");

	if (error)
		report_fatal_errno(error, "cannot give up the capabilities kept for the lock",
				   NULL);
	kept = false;
}

/* --- on each thread (signal) ------------------------------------------------------------------ */

struct drop {
	uint64_t keep;
	bool bounding_kept; /* some thread had no CAP_SETPCAP */
};

/* With CAP_SETPCAP effective. */
static long bound(uint64_t keep)
{
	for (int i = 0; i < CAPABILITIES; i++) {
		long error, has = raw(prctl, PR_CAPBSET_READ, i, 0, 0, 0);

		if (has == -22) /* EINVAL: behind the last */
			break;
		if (has < 0)
			return has;
		if (!has || (keep & BIT64(i)))
			continue;
		error = raw(prctl, PR_CAPBSET_DROP, i, 0, 0, 0);
		if (error)
			return error;
	}
	return 0;
}

static bool is_bounded(uint64_t keep)
{
	for (int i = 0; i < CAPABILITIES; i++) {
		if (!(keep & BIT64(i)) && raw(prctl, PR_CAPBSET_READ, i, 0, 0, 0) > 0)
			return false;
	}
	return true;
}

/* No rights by being root, none carried over a change of user, none made ambient; and so for ever.
 * NO_SETUID_FIXUP only where nothing is left to fix up: a program that keeps some and changes from
 * root to another user wants to lose them then. What an outer sandbox has locked stays as it is. */
static long lock_securebits(uint64_t keep)
{
	unsigned long bits = SECBIT_NOROOT | SECBIT_NO_CAP_AMBIENT_RAISE;
	unsigned long locks =
		SECBIT_NOROOT_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED | SECBIT_KEEP_CAPS_LOCKED;
	unsigned long locked;
	long now = raw(prctl, PR_GET_SECUREBITS, 0, 0, 0, 0);

	if (now < 0)
		return now;
	if (!keep) {
		bits |= SECBIT_NO_SETUID_FIXUP;
		locks |= SECBIT_NO_SETUID_FIXUP_LOCKED;
	}
	locked = ((unsigned long)now & SECURE_ALL_LOCKS) >> 1;
	bits = ((unsigned long)now | (bits & ~locked)) & ~(SECBIT_KEEP_CAPS & ~locked);
	return raw(prctl, PR_SET_SECUREBITS, bits | locks, 0, 0, 0);
}

static long bound_and_lock(uint64_t keep)
{
	struct capabilities before;
	long error = capabilities_raise(BIT64(CAP_SETPCAP), &before);

	if (!error)
		error = bound(keep);
	if (!error)
		error = lock_securebits(keep);
	if (error)
		capabilities_lower(&before);
	return error;
}

static long drop(void *argument)
{
	struct drop *how = argument;
	struct capabilities set;
	long error = get(&set);

	if (error)
		return error;
	raw(prctl, PR_SET_KEEPCAPS, 0, 0, 0, 0);
	if (set.permitted & BIT64(CAP_SETPCAP))
		error = bound_and_lock(how->keep);
	else if (!is_bounded(how->keep))
		__atomic_store_n(&how->bounding_kept, true, __ATOMIC_RELAXED);
	if (error)
		return error;
	set.permitted = own(&set) & how->keep;
	set.effective &= how->keep;
	set.inheritable &= how->keep; /* ambient ones go with these */
	return put(&set);
}

/* --- on the thread that locks (hook) ---------------------------------------------------------- */

void capabilities_drop(const void *image, const struct policyc_phase *phase)
{
	struct drop how = { .keep = phase->capabilities };
	long error = barrier_run(drop, &how, "cannot give up its capabilities");

	if (error)
		step_failed("capabilities", phase->optional & POLICYC_STEP_CAPABILITIES, error,
			    "capset(2) or prctl(2) is refused here; `optional capabilities` in the "
			    "policy goes on without");
	else
		step_done(how.bounding_kept ? "capabilities but the bounding set" : "capabilities");
}
