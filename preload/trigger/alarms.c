/* alarms.c - triggers that come from outside the program's own calls: signals and deadlines.
 *
 * What it does: takes the signals that are triggers over, and starts a POSIX timer (timer_create)
 * for each deadline, so that a program that never makes a hooked call is held to it too. Timers do
 * not survive fork, so a child starts its own. The timers use signal 32, which programs cannot
 * block: it is libc's own for pthread_cancel, and what is not from our timer is handed on.
 * What it must not do: stay. At the lock the dispositions are the program's again.
 *
 * Known hole: the first pthread_cancel of a program puts libc's handler in the place of ours. Then
 * a deadline is noticed at the next hooked call only.
 *
 * Contract: load and hook as alarms.h says; handlers: signal.
 */
#include "trigger/alarms.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <ucontext.h>

#include "clock.h"
#include "policyc.h"
#include "raw.h"
#include "report/report.h"
#include "report/sigsys.h"
#include "signals.h"
#include "trigger/trigger.h"

#define DEADLINE_SIGNAL 32
#define SIGNALS		65

static struct {
	uint32_t wanted[SIGNALS]; /* by signal: bits of the phases that it begins */
	struct action before[SIGNALS];
	uint64_t due[POLICYC_PHASES_MAX]; /* CLOCK_MONOTONIC ms; 0: no deadline, or none any more */
	int timer[POLICYC_PHASES_MAX];	  /* the kernel's timer_t */
	uint32_t over;			  /* bits of the phases for which alarms_over() was true */
} alarms;

void alarms_want_signal(unsigned phase, int signal)
{
	alarms.wanted[signal] |= 1u << phase;
}

void alarms_want_deadline(unsigned phase, uint32_t milliseconds)
{
	alarms.due[phase] = clock_ms() + milliseconds;
}

/* --- handlers (signal) ------------------------------------------------------------------------ */

static void hand_on(int signal, siginfo_t *info, void *context)
{
	if (action_is_handler(&alarms.before[signal]))
		alarms.before[signal].handler(signal, info, context);
}

/* The mask that rt_sigreturn puts back, when a lock has happened. */
static uint64_t *mask_of(void *context)
{
	return (uint64_t *)&((ucontext_t *)context)->uc_sigmask;
}

static void on_signal(int signal, siginfo_t *info, void *context)
{
	trigger_signal(signal);
	sigsys_unblock(mask_of(context));
	hand_on(signal, info, context);
}

static void on_deadline(int signal, siginfo_t *info, void *context)
{
	if (info->si_code == SI_TIMER && info->si_value.sival_ptr == &alarms)
		trigger_deadlines();
	else
		hand_on(signal, info, context);
	sigsys_unblock(mask_of(context));
}

/* --- taking and giving back ------------------------------------------------------------------- */

static void take(int signal, signal_handler handler)
{
	const struct action ours = action_handler(handler);
	long error = action_get(signal, &alarms.before[signal]);

	if (!error)
		error = action_put(signal, &ours);
	if (error)
		report_fatal_errno(error, "cannot handle the signal of a trigger", NULL);
}

/* Only what is still ours: the program may have put its own handler there since. */
static void give_back(int signal, signal_handler handler)
{
	struct action current = { 0 };

	if (!action_get(signal, &current) && current.handler == handler)
		action_put(signal, &alarms.before[signal]);
}

static void start_timer(unsigned phase)
{
	uint64_t now = clock_ms();
	uint64_t left = alarms.due[phase] > now ? alarms.due[phase] - now : 1;
	struct itimerspec when = {
		.it_value = { .tv_sec = (time_t)(left / 1000),
			      .tv_nsec = (long)(left % 1000) * 1000000 },
	};
	struct sigevent event;
	long error;

	bytes_clear(&event, sizeof(event));
	event.sigev_notify = SIGEV_SIGNAL;
	event.sigev_signo = DEADLINE_SIGNAL;
	event.sigev_value.sival_ptr = &alarms;
	error = raw(timer_create, CLOCK_MONOTONIC, &event, &alarms.timer[phase]);
	if (!error)
		error = raw(timer_settime, alarms.timer[phase], 0, &when, NULL);
	if (error)
		report_fatal_errno(error, "cannot start the timer of a deadline", NULL);
}

static void start_timers(void)
{
	for (unsigned i = 0; i < POLICYC_PHASES_MAX; i++) {
		if (alarms.due[i])
			start_timer(i);
	}
}

void alarms_arm(void)
{
	for (int signal = 1; signal < SIGNALS; signal++) {
		if (alarms.wanted[signal])
			take(signal, on_signal);
	}
	for (unsigned i = 0; i < POLICYC_PHASES_MAX; i++) {
		if (!alarms.due[i])
			continue;
		take(DEADLINE_SIGNAL, on_deadline);
		if (pthread_atfork(NULL, NULL, start_timers))
			report_fatal("no memory to watch for fork", NULL);
		start_timers();
		return;
	}
}

/* Several threads may see it over; one acts. */
bool alarms_over(unsigned phase)
{
	uint64_t due = __atomic_load_n(&alarms.due[phase], __ATOMIC_RELAXED);

	return due && clock_ms() >= due &&
	       !(__atomic_fetch_or(&alarms.over, 1u << phase, __ATOMIC_ACQ_REL) & 1u << phase);
}

void alarms_drop(uint32_t still_armed)
{
	bool any_deadline = false, dropped = false;

	for (unsigned i = 0; i < POLICYC_PHASES_MAX; i++) {
		if (!alarms.due[i])
			continue;
		if (still_armed & (1u << i)) {
			any_deadline = true;
			continue;
		}
		raw(timer_delete, alarms.timer[i]);
		alarms.due[i] = 0;
		dropped = true;
	}
	if (dropped && !any_deadline)
		give_back(DEADLINE_SIGNAL, on_deadline);
	for (int signal = 1; signal < SIGNALS; signal++) {
		if (alarms.wanted[signal] && !(alarms.wanted[signal] & still_armed)) {
			give_back(signal, on_signal);
			alarms.wanted[signal] = 0;
		}
	}
}
