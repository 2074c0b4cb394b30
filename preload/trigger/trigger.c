/* trigger.c - the state of the phases, and the one winner.
 *
 * What it does: a phase is armed until one of its triggers is met, and then locked, once in this
 * process. The thread that meets it first locks; threads that meet it meanwhile wait until the
 * lock holds, so that none passes before. A fork child has a copy of all this and goes its own way.
 * What it must not do: know how to lock (lockdown.c), or how a trigger is noticed (waits.c,
 * entry.c, start.c).
 *
 * Contract: hook, also after_fork; trigger_arm: load; say_unfired: at exit, quiet unless verbose or
 * watched.
 */
#include "trigger/trigger.h"

#include <pthread.h>
#include <signal.h>

#include "config.h"
#include "lockdown/lockdown.h"
#include "lockdown/proc.h"
#include "lockdown/seccomp.h"
#include "policyc.h"
#include "raw.h"
#include "report/mark.h"
#include "report/report.h"
#include "report/sigsys.h"
#include "signals.h"
#include "trigger/alarms.h"
#include "trigger/elf.h"
#include "trigger/entry.h"
#include "trigger/stack.h"
#include "trigger/wiped.h"

struct run {
	const struct policyc_phase *phase;
	uint32_t hooks;			     /* those of its triggers, as bits */
	uint32_t locked;		     /* 1 from the lock on (lockdown.c) */
	uint32_t met;			     /* bit n: trigger n, a step, was met */
	uint32_t seen[POLICYC_TRIGGERS_MAX]; /* how often each was met, for `count` */
};

/* What just happened, as triggers are compared with it. */
struct event {
	uint32_t kind; /* enum policyc_trigger_kind */
	enum hook hook;
	const int64_t *slots;
	unsigned site;
	int signal;
};

static struct {
	const void *image;
	unsigned phases;
	bool dry_run, observe, learn, verbose;
	bool tell_hooks; /* a mark for each hooked call */
	struct run run[POLICYC_PHASES_MAX];
	struct own *own;
	uint32_t forked_by; /* who we are to our children; fork does not wipe it */
} now;

/* In memory that fork wipes and vfork shares. */
struct own {
	uint32_t pid; /* 0: a child of clone(2) that has not looked yet; another's: a vfork child */
	uint32_t busy; /* 1 while some thread locks; others sleep on it */
};

uint32_t trigger_hooks;

/* --- which process is this -------------------------------------------------------------------- */

static void own_this_process(void)
{
	now.own = wiped_page();
	now.own->pid = now.forked_by = (uint32_t)raw(getpid);
}

bool trigger_in_vfork_child(void)
{
	uint32_t self = (uint32_t)raw(getpid), pid = 0;

	return !__atomic_compare_exchange_n(&now.own->pid, &pid, self, false, __ATOMIC_ACQ_REL,
					    __ATOMIC_ACQUIRE) &&
	       pid != self;
}

/* --- conditions ------------------------------------------------------------------------------- */

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

static unsigned phase_index(const struct run *run)
{
	return (unsigned)(run - now.run);
}

static bool on_right_thread(const struct policyc_trigger *trigger)
{
	return !(trigger->flags & POLICYC_TRIGGER_MAIN_THREAD) || raw(gettid) == raw(getpid);
}

static bool is_event(const struct run *run, unsigned index, const struct event *event)
{
	const struct policyc_trigger *trigger = &triggers_of(run)[index];

	if (trigger->kind != event->kind)
		return false;
	switch (trigger->kind) {
	case POLICYC_TRIGGER_HOOK:
		return (trigger->hooks & (1u << event->hook)) &&
		       where_holds(trigger, event->slots) && on_right_thread(trigger);
	case POLICYC_TRIGGER_CALL:
		return entry_waits_for(event->site, phase_index(run), index) &&
		       on_right_thread(trigger);
	case POLICYC_TRIGGER_SIGNAL:
		return trigger->signal == (uint32_t)event->signal;
	default:
		return true;
	}
}

/* A step was met: functions that wait for it are watched from now on. */
static void step_is_met(struct run *run, unsigned index)
{
	const struct policyc_trigger *trigger = triggers_of(run);

	if (trigger[index].kind == POLICYC_TRIGGER_CALL)
		entry_forget(phase_index(run), index);
	if (__atomic_fetch_or(&run->met, 1u << index, __ATOMIC_ACQ_REL) & (1u << index))
		return;
	for (uint32_t i = 0; i < run->phase->triggers.count; i++) {
		if (trigger[i].kind == POLICYC_TRIGGER_CALL && trigger[i].after == index + 1)
			entry_watch(phase_index(run), i);
	}
}

