/* run.c - sandboxctl run: start a program under a policy.
 *
 * A program that the library cannot be in is not started (exit status 125). When nothing more is
 * asked we become the program; otherwise we stay its parent (supervise.c).
 */
#include "beside.h"
#include "launch.h"
#include "options.h"
#include "probing.h"
#include "reach.h"
#include "rehearse.h"
#include "supervise.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
	"usage: sandboxctl run [OPTIONS] -- PROGRAM [ARGUMENTS]\n"
	"\n"
	"Starts PROGRAM with libsandbox.so in it. Refuses, with exit status 125, what could not "
	"be\n"
	"sandboxed this way: static, set-user-id and foreign programs, and a library that the\n"
	"loader would leave out.\n"
	"\n"
	"  -p, --policy POLICY    name or path; otherwise the policy that names the program\n"
	"  -l, --require-lock     stay its parent and demand that every process it starts has the\n"
	"                         library in it and is locked before it ends; status 124 if not\n"
	"  -t, --timeout TIME     the same, and all is killed when the lock has not come by then:\n"
	"                         30s, 500ms, 5m\n"
	"  -P, --probe FILE.test  as -l, and what FILE says must be denied is tried in the "
	"program,\n"
	"                         at its lock; needs -p\n"
	"  -F, --any-fork         with these: of a process and those that it forks, one that is\n"
	"                         locked is enough\n"
	"  -r, --report FILE      stay its parent; every event is appended to FILE, as JSON lines\n"
	"  -L, --library FILE     this libsandbox.so\n"
	"\n"
	"Exit status: that of PROGRAM; 128 + N when signal N ended it (159: it made a call that\n"
	"the policy traps or kills); 125 when the set-up failed; 124 when a lock that was "
	"required\n"
	"never happened.\n";

struct options {
	const char *policy, *report, *library, *probe;
	unsigned timeout_ms;
	bool require_lock, any_will_do;
};

/* --- the policy ------------------------------------------------------------------------------- */

