/* triggers.c - sandboxctl triggers: run a program once, and say where it could be locked. */
#include "learned.h"
#include "options.h"
#include "prepare.h"
#include "record/candidates.h"
#include "record/choose.h"
#include "record/compose.h"
#include "record/watch.h"

#include <stdio.h>
#include <string.h>

static const char help[] =
	"usage: sandboxctl triggers [OPTIONS] -- PROGRAM [ARGUMENTS]\n"
	"\n"
	"Runs PROGRAM once, unlocked, and prints the triggers that it met on the time line of its\n"
	"calls: how many different calls would be left after each, and which dangerous ones it\n"
	"closes. Recommends one, and warns of those that come too early. Let it do its work for a\n"
	"while, then end it (Ctrl-C does).\n"
	"\n"
	"  -f, --function NAME    try the trigger 'call NAME', too; may be said several times\n"
	"  -l, --left             name the calls that would be left after each, not only after "
	"the\n"
	"                         recommended one\n"
	"  -q, --quiet            no line that shows how the run goes\n";

enum { WIDTH = 96 };

struct options {
	const char *functions[FUNCTIONS_MAX];
	size_t function_count;
	bool left, quiet;
	char **argv;
};

static bool take_function(void *to, const char *name)
{
	struct options *options = to;

	if (options->function_count == FUNCTIONS_MAX) {
		complain("triggers: more than %d functions", FUNCTIONS_MAX);
		return false;
	}
	options->functions[options->function_count++] = name;
	return true;
}

/* What only the library can see: main, and functions. The rest are its marks for hooked calls. */
static const char *policy_body(struct session *session, const struct options *options)
{
	const char *text = "policy 1\nphase main\n  trigger main\n  default allow\n";

	for (size_t i = 0; i < options->function_count; i++)
		text = arena_printf(&session->arena,
				    "%sphase function-%zu\n  trigger call %s\n  default allow\n",
				    text, i + 1, options->functions[i]);
	return text;
}

/* --- what is printed -------------------------------------------------------------------------- */

static void print_step(const struct step *step)
{
	printf("%8llu    %s\n", (unsigned long long)step->at,
	       names_number(ARCH_NATIVE, step->number)->name);
}

static void print_trial(struct arena *arena, const struct choice_of_trigger *choice,
			const struct trial *trial)
{
	printf("%8llu  %-48s %3zu  %s%s\n", (unsigned long long)trial->at, trial->trigger,
	       trial->left.count, call_set_text(arena, &trial->closed),
	       trial == choice->best ? "  <- recommended" : "");
}

/* `listen` is a step for others, and the call itself is on the line. */
static bool is_shown(const struct choice_of_trigger *choice, const struct trial *trial)
{
	return trial == choice->best || (!trial->is_same && strcmp(trial->trigger, "listen") != 0);
}

static void print_line(struct arena *arena, const struct choice_of_trigger *choice)
{
	size_t step = 0;

	printf("%8s  %-48s %s\n", "call", "trigger, and what is set up", "left, closed by it");
	for (size_t i = 0; i < choice->trial_count; i++) {
		const struct trial *trial = &choice->trials[i];

		for (; step < choice->step_count && choice->steps[step].at <= trial->at; step++)
			print_step(&choice->steps[step]);
		if (is_shown(choice, trial))
			print_trial(arena, choice, trial);
	}
	for (; step < choice->step_count; step++)
		print_step(&choice->steps[step]);
}

static void print_warning(bool *any, const char *trigger, const char *why, const char *more)
{
	printf("%s  %s: %s%s\n", *any ? "" : "\ntoo early, or in the wrong place:\n", trigger, why,
	       more);
	*any = true;
}

static void print_warnings(struct arena *arena, const struct choice_of_trigger *choice)
{
	bool any = false;

	for (size_t i = 0; i < choice->trial_count; i++) {
		const struct trial *trial = &choice->trials[i];

		if (!is_shown(choice, trial) || !strcmp(trial->trigger, "listen") ||
		    !strcmp(trial->trigger, "main"))
			continue;
		if (trial->trap)
			print_warning(&any, trial->trigger, trial->trap, "");
		if (trial->setup.count)
			print_warning(&any, trial->trigger, "afterwards there is still ",
				      call_set_text(arena, &trial->setup));
		if (!trial->serves)
			print_warning(&any, trial->trigger,
				      "other processes talk to the clients, and stay unlocked", "");
	}
}

