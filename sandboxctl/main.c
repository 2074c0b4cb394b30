/* main.c - the command: a table of subcommands.
 *
 * What it must not do: anything but find the one that is meant.
 */
#include "sandboxctl.h"

#include <stdio.h>
#include <string.h>

#ifndef VERSION
#define VERSION "unknown"
#endif

static const struct subcommand {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} subcommands[] = {
	{ "run", run_main, "start a program under a policy" },
	{ "ci", ci_main, "run a test suite and say what the policy would need" },
	{ "check", check_main, "read a policy and prove its filters; warn of what is unwise" },
	{ "show", show_main,
	  "what a policy does with each system call, and the line that says so" },
	{ "explain", explain_main, "what a policy does with one call, and why" },
	{ "test", test_main, "hold a policy against what a .test file says it must do" },
	{ "diff", diff_main, "the calls that two policies treat differently" },
	{ "functions", functions_main, "the functions of a program that a trigger could name" },
	{ "triggers", triggers_main, "run a program and say where it could be locked" },
	{ "learn", learn_main, "run a program and write the policy for it" },
	{ "report", report_main, "what recordings say, as a page or a short text" },
	{ "list", list_main, "the policies that can be named" },
	{ "compile", compile_main, "write the .policyc file that libsandbox.so loads" },
};

enum { SUBCOMMANDS = sizeof(subcommands) / sizeof(subcommands[0]) };

static int help(FILE *out)
{
	fputs("usage: sandboxctl COMMAND [OPTIONS] [ARGUMENTS]\n\n", out);
	for (size_t i = 0; i < SUBCOMMANDS; i++)
		fprintf(out, "  %-11s%s\n", subcommands[i].name, subcommands[i].help);
	fputs("\n'sandboxctl help COMMAND' says more about one, sandboxctl(1) all.\n", out);
	return out == stdout ? EXIT_GOOD : EXIT_USAGE;
}

static int run_command(int argc, char **argv)
{
	struct nearest nearest;

	nearest_begin(&nearest, argv[0]);
	for (size_t i = 0; i < SUBCOMMANDS; i++) {
		if (!strcmp(argv[0], subcommands[i].name))
			return subcommands[i].run(argc, argv);
		nearest_try(&nearest, subcommands[i].name);
	}
	complain("no command is called '%s'", argv[0]);
	if (argv[0][0] == '-')
		fputs("  options stand behind the command: sandboxctl run -p redis\n", stderr);
	else if (nearest.best)
		fprintf(stderr, "  did you mean '%s'?\n", nearest.best);
	else
		fputs("  'sandboxctl help' shows those that there are\n", stderr);
	return EXIT_USAGE;
}

/* "help run" is "run --help". */
static int help_about(char *command)
{
	char word[] = "--help";
	char *argv[] = { command, word, NULL };

	return run_command(2, argv);
}

static bool is_either(const char *word, const char *a, const char *b)
{
	return !strcmp(word, a) || !strcmp(word, b);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return help(stderr);
	if (!strcmp(argv[1], "help") && argc > 2)
		return help_about(argv[2]);
	if (!strcmp(argv[1], "help") || is_either(argv[1], "--help", "-h"))
		return help(stdout);
	if (is_either(argv[1], "--version", "-V")) {
		puts("sandboxctl " VERSION);
		return EXIT_GOOD;
	}
	return run_command(argc - 1, argv + 1);
}
