/* barrier.c - the thread barrier.
 *
 * Why: a filter that TSYNC puts on all threads also hits a thread that libc has just made: rseq,
 * set_robust_list and the mask call of its birth are then denied, though nobody would put them
 * into a policy for serving; next come the first calls of the thread's own function (redis names
 * its threads: prctl). Redis with exactly the calls of its event loop died so at start in 15 of 15
 * runs on one CPU.
 *
 * How: signal 33, which programs cannot block (libc's sigprocmask leaves it out: it is libc's own,
 * for setuid in all threads), queued with a code of ours to every entry of /proc/self/task. Every
 * handler answers and waits. libc blocks all signals until a new thread's birth is over, so one
 * that answers is past it; and a thread that is held cannot make another one. When a scan finds no
 * thread that has not answered, all are held.
 * A thread that the signal found waiting in a system call is *settled*: it has begun its life's
 * work. The others are let go once more until they wait too, for SETTLE_MS at most: a thread that
 * computes all the time is not waited for. One that has had hardly any time of a CPU yet (YOUNG_MS
 * in its life) does not compute all the time: on a busy machine its first calls may still lie
 * before it, so it is waited for, for TOTAL_MS at most.
 *
 * A thread may be unable to answer because it waits, with signals blocked, for a libc lock that a
 * held thread owns (an exiting thread frees its stack). So when no thread at all answers for
 * STALL_MS, everybody is let go and a new round begins, with more patience each time; after
 * TOTAL_MS the thread is named and the lock refused. A round in which threads keep answering goes
 * on: where many share little of a CPU, the next one would not be quicker.
 *
 * While all are held, barrier_run() has each of them do a piece of work for itself: what the kernel
 * changes for the calling thread only (capabilities, namespaces, Landlock). One piece at a time,
 * and the next begins when every thread has said that it is done.
 *
 * A thread may fork before it is held. The child has our handler and the descriptor of its parent's
 * threads; it gives both back before its own barrier.
 *
 * What it must not do: leave the handler of 33 changed, or swallow a 33 that libc sent.
 * Contract: hook, but for the handler (signal).
 */
#include "lockdown/barrier.h"

#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <ucontext.h>

#include "altstack.h"
#include "clock.h"
#include "lockdown/task.h"
#include "raw.h"
#include "report/report.h"
#include "report/sigsys.h"
#include "signals.h"

#define BARRIER_SIGNAL 33
#define BARRIER_CODE   SI_ASYNCNL /* one that the kernel takes; libc never sends 33 with it */
#define STALL_MS       100	  /* a healthy thread answers within a scheduling delay */
#define SETTLE_MS      100
#define YOUNG_MS       10
#define TOTAL_MS       10000
#define SLOTS	       65536u /* threads that one barrier can hold; a power of two */

/* One thread, in a hash table by tid. The last four are written by the thread itself. */
struct slot {
	int tid;
	uint32_t asked;	   /* the round in which we signalled it */
	uint32_t answered; /* the last round it answered */
	uint32_t worked;   /* the last job it did */
	bool settled;	   /* the signal found it waiting in a system call */
	uintptr_t ip;	   /* where the signal found it */
};

/* Tids of one process are mostly neighbours, and so are their slots: few pages are ever touched. */
static struct slot slots[SLOTS];
static uint32_t used[SLOTS]; /* indices of the slots in use */
static uint32_t used_count;
static bool holding;
static uint32_t round_now; /* odd while a round runs; held threads stay until it changes */
static uint32_t answers;   /* counts up; the conductor sleeps on it */
static uint32_t bell;	   /* counts up; held threads sleep on it */
static unsigned held;
static struct action libc_action;

/* What every held thread is to do once. */
static struct {
	long (*work)(void *argument);
	void *argument;
	uint32_t number; /* counts up: a thread that did another one has not done this */
	uint32_t done;	 /* by how many threads; the conductor sleeps on it */
	/* The first that failed; the rest is valid when `failed` is set. */
	uint32_t failed;
	int tid;
	long error;
	char name[16]; /* PR_GET_NAME */
} job;

/* --- on every other thread (signal) ----------------------------------------------------------- */

/* A call that waits was broken off: it will be made again (the kernel stepped back to the
 * instruction that makes it) or has failed with EINTR. */
static bool was_waiting(const ucontext_t *context)
{
	uintptr_t ip = machine_ip(context);

	return machine_is_syscall(ip) ||
	       (machine_result(context) == -4 && machine_is_syscall(ip - MACHINE_SYSCALL_SIZE));
}

