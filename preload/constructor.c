/* constructor.c - the only constructor: environment -> compiled policy -> armed.
 *
 * What it does: everything that may open, allocate or spawn, while nothing of the program has run
 * (only other libraries' constructors have). Afterwards the process is as it was - errno,
 * descriptors, signals, environment - but for the hooks that wait for a trigger.
 * What it must not do: continue when something is wrong. Every fault ends the process with one
 * line and status 125, before the program's main().
 *
 * Contract: load.
 */
#include <errno.h>
#include <limits.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "config.h"
#include "lockdown/lockdown.h"
#include "lockdown/namespaces.h"
#include "lockdown/probes.h"
#include "lockdown/seccomp.h"
#include "policy.h"
#include "policyc.h"
#include "prewarm.h"
#include "raw.h"
#include "report/mark.h"
#include "report/objects.h"
#include "report/report.h"
#include "trigger/ready.h"
#include "trigger/trigger.h"
#include "trigger/waits.h"

/* Behind the name of a file that is no longer there, as after an upgrade, the kernel says so. A
 * daemon that executes /proc/self/exe then has no other name, and still is the program of its
 * policy. */
static void forget_deletion(char *path, size_t length)
{
	static const char mark[] = " (deleted)";
	size_t end = sizeof(mark) - 1;

	if (length > end && text_equal(path + length - end, mark))
		path[length - end] = '\0';
}

/* Two paths name a program: the file that runs, and the name it was started by. They differ where
 * one is a link to the other: Debian's redis-server is a link to redis-check-rdb. */
static struct executable find_executable(void)
{
	static char file[PATH_MAX];
	struct executable executable = { .started_as = (const char *)getauxval(AT_EXECFN) };
	ssize_t n = readlink("/proc/self/exe", file, sizeof(file) - 1);

	if (n > 0) {
		file[n] = '\0';
		forget_deletion(file, (size_t)n);
	}
	executable.file = n > 0 ? file : executable.started_as; /* no /proc here */
	return executable;
}

static bool is_recorded(const struct config *config)
{
	return config->mode == MODE_LEARN || config->mode == MODE_TRIGGERS;
}

static void arm(const struct config *config, const struct executable *executable)
{
	void *image = policy_for(config, executable);
	const struct policyc_phase *phase;
	struct policyc_list phases;

	report_policy(image);
	if (!policy_arms_in(image, executable)) {
		/* It is for another program, perhaps for one that this one (a shell) starts. */
		report_aside("not armed in this program", NULL, NULL, NULL);
		report_policy(NULL);
		policy_drop(image);
		return;
	}
	if (config->probes && config->mode != MODE_ENFORCE)
		report_fatal(
			"SANDBOX_PROBES asks what a lock denies, and SANDBOX_MODE says to deny "
			"nothing: leave one of them out",
			NULL);
	if (config->probes)
		probes_load(config->probes);
	seccomp_require(config->mode == MODE_DRY_RUN);
	objects_prepare();
	ready_prepare();
	prewarm(policyc_header(image)->prewarm);
	phases = policyc_header(image)->phases;
	phase = policyc_at(image, phases);
	for (uint32_t i = 0; i < phases.count; i++) {
		lockdown_require(&phase[i]);
		if (config->mode == MODE_OBSERVE)
			seccomp_observe(image, &phase[i]);
	}
	if (config->mode == MODE_ENFORCE)
		namespaces_prepare(image);
	trigger_arm(image, config);
}

/* What a watcher wants to know of each program. */
static void say_loaded(const struct executable *executable)
{
	struct report_field fields[] = { { "file", executable->file, 0 },
					 { "version", VERSION, 0 },
					 { 0 }, /* a watcher that gave us a number knows it */
					 { 0 } };

	if (!report_watched())
		return;
	/* A filter that we were executed under may not allow it. */
	if (!report_number())
		fields[2] = (struct report_field){ "ppid", NULL, (uint64_t)raw(getppid) };
	report_event("loaded", fields, "loaded", false);
}

__attribute__((constructor)) static void libsandbox_load(void)
{
	struct config config = { 0 };
	int saved = errno;
	struct executable executable = find_executable();

	waits_resolve();
	report_program(text_basename(executable.started_as));
	config_read(&config);
	if (config.mode == MODE_OFF)
		return;
	if (is_recorded(&config))
		mark_loading();
	report_open(&config);
	say_loaded(&executable);
	if (is_recorded(&config))
		mark_arming();
	arm(&config, &executable);
	if (is_recorded(&config))
		mark_loaded();
	errno = saved;
}
