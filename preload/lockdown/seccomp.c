/* seccomp.c - loads the phase's BPF on every thread of the process.
 *
 * What it does: PR_SET_NO_NEW_PRIVS, then one seccomp(2) with TSYNC: the kernel puts the filter
 * (and no-new-privileges) on all threads or on none.
 * What it must not do: retry with fewer flags. A filter on one thread is not a sandbox.
 *
 * Contract: hook; seccomp_require and seccomp_observe: load.
 */
#include "lockdown/seccomp.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#include "lockdown/task.h"
#include "policyc.h"
#include "raw.h"
#include "report/report.h"

void seccomp_require(bool dry_run)
{
	/* A NULL program: a kernel that would take one answers EFAULT (seccomp(2)). */
	long error = raw(seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, NULL);

	if (error == -14) /* EFAULT */
		return;
	if (dry_run)
		report_phase("seccomp is not available here, so only a dry run goes on", NULL, NULL,
			     NULL);
	else
		report_fatal_errno(
			error,
			"seccomp is not available here; a kernel without "
			"CONFIG_SECCOMP_FILTER, or a container or a service's "
			"SystemCallFilter= that forbids seccomp(2), cannot run this policy",
			NULL);
}

static uint32_t observed(uint32_t verdict)
{
	uint32_t action = verdict & SECCOMP_RET_ACTION_FULL;

	if (action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG)
		return verdict;
	/* errno 0 is our own guard of the SIGSYS handler, which an observed program does not have
	 */
	if (action == SECCOMP_RET_ERRNO && !(verdict & SECCOMP_RET_DATA))
		return SECCOMP_RET_ALLOW;
	return SECCOMP_RET_LOG;
}

void seccomp_observe(void *image, const struct policyc_phase *phase)
{
	struct sock_filter *insn = (struct sock_filter *)((char *)image + phase->bpf.offset);

	for (uint32_t i = 0; i < phase->bpf.count; i++) {
		if (insn[i].code == (BPF_RET | BPF_K))
			insn[i].k = observed(insn[i].k);
	}
}

long seccomp_put(const void *image, const struct policyc_phase *phase, unsigned flags)
{
	const struct sock_fprog program = {
		.len = (unsigned short)phase->bpf.count,
		.filter = (struct sock_filter *)((uintptr_t)image + phase->bpf.offset),
	};
	long result = raw(prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);

	if (result)
		report_fatal_errno(result, "cannot set no-new-privileges", NULL);
	return raw(seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

void seccomp_lock(const void *image, const struct policyc_phase *phase)
{
	long result = seccomp_put(image, phase, SECCOMP_FILTER_FLAG_TSYNC);

	if (result > 0)
		task_fatal(
			task_try_open(), (int)result, /* an empty root has no /proc */
			"has a seccomp filter of its own, so the "
			"policy cannot cover it; let the program not sandbox its threads itself");
	if (result)
		report_fatal_errno(result, "the kernel refuses the filter", NULL);
}
