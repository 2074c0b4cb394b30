/* steps.c - the record of a lock: which steps took effect, and which were left out and why.
 *
 * What it does: notes names and errnos for the report, and decides what happens when a kernel
 * cannot do a step: the program ends, unless the policy says `optional`.
 * What it must not do: know how a step is done, or drop a note.
 *
 * Contract: hook. One lock at a time in the process.
 */
#include "lockdown/steps.h"

#include <sched.h>

#include "policyc.h"
#include "report/report.h"

#define NOTES_MAX 32u /* every step and every namespace, with room */

static struct report_step notes[NOTES_MAX];
static unsigned count;
static bool left_out;

/* The order is that of the policy's words and of reports. */
static const struct {
	uint64_t flag;
	const char *name;
} namespaces[] = {
	{ CLONE_NEWUSER, "detach user" },     { CLONE_NEWNS, "detach mount" },
	{ CLONE_NEWIPC, "detach ipc" },	      { CLONE_NEWUTS, "detach uts" },
	{ CLONE_NEWNET, "detach net" },	      { CLONE_NEWPID, "detach pid" },
	{ CLONE_NEWCGROUP, "detach cgroup" },
};

#define NAMESPACES (sizeof(namespaces) / sizeof(*namespaces))

static const struct {
	uint32_t bit;
	const char *name;
} names[] = {
	{ POLICYC_STEP_DESCRIPTORS, "descriptors" },
	{ POLICYC_STEP_LIMITS, "limits" },
	{ POLICYC_STEP_ROOT, "root" },
	{ POLICYC_STEP_DETACH, "detach" },
	{ POLICYC_STEP_FILES, "files" },
	{ POLICYC_STEP_PORTS, "ports" },
	{ POLICYC_STEP_SCOPE, "scope" },
	{ POLICYC_STEP_CAPABILITIES, "capabilities" },
	{ POLICYC_STEP_NOT_DUMPABLE, "dumpable no" },
};

const char *namespace_name(uint64_t flag)
{
	for (unsigned i = 0; i < NAMESPACES; i++) {
		if (namespaces[i].flag == flag)
			return namespaces[i].name;
	}
	return NULL;
}

#define NAMES (sizeof(names) / sizeof(*names))

const char *steps_first_name(uint32_t bits)
{
	for (unsigned i = 0; i < NAMES; i++) {
		if (bits & names[i].bit)
			return names[i].name;
	}
	return "an unknown step";
}

static void note(const char *name, long error)
{
	if (count == NOTES_MAX)
		report_fatal("more steps than a report can hold", NULL);
	notes[count++] = (struct report_step){ name, error };
}

void steps_begin(void)
{
	count = 0;
	left_out = false;
}

void step_done(const char *name)
{
	note(name, 0);
}

void step_failed(const char *name, bool optional, long error, const char *remedy)
{
	if (!optional)
		report_fatal_errno(error, "cannot lock: ", name, ": ", remedy, NULL);
	left_out = true;
	note(name, error);
}

static void pretend_detach(uint64_t flags)
{
	for (unsigned i = 0; i < NAMESPACES; i++) {
		if (flags & namespaces[i].flag)
			step_done(namespaces[i].name);
	}
}

void steps_pretend(const struct policyc_phase *phase)
{
	for (unsigned i = 0; i < NAMES; i++) {
		if (names[i].bit == POLICYC_STEP_DETACH)
			pretend_detach(phase->detach);
		else if (phase->steps & names[i].bit)
			step_done(names[i].name);
	}
}

bool steps_left_out(void)
{
	return left_out;
}

void steps_report(struct report_lock *lock)
{
	lock->steps = notes;
	lock->count = count;
}
