/* ci.c - sandboxctl ci: run a test suite with the library in it, and judge what every process did.
 *
 * What it must not do: be green when it does not know. A run in which nothing was locked fails.
 */
#include "ci/enforced.h"
#include "ci/images.h"
#include "ci/observed.h"
#include "ci/outputs.h"
#include "options.h"
#include "save.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
	"usage: sandboxctl ci -p POLICY [OPTIONS] -- COMMAND [ARGUMENTS]\n"
	"\n"
	"Runs COMMAND, a test suite of any kind, with libsandbox.so in it and in all that it "
	"starts.\n"
	"The programs that POLICY names are locked; others are left alone. Fails when a call was\n"
	"denied, when such a program was not reached or never locked, or when COMMAND fails.\n"
	"\n"
	"  -p, --policy POLICY         name or path\n"
	"  -P, --program NAME          lock this program, not those that POLICY names; may be "
	"said\n"
	"                              several times; '*': every program\n"
	"  -O, --observe               deny nothing: put every call to POLICY and list them all\n"
	"  -f, --fail-on LIST          what fails: violations,unlocked,forks,unreached,answered,\n"
	"                              young,unused,new,gone,drift (both), all, none\n"
	"                              (violations,unlocked,forks,unreached,new)\n"
	"  -u, --allow-unlocked GLOB   a command line that may end before its lock:\n"
	"                              'redis-server --version'; may be said several times\n"
	"  -b, --baseline RECORDING    say what is new against it, and gone; observes\n"
	"  -r, --recording FILE        keep the recording: a baseline; observes\n"
	"  -l, --linger SECONDS        what COMMAND leaves behind is ended after this (10)\n"
	"  -J, --junit FILE            the verdict as JUnit XML\n"
	"  -s, --sarif FILE            as SARIF 2.1.0\n"
	"  -j, --json FILE             with all that is known\n"
	"  -t, --tap                   as TAP on standard output; that of COMMAND goes to "
	"standard\n"
	"                              error then\n"
	"  -g, --github                as annotations for GitHub Actions on standard output\n"
	"  -S, --summary FILE          the summary, to keep\n"
	"  -q, --quiet                 no summary on standard error\n"
	"\n"
	"Exit status: 0 green; 1 red; 2 wrong usage; 125 when the run could not be set up.\n";

enum { MS = 1000, LINGER_DEFAULT = 10, LINGER_MAX = 3600 };
enum { JUNIT, SARIF, JSON, SUMMARY, OUTPUTS };

struct output {
	const char *path; /* NULL: not asked for */
	output_function write;
};

struct options {
	struct arena *arena;
	struct ci_options ci;
	const char *fail_on;
	struct output outputs[OUTPUTS];
	struct words programs;
	bool every_program, observe, tap, github;
};

/* --- options ---------------------------------------------------------------------------------- */

static bool take_linger(void *to, const char *text)
{
	struct ci_options *ci = to;
	char *end;
	unsigned long seconds = strtoul(text, &end, 10);

	if (*end || end == text || *text == '-' || !seconds || seconds > LINGER_MAX) {
		complain("ci: --linger is a number of seconds from 1 to %d, not '%s'", LINGER_MAX,
			 text);
		return false;
	}
	ci->linger_ms = (unsigned)seconds * MS;
	return true;
}

static bool take_program(void *to, const char *name)
{
	struct options *options = to;
	struct words *programs = &options->programs;

	options->ci.programs = programs;
	options->every_program |= !strcmp(name, "*");
	*ARENA_PUSH(options->arena, programs->list, programs->count) =
		(struct word){ .text = name };
	if (options->every_program)
		programs->count = 0;
	return true;
}

static bool take_may_end(void *to, const char *pattern)
{
	struct options *options = to;

	*ARENA_PUSH(options->arena, options->ci.may_end, options->ci.may_end_count) = pattern;
	return true;
}

static int check_options(const struct options *options, struct findings *findings)
{
	const char *wrong = NULL;

	if (!options->ci.policy) {
		complain("ci: name a policy with --policy");
		return usage_error("ci");
	}
	if (!read_kinds(options->arena, options->fail_on, &findings->fails, &wrong)) {
		complain("ci: --fail-on knows no '%s'", wrong);
		return usage_error("ci");
	}
	if (options->tap && options->github) {
		complain("ci: --tap and --github are both for standard output: choose one");
		return usage_error("ci");
	}
	return -1;
}

