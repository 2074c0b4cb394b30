/* test.c - sandboxctl test: hold a policy against what a .test file says it must do. */
#include "ask.h"
#include "options.h"
#include "save.h"
#include "test.h"

#include "policy/decode.h"
#include "policy/expect.h"
#include "policy/outcome.h"
#include "policy/probe_table.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
	"usage: sandboxctl test [OPTIONS] FILE.test...\n"
	"\n"
	"Each line of a file says what its policy must do with a call, written as 'explain' takes\n"
	"it. What is not given (_, ..., or left out) may be anything: the verdict must hold for "
	"all\n"
	"of it.\n"
	"\n"
	"  policy redis              # a name, or a path from here; without: the one of this name\n"
	"  serving: must allow openat(_, _, O_RDONLY)\n"
	"  serving: must errno EPERM ptrace(...)\n"
	"  must deny execve          # in every phase\n"
	"  must deny read /etc/shadow  # by the lines about files; also write, create, execute,\n"
	"                              # bind tcp PORT, connect tcp PORT\n"
	"\n"
	"  allow    it is made, logged or not      log    it is made and logged\n"
	"  errno E  it fails with E; without E: with any error\n"
	"  trap E   it is reported and fails with E; without E: with any error, or the program "
	"dies\n"
	"  kill     the program dies at once       deny   anything but allow and log\n"
	"\n"
	"With --probes the lines about what must be denied are written to a file for\n"
	"SANDBOX_PROBES: the library then tries them in children of the program, at its lock.\n"
	"\n"
	"Exit status 0: all lines hold; 1: not all; 2: wrong usage.\n"
	"\n"
	"  -a, --arch ARCH   on x86_64 or aarch64 (this machine's)\n"
	"  -q, --quiet       say only what fails\n"
	"  -p, --probes OUT  write the probes of the one FILE.test to OUT\n";

struct run {
	struct session *session;
	struct arena *arena;
	const struct test_options *options;
	const struct policy *policy;
	struct diagram diagram;
	size_t passed, failed;
};

static void __attribute__((format(printf, 2, 3)))
say(const struct run *run, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vfprintf(run->options->out, format, arguments);
	va_end(arguments);
}

/* --- one line --------------------------------------------------------------------------------- */

static void print_failure(const struct run *run, const struct expectation *expectation,
			  const struct phase *phase, const struct outcome *outcome)
{
	const struct query *query = &expectation->query;

	say(run, "%s:%u: failed: %s\n", expectation->place.source->name, expectation->place.line,
	    expectation->text);
	say(run, "  phase %s: %s\n", phase->name, action_text(run->arena, outcome->verdict.action));
	say(run, "  %s\n", verdict_reason(run->arena, phase, outcome->verdict));
	say(run, "  as in %s\n",
	    decode_call(run->arena, query->arch, query->number, &outcome->witness));
}

static bool answer_holds(struct run *run, const struct expectation *expectation,
			 const struct phase *phase)
{
	struct answer answer =
		answer_question(&run->session->context, phase, &expectation->question);

	if (is_answered(expectation, answer.allowed))
		return true;
	say(run, "%s:%u: failed: %s\n", expectation->place.source->name, expectation->place.line,
	    expectation->text);
	say(run, "  phase %s: %s\n", phase->name, answer.allowed ? "allowed" : "denied");
	if (answer.why)
		say(run, "  %s\n", answer.why);
	for (size_t i = 0; i < answer.count; i++)
		say(run, "  %s\n", answer_line(run->arena, answer.by[i]));
	return false;
}

static bool holds_in(struct run *run, const struct expectation *expectation,
		     const struct phase *phase)
{
	struct cube given = query_bits(&expectation->query);
	struct outcomes outcomes = find_outcomes(&run->session->context, &run->diagram, run->policy,
						 phase, expectation->query.number, &given);

	for (size_t i = 0; i < outcomes.count; i++) {
		if (is_met(expectation, outcomes.list[i].verdict.action))
			continue;
		print_failure(run, expectation, phase, &outcomes.list[i]);
		return false;
	}
	if (outcomes.too_large)
		say(run,
		    "%s:%u: failed: %s\n  the conditions are too intricate: give more "
		    "arguments\n",
		    expectation->place.source->name, expectation->place.line, expectation->text);
	return !outcomes.too_large;
}

static void try_expectation(struct run *run, const struct expectation *expectation)
{
	bool holds = true;

	if (expectation->query.is_absent)
		return;
	for (size_t i = 0; i < run->policy->phase_count; i++) {
		const struct phase *phase = &run->policy->phases[i];

		if (!expectation->phase.text || !strcmp(expectation->phase.text, phase->name))
			holds = (expectation->question.text ? answer_holds(run, expectation, phase)
							    : holds_in(run, expectation, phase)) &&
				holds;
	}
	if (holds)
		run->passed++;
	else
		run->failed++;
}

/* --- probes ----------------------------------------------------------------------------------- */

/* In each phase that the line is about: which of them a process locks, it knows itself. */
static void add_probes(const struct run *run, const struct expectation *expectation,
		       struct probe_table *table)
{
	const char *said = "";