/* Words on lines of WIDTH, indented. */
static void print_words(const char *text)
{
	size_t column = 0;

	while (*text) {
		size_t length = strcspn(text, " ");

		if (column && column + 1 + length > WIDTH) {
			putchar('\n');
			column = 0;
		}
		column += (size_t)printf("%s%.*s", column ? " " : "    ", (int)length, text);
		text += length + (text[length] == ' ');
	}
	putchar('\n');
}

static void print_left(struct arena *arena, const struct choice_of_trigger *choice, bool all)
{
	for (size_t i = 0; i < choice->trial_count; i++) {
		const struct trial *trial = &choice->trials[i];

		if (trial != choice->best && (!all || !is_shown(choice, trial)))
			continue;
		printf("\nleft after %s:\n", trial->trigger);
		print_words(call_set_text(arena, &trial->left));
		if (trial->open.count) {
			puts("  of them dangerous or sensitive:");
			print_words(call_set_text(arena, &trial->open));
		}
	}
}

static void print_choice(struct arena *arena, const struct choice_of_trigger *choice,
			 const char *program, bool all)
{
	const struct trial *best = choice->best;

	print_line(arena, choice);
	print_warnings(arena, choice);
	print_left(arena, choice, all);
	printf("\nrecommended: trigger %s\n", best->trigger);
	printf("  the first%s after which %s; %zu of %zu different calls are left\n",
	       choice->anybody_serves && best->serves ? " where clients are served," : "",
	       best->setup.count ? "least is set up" : "nothing more is set up", best->left.count,
	       choice->all);
	printf("  next: sandboxctl learn -t '%s' -- %s ...\n", best->trigger, program);
}

/* --- the run ---------------------------------------------------------------------------------- */

static int report(struct session *session, const struct preparation *preparation, bool all)
{
	struct choice_of_trigger choice = { 0 };
	const char *program;
	struct model model;

	if (!read_recordings(session, &preparation->recording, 1, &model))
		return EXIT_SETUP;
	program = model_program(&model);
	if (program)
		choice = choose_trigger(&session->context, &model, program);
	if (!choice.best) {
		complain("no trigger was met: the program ended before main(), or starts without "
			 "libc's, as Go's do: name a function ('sandboxctl functions' lists them; "
			 "learn -t 'call main.serve')");
		return EXIT_SETUP;
	}
	print_choice(&session->arena, &choice, program, all);
	return EXIT_GOOD;
}

static int run(struct session *session, const struct options *options)
{
	static struct watch watch;
	struct preparation preparation = { .mode = "triggers",
					   .body = policy_body(session, options) };
	struct recording_head head = { .argv = options->argv };
	int status = EXIT_SETUP;

	if (!has_groups(session) || !prepare(session, &preparation, options->argv[0]))
		return EXIT_SETUP;
	head.armed = preparation.armed;
	watch.quiet = options->quiet;
	if (!recorder_begin(&watch.recorder, false)) {
		complain("no memory for a recording");
	} else {
		watch.recorder.on_hook = candidates_hooked;
		if (watch_run(&watch, preparation.recording, preparation.program, &head) &&
		    watch.is_complete)
			status = report(session, &preparation, options->left);
	}
	recorder_end(&watch.recorder);
	unprepare(&preparation);
	return status;
}

int triggers_main(int argc, char **argv)
{
	struct options options = { 0 };
	const struct command command = {
		.name = "triggers",
		.help = help,
		.options = { { 'f', "function", .take = take_function, .to = &options },
			     { 'l', "left", .flag = &options.left },
			     { 'q', "quiet", .flag = &options.quiet } },
		.arguments = { 1, MANY, "name a program" },
		.starts_program = true,
	};
	struct session session;
	int result = read_options(&command, &argc, &argv);

	if (result >= 0)
		return result;
	options.argv = argv;
	session_begin(&session);
	result = run(&session, &options);
	session_end(&session);
	return result;
}