/* The trigger of `run` that this event meets, or NULL. Counts it, and notes the steps it takes; a
 * step taken by this very event does not count for what waits for it. */
static const struct policyc_trigger *match(struct run *run, const struct event *event)
{
	const struct policyc_trigger *trigger = triggers_of(run), *found = NULL;
	uint32_t met = __atomic_load_n(&run->met, __ATOMIC_ACQUIRE);

	for (uint32_t i = 0; i < run->phase->triggers.count; i++, trigger++) {
		if ((trigger->after && !(met & (1u << (trigger->after - 1)))) ||
		    !is_event(run, i, event) ||
		    __atomic_add_fetch(&run->seen[i], 1, __ATOMIC_RELAXED) < trigger->count)
			continue;
		if (trigger->flags & POLICYC_TRIGGER_STEP)
			step_is_met(run, i);
		else if (!found)
			found = trigger;
	}
	return found;
}

/* --- the one winner --------------------------------------------------------------------------- */

/* A phase that covers another one is the other's lock, too. A recording shows each by itself. */
static bool is_locked(const struct run *run)
{
	const uint32_t bit = 1u << phase_index(run);

	if (__atomic_load_n(&run->locked, __ATOMIC_ACQUIRE))
		return true;
	for (unsigned i = phase_index(run) + 1; i < now.phases && !now.learn; i++) {
		if ((now.run[i].phase->covers & bit) &&
		    __atomic_load_n(&now.run[i].locked, __ATOMIC_ACQUIRE))
			return true;
	}
	return false;
}

uint32_t trigger_armed(void)
{
	uint32_t bits = 0;

	for (unsigned i = 0; i < now.phases; i++) {
		if (!is_locked(&now.run[i]))
			bits |= 1u << i;
	}
	return bits;
}

static bool nothing_is_locked(void)
{
	return now.phases && trigger_armed() == (1u << now.phases) - 1;
}

static void watch_hooks(void)
{
	uint32_t hooks = now.tell_hooks ? UINT32_MAX : 0;

	if (nothing_is_locked())
		hooks |= 1u << HOOK_chroot | 1u << HOOK_capset | 1u << HOOK_sigaltstack;
	for (unsigned i = 0; i < now.phases; i++) {
		if (!is_locked(&now.run[i]))
			hooks |= now.run[i].hooks;
	}
	__atomic_store_n(&trigger_hooks, hooks, __ATOMIC_RELAXED);
}

struct winner {
	struct run *run;
	const char *trigger; /* its text */
};

/* The phases that stay armed when this one is locked. */
static uint32_t armed_after(const struct run *run)
{
	uint32_t covers = now.learn ? 0u : run->phase->covers;

	return trigger_armed() & ~(covers | 1u << phase_index(run));
}

/* Does every phase that is locked let us write? `may_look`: none is, so any call may be made. */
static bool may_say(bool *may_look)
{
	*may_look = true;
	for (unsigned i = 0; i < now.phases; i++) {
		if (!is_locked(&now.run[i]))
			continue;
		*may_look = false;
		if (!(now.run[i].phase->flags & POLICYC_PHASE_WRITES) && !now.dry_run &&
		    !now.observe)
			return false;
	}
	return true;
}

static void say_covered(const struct run *run)
{
	uint32_t covered = trigger_armed() & ~(armed_after(run) | 1u << phase_index(run));

	bool may_look;

	if (!covered || !may_say(&may_look))
		return;
	if (may_look && report_watched())
		report_find_again();
	for (unsigned i = 0; i < now.phases; i++) {
		if (covered & 1u << i)
			report_aside("covered by the lock of a later phase",
				     policyc_string(now.image, now.run[i].phase->name), NULL, NULL);
	}
}

static void lock_as_winner(void *winner_)
{
	const struct winner *winner = winner_;
	struct run *run = winner->run;
	const struct lockdown lock = {
		.image = now.image,
		.phase = run->phase,
		.trigger = winner->trigger,
		.phases_armed = armed_after(run),
		.dry_run = now.dry_run,
		.observe = now.observe,
		.learn = now.learn,
		.verbose = now.verbose,
		.locked = &run->locked,
	};

	if (is_locked(run))
		return;
	say_covered(run);
	lockdown(&lock);
	watch_hooks();
}

/* Signals are blocked before the claim, so that a handler of the program cannot run between claim
 * and lock, meet the same trigger, and wait for itself. */