	for (size_t i = 0; i < run->policy->phase_count; i++) {
		const struct phase *phase = &run->policy->phases[i];
		const char *why;

		if (expectation->query.is_absent ||
		    (expectation->phase.text && strcmp(expectation->phase.text, phase->name) != 0))
			continue;
		why = add_probe(table, run->policy, phase, expectation);
		if (!why || !strcmp(why, said) || !run->options->name_unprobed)
			continue;
		say(run, "%s:%u: not probed: %s: %s\n", expectation->place.source->name,
		    expectation->place.line, expectation->text, why);
		said = why;
	}
}

static bool write_probes(const struct run *run, const struct expectations *expectations)
{
	const struct test_options *options = run->options;
	struct probe_table table = { .arena = run->arena };
	size_t size;
	void *bytes;

	for (size_t i = 0; i < expectations->count; i++)
		add_probes(run, &expectations->list[i], &table);
	if (!table.count || table.count > PROBES_MOST) {
		if (table.count)
			complain("test: more than %d lines to probe", PROBES_MOST);
		else
			complain("test: no line can be probed");
		return false;
	}
	bytes = probe_bytes(&table, options->arch, &size);
	if (!save_file(run->arena, options->probes, bytes, size))
		return false;
	if (!options->quiet)
		say(run, "%s: %zu probes\n", options->probes, table.count);
	return true;
}

/* --- one file --------------------------------------------------------------------------------- */

static void check_phase(const struct run *run, const struct word *word)
{
	struct diagnostics *diagnostics = &run->session->diagnostics;
	struct nearest nearest;

	if (!word->text)
		return;
	nearest_begin(&nearest, word->text);
	for (size_t i = 0; i < run->policy->phase_count; i++) {
		if (!strcmp(run->policy->phases[i].name, word->text))
			return;
		nearest_try(&nearest, run->policy->phases[i].name);
	}
	nearest_hint(diagnostics,
		     diagnose(diagnostics, ERROR, word->place, "%s has no phase '%s'",
			      run->policy->name, word->text),
		     &nearest);
}

static const char *beside(struct arena *arena, const char *file, const char *name)
{
	const char *slash = strrchr(file, '/');

	if (!slash || *name == '/')
		return name;
	return arena_printf(arena, "%.*s%s", (int)(slash - file + 1), file, name);
}

/* "redis.policy" beside the file when it is there; else a name of the search path. */
static const char *policy_of(const struct run *run, const char *file, const struct word *word)
{
	size_t length = strlen(file);
	const char *path;

	if (run->options->policy)
		return run->options->policy;
	if (!word->text) {
		if (length > 5 && !strcmp(file + length - 5, ".test"))
			length -= 5;
		return arena_printf(run->arena, "%.*s.policy", (int)length, file);
	}
	if (strchr(word->text, '/') || strstr(word->text, ".policy"))
		return beside(run->arena, file, word->text);
	path = beside(run->arena, file, arena_printf(run->arena, "%s.policy", word->text));
	return access(path, F_OK) ? word->text : path;
}

static bool prepare(struct run *run, const char *file, struct expectations *expectations)
{
	enum arch arch = run->options->arch;
	struct session *session = run->session;
	const struct source *source;
	const char *why = NULL;

	source = files_text(&session->files, file, &why);
	if (!source) {
		complain("%s: %s", file, why);
		return false;
	}
	*expectations = parse_expectations(&session->context, arch, source);
	if (!session->diagnostics.errors)
		run->policy =
			session_resolve(session, policy_of(run, file, &expectations->policy), arch);
	for (size_t i = 0; run->policy && i < expectations->count; i++)
		check_phase(run, &expectations->list[i].phase);
	return run->policy && !session->diagnostics.errors;
}

bool test_file(const char *file, const struct test_options *options)
{
	struct expectations expectations;
	struct session session;
	struct run run = { .session = &session, .arena = &session.arena, .options = options };
	bool good;

	session_begin(&session);
	good = prepare(&run, file, &expectations);
	if (good) {
		diagram_begin(&run.diagram, &session.arena);
		for (size_t i = 0; i < expectations.count; i++)
			try_expectation(&run, &expectations.list[i]);
		if (!options->quiet || run.failed)
			say(&run, "%s: %zu passed, %zu failed\n", file, run.passed, run.failed);
	}
	if (good && options->probes)
		good = write_probes(&run, &expectations);
	good = good && !run.failed && !session.diagnostics.errors;
	session_report(&session);
	session_end(&session);
	return good;
}

int test_main(int argc, char **argv)
{
	struct test_options options = { .arch = ARCH_NATIVE, .out = stdout };
	const struct command command = {
		.name = "test",
		.help = help,
		.options = { { 'a', "arch", .take = take_arch, .to = &options.arch },
			     { 'q', "quiet", .flag = &options.quiet },
			     { 'p', "probes", .text = &options.probes } },
		.arguments = { 1, MANY, "name a .test file" },
	};
	int result = read_options(&command, &argc, &argv);

	if (result >= 0)
		return result;
	if (options.probes && argc > 1) {
		complain("test: --probes takes one .test file");
		return usage_error("test");
	}
	options.name_unprobed = !options.quiet;
	result = EXIT_GOOD;
	for (int i = 0; i < argc; i++)
		if (!test_file(argv[i], &options))
			result = EXIT_POLICY;
	return result;
}
