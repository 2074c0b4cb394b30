/* trigger.c - the state of the phases, and the one winner.
 *
 * What it does: a phase is armed until one of its triggers is met, and then locked, once in this
 * process. The thread that meets it first locks; threads that meet it meanwhile wait until the
 * lock holds, so that none passes before. A fork child has a copy of all this and goes its own way.
 * What it must not do: know how to lock (lockdown.c), or how a trigger is noticed (waits.c,
 * entry.c, start.c).
 *
 * Contract: hook; trigger_arm: load.
 */
#include "trigger/trigger.h"

#include <signal.h>
#include <sys/mman.h>

#include "config.h"
#include "lockdown/lockdown.h"
#include "lockdown/seccomp.h"
#include "policyc.h"
#include "raw.h"
#include "report/report.h"
#include "signals.h"
#include "trigger/entry.h"

enum state { STATE_ARMED, STATE_LOCKED };

struct run {
	const struct policyc_phase *phase;
	uint32_t hooks; /* those of its triggers, as bits */
	uint32_t state; /* enum state */
};

static struct {
	const void *image;
	unsigned phases;
	bool dry_run, observe, verbose;
	struct run run[POLICYC_PHASES_MAX];
	uint32_t busy; /* 1 while some thread locks; others sleep on it */
	/* In a page that fork(2) wipes and vfork(2) shares (madvise(2), MADV_WIPEONFORK): 0 says
	 * "a fork child that has not looked yet", another's pid says "a vfork child". */
	uint32_t *owner;
} now;

uint32_t trigger_hooks;

/* --- which process is this
 * ------------------------------------------------------------------------ */

