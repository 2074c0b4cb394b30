/* sigsys.c - a trapped call: report it, then die at it (or let it fail).
 *
 * What it does: the kernel answers SECCOMP_RET_TRAP with SIGSYS before the call runs. The handler
 * writes the report. For `trap E` it puts -E where the result goes. For `trap` it steps back to
 * the syscall instruction and blocks SIGSYS in the mask that rt_sigreturn will restore: the call
 * traps again, a blocked SIGSYS cannot be delivered, so the kernel resets it to the default and
 * the process dies of SIGSYS with its core at the faulting call - without one more system call.
 * What it must not do: need any call but those that the compiler implies for a phase that traps.
 *
 * Contract: signal, but for sigsys_take (hook).
 */
#include "report/sigsys.h"

#include <ucontext.h>

#include "altstack.h"
#include "raw.h"
#include "report/objects.h"
#include "report/report.h"
#include "signals.h"

#define CODE_SECCOMP 1 /* SYS_SECCOMP of asm-generic/siginfo.h */

static const char *phase_name;
static struct action before; /* the program's own disposition, for SIGSYS that is not ours */

static void die_at_the_call(ucontext_t *context, uint32_t nr)
{
	uint64_t *mask = (uint64_t *)&context->uc_sigmask;

	*mask |= 1ull << (SIGSYS - 1);
	machine_repeat(context, nr);
}

/* kill -SYS, or syscall user dispatch: not a verdict of the filter. */
static void not_ours(int signal, siginfo_t *info, void *context)
{
	if (action_is_handler(&before))
		before.handler(signal, info, context);
	else if (action_is_default(&before))
		raw(exit_group, 128 + SIGSYS);
}

static void on_sigsys(int signal, siginfo_t *info, void *context_)
{
	ucontext_t *context = context_;
	struct report_violation violation = {
		.nr = (uint32_t)info->si_syscall,
		.ip = (uintptr_t)info->si_call_addr,
		.error = (uint16_t)info->si_errno,
		.phase = phase_name,
	};

	if (info->si_code != CODE_SECCOMP) {
		not_ours(signal, info, context);
		return;
	}
	machine_arguments(context, violation.arguments);
	violation.caller = object_caller(machine_link(context), machine_sp(context));
	report_violation(&violation);
	if (violation.error)
		machine_set_result(context, -(long)violation.error);
	else
		die_at_the_call(context, violation.nr);
}

/* A denied call of a thread that blocks SIGSYS would end the process unseen, and `trap E` too. */
void sigsys_unblock(uint64_t *mask)
{
	if (phase_name)
		*mask &= ~(1ull << (SIGSYS - 1));
}

void sigsys_take(const char *phase)
{
	const struct action ours = altstack_action(action_handler(on_sigsys));
	struct action old = { 0 };
	long error = action_get(SIGSYS, &old);

	phase_name = phase;
	if (!error && old.handler != on_sigsys) {
		before = old;
		error = action_put(SIGSYS, &ours);
	}
	if (error)
		report_fatal_errno(error, "cannot handle SIGSYS for phase ", phase, NULL);
}