void trigger_alone(void (*work)(void *argument), void *argument)
{
	static const uint64_t all = ~0ull;
	uint64_t mask = 0;
	bool won = false;

	while (!won) {
		uint32_t idle = 0;

		if (__atomic_load_n(&now.own->busy, __ATOMIC_ACQUIRE)) {
			stack_wait(&now.own->busy, 1);
			continue;
		}
		raw(rt_sigprocmask, SIG_SETMASK, &all, &mask, MASK_SIZE);
		won = __atomic_compare_exchange_n(&now.own->busy, &idle, 1, false, __ATOMIC_ACQ_REL,
						  __ATOMIC_ACQUIRE);
		if (won) {
			work(argument);
			sigsys_unblock(&mask);
			__atomic_store_n(&now.own->busy, 0, __ATOMIC_RELEASE);
			futex_wake_all(&now.own->busy);
		}
		raw(rt_sigprocmask, SIG_SETMASK, &mask, NULL, MASK_SIZE);
	}
}

static void fire_one(struct run *run, const char *trigger)
{
	struct winner winner = { run, trigger };

	if (!is_locked(run))
		trigger_alone(lock_as_winner, &winner);
}

/* Returns when `run` is locked, and above it what has to be: phases narrow in the order of the
 * text, so an earlier one that has not begun begins now, and nothing that it says is lost. */
static void fire(struct run *run, const char *trigger)
{
	for (unsigned i = 0; i < phase_index(run) && !now.learn; i++) {
		if (run->phase->before & 1u << i)
			fire_one(&now.run[i], trigger);
	}
	fire_one(run, trigger);
}

/* --- what happens ----------------------------------------------------------------------------- */

static void happened(const struct event *event)
{
	if (!now.phases || trigger_in_vfork_child()) /* no phases: not armed in this program */
		return;
	for (unsigned i = 0; i < now.phases; i++) {
		struct run *run = &now.run[i];
		const struct policyc_trigger *trigger;

		if (is_locked(run))
			continue;
		trigger = match(run, event);
		if (trigger)
			fire(run, policyc_string(now.image, trigger->text));
	}
}

/* What could send READY=1 but does not is nothing. */
static void tell_hook(enum hook hook, const int64_t slots[WAIT_SLOTS])
{
	if ((hook < HOOK_sendmsg || (hook < HOOK_chroot && slots[SLOT_COUNT])) &&
	    !trigger_in_vfork_child())
		mark_hook(hook, slots[SLOT_COUNT], slots[SLOT_TIMEOUT]);
}

void trigger_hook(enum hook hook, const int64_t slots[WAIT_SLOTS])
{
	const struct event event = { .kind = POLICYC_TRIGGER_HOOK, .hook = hook, .slots = slots };

	if (hook >= HOOK_chroot && slots[SLOT_COUNT] && nothing_is_locked() &&
	    !trigger_in_vfork_child())
		proc_keep();
	if (now.tell_hooks)
		tell_hook(hook, slots);
	trigger_deadlines();
	happened(&event);
}

void trigger_main(void)
{
	const struct event event = { .kind = POLICYC_TRIGGER_MAIN };

	happened(&event);
}

void trigger_site(unsigned site)
{
	const struct event event = { .kind = POLICYC_TRIGGER_CALL, .site = site };

	happened(&event);
}

void trigger_signal(int signal)
{
	const struct event event = { .kind = POLICYC_TRIGGER_SIGNAL, .signal = signal };

	happened(&event);
}

static void deadline_over(struct run *run)
{
	static const char why[] = "deadline: no trigger came in time";
	const char *name = policyc_string(now.image, run->phase->name);
	bool may_look;

	switch (run->phase->deadline) {
	case POLICYC_DEADLINE_LOCK:
		fire(run, why);
		break;
	case POLICYC_DEADLINE_KILL:
		report_fatal("phase ", name,
			     " did not begin before its deadline, so the program is "
			     "ended (the policy says so)",
			     NULL);
	default:
		if (!may_say(&may_look))
			return;
		if (may_look)
			report_find_again();
		report_phase("deadline is over, not locked", name, NULL, NULL);
	}
}

void trigger_deadlines(void)
{
	if (trigger_in_vfork_child())
		return;
	for (unsigned i = 0; i < now.phases; i++) {
		if (!is_locked(&now.run[i]) && alarms_over(i))
			deadline_over(&now.run[i]);
	}
}

/* At the end of the program. */
__attribute__((destructor)) static void say_unfired(void)
{
	bool may_look;

	if (!now.phases || !(now.verbose || report_watched()) || trigger_in_vfork_child() ||
	    !may_say(&may_look))
		return;
	if (may_look)
		report_find_again();
	for (unsigned i = 0; i < now.phases; i++) {
		if (!is_locked(&now.run[i]))
			report_aside("ends without having locked",
				     policyc_string(now.image, now.run[i].phase->name), NULL, NULL);
	}
}

