/* limits.c - getrlimit(2)'s limits of the whole process.
 *
 * What it does: prlimit64(2) on the process itself, for every limit of the phase. What is in use
 * already stays: a limit stops what comes.
 * What it must not do: set some limits and go on without the others.
 *
 * Contract: hook.
 */
#include "lockdown/limits.h"

#include <asm/errno.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "lockdown/steps.h"
#include "policyc.h"
#include "raw.h"
#include "report/line.h"
#include "report/report.h"

#define REPORT_ROOM 65536u /* bytes that reports may still need in their file */

static const char *const names[] = {
	[RLIMIT_CPU] = "limit cpu",	      [RLIMIT_FSIZE] = "limit fsize",
	[RLIMIT_DATA] = "limit data",	      [RLIMIT_STACK] = "limit stack",
	[RLIMIT_CORE] = "limit core",	      [RLIMIT_RSS] = "limit rss",
	[RLIMIT_NPROC] = "limit nproc",	      [RLIMIT_NOFILE] = "limit nofile",
	[RLIMIT_MEMLOCK] = "limit memlock",   [RLIMIT_AS] = "limit as",
	[RLIMIT_LOCKS] = "limit locks",	      [RLIMIT_SIGPENDING] = "limit sigpending",
	[RLIMIT_MSGQUEUE] = "limit msgqueue", [RLIMIT_NICE] = "limit nice",
	[RLIMIT_RTPRIO] = "limit rtprio",     [RLIMIT_RTTIME] = "limit rttime",
};

struct pair {
	uint64_t soft, hard;
};

static void line_pair(struct line *line, const struct pair *pair)
{
	const uint64_t values[] = { pair->soft, pair->hard };

	for (unsigned i = 0; i < 2; i++) {
		if (i)
			line_char(line, ':');
		if (values[i] == UINT64_MAX)
			line_text(line, "unlimited");
		else
			line_unsigned(line, values[i]);
	}
	line->text[line->length] = '\0';
}

/* The line of a policy that would set these. */
static void line_limit(struct line *line, uint32_t resource, const struct pair *pair)
{
	line_text(line, names[resource]);
	line_char(line, ' ');
	line_pair(line, pair);
}

static _Noreturn void refused(long error, uint32_t resource, const struct pair *wanted,
			      const struct pair *present)
{
	struct line line = { 0 }, hard = { 0 };

	line_limit(&line, resource, wanted);
	line_limit(&hard, resource, present);
	if (error == -EPERM && wanted->hard > present->hard)
		report_fatal_errno(error, "'", line.text, "' is above the hard limit of '",
				   hard.text,
				   "', and this program may not raise it; lower the policy's, or "
				   "raise the limit where the program is started",
				   NULL);
	report_fatal_errno(error, "the kernel refuses '", line.text, "' (now it is '", hard.text,
			   "')", NULL);
}

/* A write beyond RLIMIT_FSIZE ends the program (SIGXFSZ): a report must not be that write. */
static void spare_reports(const struct pair *pair)
{
	int64_t size = report_file_size();

	if (size >= 0 && pair->soft < (uint64_t)size + REPORT_ROOM)
		report_fatal("the policy limits the size of files (limit fsize), and the file that "
			     "reports go to is too large for it; send them elsewhere "
			     "(SANDBOX_REPORT)",
			     NULL);
}

static void tell(uint32_t resource, const struct pair *new, const struct pair *old)
{
	const struct report_field fields[] = { { "limit", names[resource] + sizeof("limit ") - 1,
						 0 },
					       { "soft", NULL, new->soft },
					       { "hard", NULL, new->hard },
					       { "old_soft", NULL, old->soft },
					       { "old_hard", NULL, old->hard },
					       { 0 } };
	struct line line = { 0 };

	line_limit(&line, resource, new);
	line_text(&line, " (was ");
	line_pair(&line, old);
	line_char(&line, ')');
	line.text[line.length] = '\0';
	report_event("limit", fields, line.text, false);
}

void limits_set(const void *image, const struct policyc_phase *phase)
{
	const struct policyc_limit *limits = policyc_at(image, phase->limits);

	for (uint32_t i = 0; i < phase->limits.count; i++) {
		const uint32_t resource = limits[i].resource;
		const struct pair wanted = { limits[i].soft, limits[i].hard };
		struct pair old = { 0 };
		long error;

		if (resource == RLIMIT_FSIZE)
			spare_reports(&wanted);
		error = raw(prlimit64, 0, resource, NULL, &old);
		if (!error)
			error = raw(prlimit64, 0, resource, &wanted, NULL);
		if (!error)
			tell(resource, &wanted, &old);
		else if (phase->optional & POLICYC_STEP_LIMITS)
			step_failed(names[resource], true, error, "");
		else
			refused(error, resource, &wanted, &old);
	}
	step_done("limits");
}

void dumps_forbid(const void *image, const struct policyc_phase *phase)
{
	long error = raw(prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);

	if (error)
		report_fatal_errno(error, "cannot make the program undumpable", NULL);
	step_done("dumpable no");
}
