/* check.c - sandboxctl check: read a policy, prove its filters, warn of what is unwise. */
#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char help[] =
	"usage: sandboxctl check [OPTIONS] POLICY...\n"
	"\n"
	"Reads each policy, compiles it in memory, runs the filters against the text, and warns.\n"
	"Exit status 1 when one has errors; warnings do not count.\n"
	"\n"
	"  -a, --arch ARCH   for x86_64 or aarch64 (this machine's)\n"
	"  -s, --strict      warnings count\n"
	"\n"
	"It warns of: tests that can be walked around (clone beside clone3) or that deny less\n"
	"than they seem to (type == SOCK_RAW), calls that do what another line denies\n"
	"(execveat, io_uring) or leave less of a lock's step (prctl beside 'dumpable no'), calls\n"
	"of @dangerous and executable memory allowed without a comment on the line or above it,\n"
	"tests on calls that are made all the time, lines that decide nothing, traps that cannot\n"
	"report (clone, clone3, execve, execveat by a line of their own), no exit_group, a later\n"
	"phase that allows by default what an earlier one denies, and groups that were reviewed\n"
	"more than two years ago ($SOURCE_DATE_EPOCH is today when it is set).\n";

/* YEAR-MONTH-DAY; reproducible builds say what day it is. */
static const char *today(struct arena *arena)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	time_t now = epoch && *epoch ? (time_t)strtoll(epoch, NULL, 10) : time(NULL);
	char date[sizeof("2026-01-31")];
	struct tm parts;

	if (!gmtime_r(&now, &parts) || !strftime(date, sizeof(date), "%Y-%m-%d", &parts))
		return "1970-01-01";
	return arena_strndup(arena, date, strlen(date));
}

static void print_summary(const struct compiled *compiled)
{
	const struct policy *policy = compiled->policy;

	printf("%s: ok,", policy->name);
	for (size_t i = 0; i < policy->phase_count; i++) {
		const struct phase *phase = &policy->phases[i];

		printf(" phase %s: %zu calls, %zu instructions%s,", phase->name, phase->call_count,
		       compiled->phases[i].program.count,
		       phase->traps && !compiled->phases[i].writes ? ", cannot report" : "");
	}
	printf(" %lu calls compared\n", compiled->verified.tried);
}

static bool check(const char *name, enum arch arch, bool strict)
{
	struct session session;
	struct compiled compiled;
	const struct source *source;
	unsigned warnings = 0;
	bool good = false;

	session_begin(&session);
	source = session_policy(&session, name);
	if (source) {
		good = build_policy(&session.context, source, arch, NULL, &compiled);
		if (good) {
			lint_policy(&session.context, &compiled);
			lint_dates(&session.context, &compiled, today(&session.arena));
			good = !session.diagnostics.errors;
		}
		warnings = session.diagnostics.warnings;
		session_report(&session);
		if (good)
			print_summary(&compiled);
	}
	session_end(&session);
	return good && !(strict && warnings);
}

int check_main(int argc, char **argv)
{
	enum arch arch = ARCH_NATIVE;
	bool strict = false;
	const struct command command = {
		.name = "check",
		.help = help,
		.options = { { 'a', "arch", .take = take_arch, .to = &arch },
			     { 's', "strict", .flag = &strict } },
		.arguments = { 1, MANY, "name a policy" },
	};
	int result = read_options(&command, &argc, &argv);

	if (result >= 0)
		return result;
	result = EXIT_GOOD;
	for (int i = 0; i < argc; i++)
		if (!check(argv[i], arch, strict))
			result = EXIT_POLICY;
	return result;
}