/* In the child of a fork: a process of its own from here on. What it says of its parent and of its
 * locks is as they were at the fork; the parent may be gone by now, or locked. */
static void say_forked(void)
{
	const struct report_field fields[] = { { "ppid", NULL, now.forked_by }, { 0 } };
	bool may_look;

	now.forked_by = (uint32_t)raw(getpid);
	if (!may_say(&may_look))
		return;
	if (may_look)
		report_find_again();
	report_event("forked", fields, "forked", false);
	for (unsigned i = 0; i < now.phases; i++) {
		if (is_locked(&now.run[i]))
			report_aside("locked before the fork",
				     policyc_string(now.image, now.run[i].phase->name), NULL, NULL);
	}
	mark_forked();
}

/* In the child: its own from here on. Were it to say so at its first hooked call only, a vfork
 * child of its could be there before, pass for it, and leave it unlocked for ever. */
static void after_fork(void)
{
	__atomic_store_n(&now.own->pid, (uint32_t)raw(getpid), __ATOMIC_RELEASE);
	if (report_watched())
		say_forked();
}

bool trigger_is_due(unsigned phase, unsigned number)
{
	uint32_t after = triggers_of(&now.run[phase])[number].after;
	uint32_t met = __atomic_load_n(&now.run[phase].met, __ATOMIC_ACQUIRE);

	return !after || (met & (1u << (after - 1)));
}

/* Only a step is ever met without a lock. */
bool trigger_is_done(unsigned phase, unsigned number)
{
	return __atomic_load_n(&now.run[phase].met, __ATOMIC_ACQUIRE) & (1u << number);
}

void trigger_say(const char *event, unsigned phase, unsigned number)
{
	const struct run *run = &now.run[phase];
	const struct policyc_trigger *trigger = &triggers_of(run)[number];

	if (!(trigger->flags & POLICYC_TRIGGER_STEP))
		report_aside(event, policyc_string(now.image, run->phase->name),
			     policyc_string(now.image, trigger->text), NULL);
}

/* What a call trigger asks of its function. */
static unsigned use_of(const struct policyc_trigger *trigger)
{
	unsigned use = trigger->after ? ENTRY_LATER : 0u;

	if (trigger->flags & POLICYC_TRIGGER_MAIN_THREAD)
		use |= ENTRY_UNMET;
	if (trigger->count > 1)
		use |= ENTRY_UNMET | ENTRY_COUNTED;
	return use;
}

static void arm_trigger(unsigned index, unsigned number)
{
	struct run *run = &now.run[index];
	const struct policyc_trigger *trigger = &triggers_of(run)[number];
	const char *event = "armed";

	run->hooks |= trigger->hooks;
	if (trigger->kind == POLICYC_TRIGGER_CALL) {
		struct wanted wanted = {
			.object = policyc_string(now.image, trigger->object),
			.name = policyc_string(now.image, trigger->function),
			.offset = trigger->offset,
			.text = policyc_string(now.image, trigger->text) + sizeof("call"),
		};

		if (!entry_prepare(&wanted, index, number, use_of(trigger)))
			event = "pending";
	}
	if (trigger->kind == POLICYC_TRIGGER_SIGNAL)
		alarms_want_signal(index, (int)trigger->signal);
	trigger_say(event, index, number);
}

static void arm_phase(unsigned index)
{
	struct run *run = &now.run[index];

	for (uint32_t i = 0; i < run->phase->triggers.count; i++)
		arm_trigger(index, i);
	/* A recorded program that never meets its trigger must end as it would alone. */
	if (run->phase->deadline && !now.learn)
		alarms_want_deadline(index, run->phase->deadline_ms);
}

void trigger_arm(const void *image, const struct config *config)
{
	static const struct event loaded = { .kind = POLICYC_TRIGGER_LOAD };
	const struct policyc_list list = policyc_header(image)->phases;
	const struct policyc_phase *phases = policyc_at(image, list);

	now.image = image;
	now.phases = list.count;
	now.dry_run = config->mode == MODE_DRY_RUN;
	now.observe = config->mode == MODE_OBSERVE;
	now.tell_hooks = config->mode == MODE_TRIGGERS;
	now.learn = config->mode == MODE_LEARN || now.tell_hooks;
	now.verbose = config->verbose;
	own_this_process();
	if (pthread_atfork(NULL, NULL, after_fork))
		report_fatal("no memory to watch for fork", NULL);
	for (unsigned i = 0; i < now.phases; i++) {
		now.run[i].phase = &phases[i];
		arm_phase(i);
	}
	alarms_arm();
	watch_hooks();
	happened(&loaded);
}