/* The thread names itself: after a change of root there is no /proc to ask. */
static void job_failed(long error, int tid)
{
	uint32_t none = 0;

	if (!__atomic_compare_exchange_n(&job.failed, &none, 1, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_RELAXED))
		return;
	job.error = error;
	job.tid = tid;
	raw(prctl, PR_GET_NAME, job.name);
}

static void do_job(struct slot *slot)
{
	long error = job.work(job.argument);

	if (error)
		job_failed(error, slot->tid);
	__atomic_store_n(&slot->worked, job.number, __ATOMIC_RELAXED);
	__atomic_add_fetch(&job.done, 1, __ATOMIC_RELEASE);
	futex_wake_all(&job.done);
}

/* Held: does what the conductor asks for, until the round is over. */
static void stay(struct slot *slot, uint32_t round)
{
	for (;;) {
		uint32_t rung = __atomic_load_n(&bell, __ATOMIC_ACQUIRE);

		if (__atomic_load_n(&round_now, __ATOMIC_ACQUIRE) != round)
			return;
		if (__atomic_load_n(&job.number, __ATOMIC_ACQUIRE) != slot->worked)
			do_job(slot);
		else
			futex_wait(&bell, rung);
	}
}

static void on_barrier(int signal, siginfo_t *info, void *context)
{
	uint64_t value = (uint64_t)(uintptr_t)info->si_value.sival_ptr;
	uint32_t round = (uint32_t)(value >> 32);
	struct slot *slot = &slots[(uint32_t)value % SLOTS];

	if (info->si_code != BARRIER_CODE) {
		if (action_is_handler(&libc_action))
			libc_action.handler(signal, info, context);
		return;
	}
	if (__atomic_load_n(&round_now, __ATOMIC_ACQUIRE) != round)
		return; /* a round that was given up */
	slot->settled = was_waiting(context);
	slot->ip = machine_ip(context);
	slot->worked = job.number; /* none is given while a round gathers */
	__atomic_store_n(&slot->answered, round, __ATOMIC_RELEASE);
	__atomic_add_fetch(&answers, 1, __ATOMIC_RELEASE);
	futex_wake_all(&answers);
	stay(slot, round);
	sigsys_unblock(
		(uint64_t *)&((ucontext_t *)context)->uc_sigmask); /* as rt_sigreturn sets it */
}

/* --- on the thread that locks (hook) ---------------------------------------------------------- */

static void ring(void)
{
	__atomic_add_fetch(&bell, 1, __ATOMIC_RELEASE);
	futex_wake_all(&bell);
}

static struct slot *slot_of(int tid)
{
	for (uint32_t probes = 0; probes < SLOTS / 2; probes++) {
		uint32_t i = ((uint32_t)tid + probes) % SLOTS;

		if (!slots[i].tid) {
			slots[i].tid = tid;
			used[used_count++] = i;
		}
		if (slots[i].tid == tid)
			return &slots[i];
	}
	report_fatal("more threads than the barrier can hold", NULL);
}

static void forget_slots(void)
{
	while (used_count)
		slots[used[--used_count]].tid = 0;
}

/* A user may have only so many signals on their way (RLIMIT_SIGPENDING): those that threads take
 * meanwhile make room. */
static long queue_signal(int pid, int tid, const siginfo_t *info)
{
	static const struct timespec pause = { .tv_nsec = 500000 };
	uint64_t until = clock_ms() + TOTAL_MS;
	long error;

	while ((error = raw(rt_tgsigqueueinfo, pid, tid, BARRIER_SIGNAL, info)) ==
		       -11 && /* EAGAIN */
	       clock_ms() < until)
		raw(nanosleep, &pause, NULL);
	return error;
}

static bool ask(struct slot *slot, int pid, uint32_t round)
{
	siginfo_t info;
	long error;

	bytes_clear(&info, sizeof(info));
	info.si_signo = BARRIER_SIGNAL;
	info.si_code = BARRIER_CODE;
	info.si_value.sival_ptr =
		(void *)(uintptr_t)((uint64_t)round << 32 | (uint64_t)(slot - slots));
	slot->asked = round;
	error = queue_signal(pid, slot->tid, &info);
	if (error && error != -3) /* ESRCH: it is gone */
		report_fatal_errno(error, "cannot signal the program's threads before the lock",
				   NULL);
	return !error;
}

/* Asks every thread not yet asked in this round. Returns how many those were. */
static unsigned ask_all(int directory, uint32_t round)
{
	int pid = (int)raw(getpid), self = (int)raw(gettid);
	struct numbers list = { .directory = directory };
	bool seen_self = false;
	unsigned asked = 0;
	int tid;

	numbers_rewind(&list);
	while ((tid = task_next(&list)) != 0) {
		struct slot *slot;

		if (tid == self) {
			seen_self = true;
			continue;
		}
		slot = slot_of(tid);
		if (slot->asked != round && ask(slot, pid, round))
			asked++;
	}
	if (!seen_self)
		report_fatal("/proc belongs to another PID namespace, so the threads cannot be "
			     "listed; mount a /proc of this namespace",
			     NULL);
	return asked;
}