static void own_this_process(void)
{
	long page =
		raw(mmap, NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long error = page < 0 && page > -4096 ? page : raw(madvise, page, 4096, MADV_WIPEONFORK);

	if (error)
		report_fatal_errno(error, "cannot make a page that fork wipes", NULL);
	now.owner = (uint32_t *)page;
	*now.owner = (uint32_t)raw(getpid);
}

bool trigger_in_vfork_child(void)
{
	uint32_t self = (uint32_t)raw(getpid), owner = 0;

	if (__atomic_compare_exchange_n(now.owner, &owner, self, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE)) {
		/* A new fork child. If its parent was in the middle of a lock, the thread that
		 * locked is not here. */
		__atomic_store_n(&now.busy, 0, __ATOMIC_RELEASE);
		return false;
	}
	return owner != self;
}

/* --- conditions
 * ----------------------------------------------------------------------------------- */

static bool test_holds(const struct policyc_test *test, const int64_t slots[WAIT_SLOTS])
{
	int64_t a = (int64_t)((uint64_t)slots[test->slot] & test->mask);
	int64_t b = (int64_t)test->value;

	switch (test->op) {
	case POLICYC_EQ:
		return a == b;
	case POLICYC_NE:
		return a != b;
	case POLICYC_LT:
		return a < b;
	case POLICYC_LE:
		return a <= b;
	case POLICYC_GT:
		return a > b;
	default:
		return a >= b;
	}
}

/* An OR of clauses; `last` ends each clause. No tests: always. */
static bool where_holds(const struct policyc_trigger *trigger, const int64_t slots[WAIT_SLOTS])
{
	const struct policyc_test *test = policyc_at(now.image, trigger->tests);
	const struct policyc_test *end = test + trigger->tests.count;
	bool clause = true;

	if (test == end)
		return true;
	for (; test < end; test++) {
		clause = clause && test_holds(test, slots);
		if (test->last && clause)
			return true;
		if (test->last)
			clause = true;
	}
	return false;
}

static const struct policyc_trigger *triggers_of(const struct run *run)
{
	return policyc_at(now.image, run->phase->triggers);
}

/* The trigger of `run` that this hooked call meets, or NULL. */
static const struct policyc_trigger *match_hook(const struct run *run, enum hook hook,
						const int64_t slots[WAIT_SLOTS])
{
	const struct policyc_trigger *trigger = triggers_of(run);

	for (uint32_t i = 0; i < run->phase->triggers.count; i++, trigger++) {
		if (trigger->kind == POLICYC_TRIGGER_HOOK && (trigger->hooks & (1u << hook)) &&
		    where_holds(trigger, slots))
			return trigger;
	}
	return NULL;
}

static const struct policyc_trigger *match_kind(const struct run *run, uint32_t kind,
						const char *function)
{
	const struct policyc_trigger *trigger = triggers_of(run);

	for (uint32_t i = 0; i < run->phase->triggers.count; i++, trigger++) {
		if (trigger->kind == kind &&
		    (!function ||
		     text_equal(policyc_string(now.image, trigger->function), function)))
			return trigger;
	}
	return NULL;
}

/* --- the one winner
 * ------------------------------------------------------------------------------- */

static bool is_locked(const struct run *run)
{
	return __atomic_load_n(&run->state, __ATOMIC_ACQUIRE) == STATE_LOCKED;
}

/* Bits of the phases that are still armed. */
static uint32_t phases_armed(void)
{
	uint32_t bits = 0;

	for (unsigned i = 0; i < now.phases; i++) {
		if (!is_locked(&now.run[i]))
			bits |= 1u << i;
	}
	return bits;
}

static void watch_hooks(void)
{
	uint32_t hooks = 0;

	for (unsigned i = 0; i < now.phases; i++) {
		if (!is_locked(&now.run[i]))
			hooks |= now.run[i].hooks;
	}
	__atomic_store_n(&trigger_hooks, hooks, __ATOMIC_RELAXED);
}

static void lock_as_winner(struct run *run, const struct policyc_trigger *trigger)
{
	const struct lockdown lock = {
		.image = now.image,
		.phase = run->phase,
		.trigger = policyc_string(now.image, trigger->text),
		.phases_armed = phases_armed() & ~(1u << (run - now.run)),
		.dry_run = now.dry_run,
		.observe = now.observe,
		.verbose = now.verbose,
	};

	lockdown(&lock);
	__atomic_store_n(&run->state, STATE_LOCKED, __ATOMIC_RELEASE);
	watch_hooks();
}

/* Returns when `run` is locked. Signals are blocked before the claim, so that a handler of the
 * program cannot run between claim and lock, meet the same trigger, and wait for itself. */
static void fire(struct run *run, const struct policyc_trigger *trigger)
{
	static const uint64_t all = ~0ull;
	uint64_t mask;

	while (!is_locked(run)) {
		uint32_t idle = 0;
		bool won;

		if (__atomic_load_n(&now.busy, __ATOMIC_ACQUIRE)) {
			futex_wait(&now.busy, 1);
			continue;
		}
		raw(rt_sigprocmask, SIG_SETMASK, &all, &mask, MASK_SIZE);
		won = __atomic_compare_exchange_n(&now.busy, &idle, 1, false, __ATOMIC_ACQ_REL,
						  __ATOMIC_ACQUIRE);
		if (won) {
			if (!is_locked(run))
				lock_as_winner(run, trigger);
			__atomic_store_n(&now.busy, 0, __ATOMIC_RELEASE);
			futex_wake_all(&now.busy);
		}
		raw(rt_sigprocmask, SIG_SETMASK, &mask, NULL, MASK_SIZE);
	}
}

/* --- who calls
 * ------------------------------------------------------------------------------------ */

void trigger_hook(enum hook hook, const int64_t slots[WAIT_SLOTS])
{
	if (trigger_in_vfork_child())
		return;
	for (unsigned i = 0; i < now.phases; i++) {
		struct run *run = &now.run[i];
		const struct policyc_trigger *trigger;

		if (is_locked(run) || !(run->hooks & (1u << hook)))
			continue;
		trigger = match_hook(run, hook, slots);
		if (trigger)
			fire(run, trigger);
	}
}

static void fire_kind(uint32_t phases, uint32_t kind, const char *function)
{
	for (unsigned i = 0; i < now.phases; i++) {
		struct run *run = &now.run[i];
		const struct policyc_trigger *trigger;

		if (!(phases & (1u << i)) || is_locked(run))
			continue;
		trigger = match_kind(run, kind, function);
		if (trigger)
			fire(run, trigger);
	}
}

void trigger_main(void)
{
	fire_kind(~0u, POLICYC_TRIGGER_MAIN, NULL);
}

void trigger_function(uint32_t phases, const char *function)
{
	fire_kind(phases, POLICYC_TRIGGER_CALL, function);
}

static void arm_phase(unsigned index)
{
	struct run *run = &now.run[index];
	const struct policyc_trigger *trigger = triggers_of(run);

	for (uint32_t i = 0; i < run->phase->triggers.count; i++, trigger++) {
		if (trigger->kind == POLICYC_TRIGGER_HOOK)
			run->hooks |= trigger->hooks;
		if (trigger->kind == POLICYC_TRIGGER_CALL)
			entry_patch(policyc_string(now.image, trigger->function), 1u << index);
		if (now.verbose)
			report_phase("armed", policyc_string(now.image, run->phase->name),
				     policyc_string(now.image, trigger->text), NULL);
	}
}

void trigger_arm(const void *image, const struct config *config)
{
	const struct policyc_list list = policyc_header(image)->phases;
	const struct policyc_phase *phases = policyc_at(image, list);

	now.image = image;
	now.phases = list.count;
	now.dry_run = config->mode == MODE_DRY_RUN;
	now.observe = config->mode == MODE_OBSERVE;
	now.verbose = config->verbose;
	own_this_process();
	for (unsigned i = 0; i < now.phases; i++) {
		now.run[i].phase = &phases[i];
		arm_phase(i);
	}
	watch_hooks();
	fire_kind(~0u, POLICYC_TRIGGER_LOAD, NULL);
}