static int read_all(int argc, char **argv, struct options *options)
{
	const struct command command = {
		.name = "ci",
		.help = help,
		.options = { { 'p', "policy", .text = &options->ci.policy },
			     { 'P', "program", .take = take_program, .to = options },
			     { 'O', "observe", .flag = &options->observe },
			     { 'f', "fail-on", .text = &options->fail_on },
			     { 'u', "allow-unlocked", .take = take_may_end, .to = options },
			     { 'b', "baseline", .text = &options->ci.baseline },
			     { 'r', "recording", .text = &options->ci.recording },
			     { 'l', "linger", .take = take_linger, .to = &options->ci },
			     { 'J', "junit", .text = &options->outputs[JUNIT].path },
			     { 's', "sarif", .text = &options->outputs[SARIF].path },
			     { 'j', "json", .text = &options->outputs[JSON].path },
			     { 'S', "summary", .text = &options->outputs[SUMMARY].path },
			     { 't', "tap", .flag = &options->tap },
			     { 'g', "github", .flag = &options->github },
			     { 'q', "quiet", .flag = &options->ci.quiet } },
		.arguments = { 1, MANY, "name a command" },
		.starts_program = true,
	};
	int result = read_options(&command, &argc, &argv);

	options->ci.argv = argv;
	options->observe |= options->ci.baseline || options->ci.recording;
	return result;
}

/* --- the run ---------------------------------------------------------------------------------- */

/* Whose lock it is must be said: under a policy for any program the suite's own shells would be
 * locked. "*" says that it is meant so. */
static bool check_programs(struct session *session, const struct options *options)
{
	const struct policy *policy = session_resolve(session, options->ci.policy, ARCH_NATIVE);

	if (!policy)
		return false;
	if (!options->programs.list && !policy->programs.count) {
		complain("policy %s names no program: say which to lock with --program NAME, or "
			 "--program '*' for every one",
			 policy->name);
		return false;
	}
	return true;
}

/* TAP has standard output for itself. The copy is not the command's. */
static FILE *own_output(const struct options *options)
{
	int file = options->tap ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1) : -1;

	if (file < 0)
		return stdout;
	dup2(STDERR_FILENO, STDOUT_FILENO);
	return fdopen(file, "w");
}

static bool run(struct session *session, const struct options *options, struct findings *findings)
{
	const uint32_t all = (1u << FINDING_KINDS) - 1;
	const uint32_t drift = 1u << FINDING_NEW | 1u << FINDING_GONE;
	/* What is allowed, or answered with an error, nobody hears of without asking. */
	const uint32_t observable = drift | 1u << FINDING_UNUSED | 1u << FINDING_ANSWERED;

	findings->observed = options->observe;
	findings->looked = options->observe ? all : all & ~observable;
	if (!options->ci.baseline)
		findings->looked &= ~drift;
	return options->observe ? observe(session, &options->ci, findings)
				: enforce(session, &options->ci, findings);
}

/* --- what comes of it ------------------------------------------------------------------------- */

static bool write_file(const struct findings *findings, const struct output *output)
{
	char *text = NULL;
	size_t size = 0;
	FILE *memory = open_memstream(&text, &size);
	bool good = false;

	if (memory) {
		output->write(findings, memory);
		good = !fclose(memory) && save_file(findings->arena, output->path, text, size);
	}
	free(text);
	return good;
}

static int tell(const struct findings *findings, const struct options *options, FILE *out)
{
	bool good = true;

	for (unsigned i = 0; i < OUTPUTS; i++)
		if (options->outputs[i].path)
			good = write_file(findings, &options->outputs[i]) && good;
	if (options->tap)
		write_tap(findings, out);
	if (options->github)
		write_github(findings, out);
	if (!options->ci.quiet)
		write_summary(findings, stderr);
	if (fflush(out)) {
		complain("standard output cannot be written: %s", strerror(errno));
		good = false;
	}
	if (!good)
		return EXIT_SETUP;
	return findings_fails(findings) ? EXIT_POLICY : EXIT_GOOD;
}

static int judge_run(struct session *session, const struct options *options,
		     struct findings *findings)
{
	FILE *out;
	int result;

	if (!check_programs(session, options))
		return EXIT_SETUP;
	out = own_output(options);
	if (!out) {
		complain("no memory for an output");
		return EXIT_SETUP;
	}
	if (!run(session, options, findings))
		result = EXIT_SETUP;
	else
		result = tell(findings, options, out);
	if (out != stdout)
		fclose(out);
	return result;
}

int ci_main(int argc, char **argv)
{
	struct session session;
	struct options options = { .arena = &session.arena,
				   .ci.linger_ms = LINGER_DEFAULT * MS,
				   .fail_on = "violations,unlocked,forks,unreached,new",
				   .outputs = { [JUNIT].write = write_junit,
						[SARIF].write = write_sarif,
						[JSON].write = write_json,
						[SUMMARY].write = write_summary } };
	struct arena live = { 0 };
	struct findings findings = { .live = &live };
	int result;

	session_begin(&session);
	findings.arena = &session.arena;
	result = read_all(argc, argv, &options);
	if (result < 0)
		result = check_options(&options, &findings);
	if (result < 0)
		result = judge_run(&session, &options, &findings);
	session_end(&session);
	arena_free(&live);
	return result;
}