static bool answered(const struct slot *slot, uint32_t round)
{
	return __atomic_load_n(&slot->answered, __ATOMIC_ACQUIRE) == round;
}

/* Sleeps until the word changes, for 5 ms at most. */
static bool futex_times_out(const uint32_t *word, uint32_t seen)
{
	static const struct timespec tick = { .tv_nsec = 5000000 };

	return raw(futex, word, FUTEX_WAIT_PRIVATE, seen, &tick) == -110; /* ETIMEDOUT */
}

/* Waits for one thread, for as long as any answers within `stall`. False: it has neither answered
 * nor gone. */
static bool await(const struct slot *slot, int directory, uint32_t round, uint64_t stall)
{
	uint32_t seen = __atomic_load_n(&answers, __ATOMIC_ACQUIRE);
	uint64_t until = clock_ms() + stall;

	while (!answered(slot, round)) {
		bool is_quiet = futex_times_out(&answers, seen);
		uint32_t now = __atomic_load_n(&answers, __ATOMIC_ACQUIRE);

		if (is_quiet && !answered(slot, round) &&
		    task_is_out_of_reach(directory, slot->tid))
			return true;
		if (now != seen)
			until = clock_ms() + stall;
		else if (clock_ms() >= until)
			return answered(slot, round);
		seen = now;
	}
	return true;
}

/* Waits for every thread asked in this round. Returns the tid of one that does not answer, or 0. */
static int await_all(int directory, uint32_t round, uint64_t stall)
{
	held = 0;
	for (uint32_t i = 0; i < used_count; i++) {
		const struct slot *slot = &slots[used[i]];

		if (slot->asked != round)
			continue;
		if (!await(slot, directory, round, stall))
			return slot->tid;
		held += answered(slot, round);
	}
	return 0;
}

/* One round: 0 when all are held, else a tid that did not answer (and nobody is held any more). */
static int hold_round(int directory, uint64_t stall)
{
	uint32_t round = __atomic_add_fetch(&round_now, 1, __ATOMIC_RELEASE);

	held = 0;
	holding = true;
	while (ask_all(directory, round)) {
		int mute = await_all(directory, round, stall);

		if (mute) {
			barrier_release();
			return mute;
		}
	}
	return 0;
}

/* The child of a fork amid its parent's barrier begins anew. */
static void forget_parent(void)
{
	if (!task_forget_parent())
		return;
	action_put(BARRIER_SIGNAL, &libc_action);
	holding = false;
}

static void take_signal(void)
{
	const struct action ours = altstack_action(action_handler(on_barrier));
	struct action before = { 0 };
	long error = action_get(BARRIER_SIGNAL, &before);

	if (before.handler != on_barrier) /* else it is our parent's, and so is libc_action */
		libc_action = before;
	if (!error)
		error = action_put(BARRIER_SIGNAL, &ours);
	if (error)
		report_fatal_errno(error, "cannot handle signal 33 for the thread barrier", NULL);
}

/* unshare(CLONE_THREAD) does nothing, and fails when there is another thread: the cheapest way to
 * ask, and one that needs no /proc. Where an outer filter forbids unshare, we look at /proc. */
static bool single_threaded(void)
{
	return raw(unshare, CLONE_THREAD) == 0;
}

/* Is the thread to be let go until it waits? `patient`: one that computes is, too. */
static bool is_unsettled(const struct slot *slot, uint32_t round, bool patient)
{
	return answered(slot, round) && !slot->settled &&
	       (patient || task_cpu_ms(slot->tid) < YOUNG_MS);
}

static bool all_settled(uint32_t round, bool patient)
{
	for (uint32_t i = 0; i < used_count; i++)
		if (is_unsettled(&slots[used[i]], round, patient))
			return false;
	return true;
}

/* Lets everybody go until each thread that had not settled waits somewhere. `until`: how long one
 * that computes is waited for; `last`: a young one. */
static void let_settle(int directory, uint32_t round, uint64_t until, uint64_t last)
{
	static const struct timespec pause = { .tv_nsec = 500000 };

	barrier_release();
	if (!task_can_read())
		raw(nanosleep, &pause, NULL); /* the next round shows who waits */
	for (uint32_t i = 0; i < used_count; i++) {
		const struct slot *slot = &slots[used[i]];

		while (is_unsettled(slot, round, clock_ms() < until) && clock_ms() < last &&
		       task_is_running(directory, slot->tid))
			raw(nanosleep, &pause, NULL);
	}
}

