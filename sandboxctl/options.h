/* options.h - what a command takes: a table of options, and how many arguments follow them.
 *
 * What it is: reading the one from the other, --help, and what is said of mistakes.
 * What it must not do: know what a command does with them.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "sandboxctl.h"

#include <limits.h>

enum {
	OPTIONS_MAX = 16, /* --help, which every command has, is not counted */
	MANY = INT_MAX,
};

/* Given, it sets the flag, or has a text that is kept (the last one) or taken. */
struct command_option {
	char letter;
	const char *word;
	bool *flag;
	const char **text;
	bool (*take)(void *to, const char *text); /* false after saying what is wrong with it */
	void *to;
};

struct command {
	const char *name, *help;
	struct command_option options[OPTIONS_MAX];
	struct {
		int least, most;
		const char *wanted; /* what to say when they are fewer or more */
	} arguments;
	bool starts_program; /* the first argument: options behind it are its own */
};

/* -1, and the arguments alone are left in `argc` and `argv`; or the exit status of a command that
 * ends here (--help, a mistake). */
int read_options(const struct command *command, int *argc, char ***argv);

/* "Try 'sandboxctl compile --help'." */
int usage_error(const char *command);

/* "x86_64", "aarch64", and what else people call them, into an `enum arch`. */
bool take_arch(void *arch, const char *text);

/* The options of every command that answers questions about policies. */
/* clang-format off */
#define VIEW_OPTIONS(view)                                                                         \
	{ 'p', "phase", .text = &(view)->phase },                                                  \
	{ 'a', "arch", .take = take_arch, .to = &(view)->arch },                                   \
	{ 'j', "json", .flag = &(view)->json }
/* clang-format on */

#endif