/* The policy as the library will look for it: a path is made absolute, a name is left a name. */
static bool find_policy(struct session *session, const char *name, const char **policy)
{
	const struct source *source;

	*policy = NULL;
	if (!name)
		return true;
	source = session_policy(session, name);
	if (!source)
		return false;
	*policy = strchr(name, '/') || strstr(name, ".policy") ? source->path : name;
	return true;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Does the policy arm in the program itself? As the library decides: by the name that it is started
 * by, and by its file's. */
static bool is_for(const struct policy *policy, const char *program)
{
	char file[PATH_MAX];

	if (!realpath(program, file))
		return false;
	for (size_t i = 0; i < policy->programs.count; i++) {
		const char *word = policy->programs.list[i].text;
		bool path = strchr(word, '/') != NULL;

		if (!strcmp(word, path ? file : base_name(file)) ||
		    !strcmp(word, path ? program : base_name(program)))
			return true;
	}
	return !policy->programs.count;
}

/* Every process that the policy is for shall be locked: is PROGRAM one, or is it the parent of
 * them? False after saying what is wrong with the policy. */
static bool look_at_policy(struct session *session, const char *name, const char *program,
			   bool *arms)
{
	const struct policy *policy;

	*arms = true;
	if (!name)
		return true;
	policy = session_resolve(session, name, ARCH_NATIVE);
	if (policy)
		*arms = is_for(policy, program);
	return policy;
}

/* --- the start -------------------------------------------------------------------------------- */

static const char *find_library(struct session *session, const char *given)
{
	char absolute[PATH_MAX];
	const char *library, *why;

	if (given && !realpath(given, absolute)) {
		complain("%s: %s", given, strerror(errno));
		return NULL;
	}
	library = given ? arena_strndup(&session->arena, absolute, strlen(absolute))
			: launch_library(session);
	if (!library) {
		complain("libsandbox.so is neither beside sandboxctl nor in ../lib: install it");
		return NULL;
	}
	why = reach_library(&session->arena, library);
	if (why)
		complain("%s", why);
	return why ? NULL : library;
}

static const char *find_program(struct session *session, const char *name)
{
	const char *program = launch_find(session, name), *why;

	if (!program) {
		complain("%s: no such program", name);
		return NULL;
	}
	why = launch_check(session, program);
	if (why)
		complain("%s: %s", program, why);
	return why ? NULL : program;
}

static int become(const char *program, char **argv)
{
	execv(program, argv);
	complain("%s: cannot be started: %s", program, strerror(errno));
	return EXIT_SETUP;
}

/* As their parent we read what they report ourselves; where it was to go, it goes as well. */
static const char *report_file(const struct options *options)
{
	static const char *const others[] = { "stderr", "none", "fd:", "watch:" };
	const char *where = getenv("SANDBOX_REPORT");

	if (options->report || !where || !*where)
		return options->report;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (!strncmp(where, others[i], strlen(others[i])))
			return NULL;
	return where;
}

/* A lock that is asked for and a mode that never locks: one of them is a mistake. */
static bool mode_locks(const struct options *options)
{
	const char *mode = getenv("SANDBOX_MODE");

	if (!options->require_lock || !mode || !*mode || !strcmp(mode, "enforce"))
		return true;
	complain("SANDBOX_MODE=%s never locks, and a lock is required", mode);
	return false;
}

static int watch(struct session *session, const struct options *options,
		 const struct supervision *supervision)
{
	struct probing probing;
	int result;

	if (!options->probe)
		return supervise(session, supervision);
	if (!probing_begin(session, &probing, options->probe, options->policy))
		return EXIT_SETUP;
	result = supervise(session, supervision);
	probing_end(&probing);
	return result;
}

static int run(struct session *session, const struct options *options, char **argv)
{
	const char *program, *why;
	struct supervision supervision = { .argv = argv,
					   .policy = options->policy,
					   .report = report_file(options),
					   .timeout_ms = options->timeout_ms,
					   .require_lock = options->require_lock,
					   .any_will_do = options->any_will_do };
	const char *policy;
	bool arms;

	if (!mode_locks(options) || !find_policy(session, options->policy, &policy))
		return EXIT_SETUP;
	program = supervision.program = find_program(session, argv[0]);
	if (!program || !look_at_policy(session, options->policy, program, &arms))
		return EXIT_SETUP;
	supervision.library = find_library(session, options->library);
	if (!supervision.library || !launch_environment(session, supervision.library, policy))
		return EXIT_SETUP;
	why = rehearse(&session->arena, program, argv, supervision.library);
	if (why) {
		complain("%s: would run without the library: %s", program, why);
		return EXIT_SETUP;
	}
	if (options->policy && !beside_refresh(session, session_policy(session, options->policy)))
		return EXIT_SETUP;
	supervision.require_some = !arms;
	if (arms && !options->require_lock && !options->report && getpid() != 1)
		return become(program, argv);
	return watch(session, options, &supervision);
}

/* --- options ---------------------------------------------------------------------------------- */

/* "30s", "500ms", "5m"; 0: it is none. */
static unsigned read_time(const char *text)
{
	static const struct {
		const char *unit;
		unsigned long ms;
	} units[] = { { "ms", 1 }, { "s", 1000 }, { "", 1000 }, { "m", 60000 } };
	char *unit;
	unsigned long value = strtoul(text, &unit, 10);

	if (unit == text || *text == '-' || value > UINT_MAX / 60000)
		return 0;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(unit, units[i].unit))
			return (unsigned)(value * units[i].ms);
	return 0;
}

static bool take_timeout(void *to, const char *text)
{
	struct options *options = to;

	options->timeout_ms = read_time(text);
	options->require_lock = true;
	if (!options->timeout_ms)
		complain("run: '%s' is no time: say 30s, 500ms or 5m", text);
	return options->timeout_ms;
}

static bool take_probe(void *to, const char *text)
{
	struct options *options = to;

	options->probe = text;
	options->require_lock = true;
	return true;
}

int run_main(int argc, char **argv)
{
	struct options options = { 0 };
	const struct command command = {
		.name = "run",
		.help = help,
		.options = { { 'p', "policy", .text = &options.policy },
			     { 'l', "require-lock", .flag = &options.require_lock },
			     { 'F', "any-fork", .flag = &options.any_will_do },
			     { 't', "timeout", .take = take_timeout, .to = &options },
			     { 'P', "probe", .take = take_probe, .to = &options },
			     { 'r', "report", .text = &options.report },
			     { 'L', "library", .text = &options.library } },
		.arguments = { 1, MANY, "name a program" },
		.starts_program = true,
	};
	struct session session;
	int result = read_options(&command, &argc, &argv);

	if (result >= 0)
		return result;
	if (options.probe && !options.policy) {
		complain("run: --probe needs the policy (-p) that is tried");
		return usage_error("run");
	}
	if (options.any_will_do && !options.require_lock) {
		complain("run: --any-fork says which locks are required, so it goes with "
			 "--require-lock or --timeout");
		return usage_error("run");
	}
	session_begin(&session);
	result = run(&session, &options, argv);
	session_end(&session);
	return result;
}