static void hold_all(int directory, bool settle)
{
	uint64_t last = clock_ms() + TOTAL_MS, until = 0, stall = STALL_MS;

	for (;;) {
		int mute = hold_round(directory, stall);
		uint64_t now = clock_ms();

		if (mute && now >= last)
			task_fatal(
				directory, mute,
				"does not answer (stopped, in an uninterruptible wait, in vfork, "
				"with signal 33 blocked, or one of io_uring's where an earlier "
				"phase is locked)");
		if (mute) {
			stall += STALL_MS;
			continue;
		}
		if (!until) /* the first time that all are held */
			until = now + SETTLE_MS;
		if (!settle || now >= last || all_settled(round_now, now < until))
			return;
		let_settle(directory, round_now, until, last);
	}
}

/* io_uring's own threads take no signals, and keep the root, namespaces and credentials that they
 * were made with: what a request does there would escape what the others give up. And one that
 * polls takes requests from memory: it needs no call that a filter could deny. */
static void refuse_rings(int directory, enum barrier_rings rings)
{
	struct numbers list = { .directory = directory };
	int tid;

	numbers_rewind(&list);
	while ((tid = task_next(&list)) != 0) {
		enum task_ring ring = task_ring(directory, tid);

		if (ring != TASK_RING_NONE && rings == BARRIER_NO_RINGS)
			task_fatal(directory, tid,
				   "is one of io_uring's, which cannot be locked in; let the "
				   "program not use io_uring, or take root, detach, capabilities "
				   "and the paths out of the policy");
		if (ring == TASK_RING_POLLS)
			task_fatal(directory, tid,
				   "is one of io_uring's that polls (IORING_SETUP_SQPOLL): it does "
				   "what the program asks for without a system call, so past the "
				   "filter; let the program not do that, or, if it may do all "
				   "that io_uring can, allow io_uring_enter in the policy");
	}
}

static unsigned hold(bool settle, enum barrier_rings rings)
{
	int directory;

	held = 0;
	forget_parent();
	if (single_threaded())
		return 0;
	forget_slots();
	take_signal();
	directory = task_open();
	hold_all(directory, settle);
	if (rings != BARRIER_ANY_RINGS)
		refuse_rings(directory, rings);
	action_put(BARRIER_SIGNAL, &libc_action);
	task_close(directory);
	return held;
}

unsigned barrier_hold(enum barrier_rings rings)
{
	return hold(true, rings);
}

void barrier_hold_for_code(void)
{
	hold(false, BARRIER_ANY_RINGS);
}

bool barrier_holds_in(uintptr_t first, uintptr_t last)
{
	for (uint32_t i = 0; holding && i < used_count; i++) {
		const struct slot *slot = &slots[used[i]];

		if (answered(slot, round_now) && slot->ip >= first && slot->ip <= last)
			return true;
	}
	return false;
}

void barrier_release(void)
{
	if (!holding)
		return;
	holding = false;
	__atomic_add_fetch(&round_now, 1, __ATOMIC_RELEASE);
	ring();
}

/* --- work for every thread -------------------------------------------------------------------- */

static _Noreturn void job_is_never_done(void)
{
	for (uint32_t i = 0; i < used_count; i++) {
		const struct slot *slot = &slots[used[i]];

		if (answered(slot, round_now) &&
		    __atomic_load_n(&slot->worked, __ATOMIC_RELAXED) != job.number)
			task_fatal(-1, slot->tid,
				   "does not come to an end of its part of the lock");
	}
	report_fatal("a thread does not come to an end of its part of the lock", NULL);
}

static void await_job(void)
{
	uint64_t until = clock_ms() + TOTAL_MS;

	for (;;) {
		uint32_t done = __atomic_load_n(&job.done, __ATOMIC_ACQUIRE);

		if (done == held)
			return;
		if (futex_times_out(&job.done, done) && clock_ms() >= until)
			job_is_never_done();
	}
}

bool barrier_holds_others(void)
{
	return held > 0;
}

void barrier_run_others(long (*work)(void *argument), void *argument, const char *what)
{
	if (!held)
		return;
	job.work = work;
	job.argument = argument;
	job.done = 0;
	job.failed = 0;
	__atomic_add_fetch(&job.number, 1, __ATOMIC_RELEASE);
	ring();
	await_job();
	if (job.failed)
		task_fatal_errno(job.tid, job.name, what, job.error);
}

long barrier_run(long (*work)(void *argument), void *argument, const char *what)
{
	long error = work(argument);

	if (!error)
		barrier_run_others(work, argument, what);
	return error;
}
