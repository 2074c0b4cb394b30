/* options.c - what a command takes; see options.h. */
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const struct command_option *options_end(const struct command *command)
{
	size_t count = 0;

	while (count < OPTIONS_MAX && command->options[count].word)
		count++;
	return command->options + count;
}

/* The words and letters as getopt_long() wants them. */
static void spell(const struct command *command, struct option *words, char *letters)
{
	const struct command_option *option = command->options, *end = options_end(command);

	if (command->starts_program)
		*letters++ = '+';
	for (; option < end; option++) {
		bool has_text = !option->flag;

		*words++ = (struct option){ option->word, has_text, NULL, option->letter };
		*letters++ = option->letter;
		if (has_text)
			*letters++ = ':';
	}
	*words++ = (struct option){ "help", no_argument, NULL, 'h' };
	*words = (struct option){ 0 };
	*letters++ = 'h';
	*letters = 0;
}

/* False: there is no such option, or not with this text. */
static bool take(const struct command *command, int letter, const char *text)
{
	const struct command_option *option = command->options, *end = options_end(command);

	while (option < end && option->letter != letter)
		option++;
	if (option == end)
		return false;
	if (option->take)
		return option->take(option->to, text);
	if (option->text)
		*option->text = text;
	else
		*option->flag = true;
	return true;
}

int read_options(const struct command *command, int *argc, char ***argv)
{
	struct option words[OPTIONS_MAX + 2];
	static char name[32];
	char letters[2 * OPTIONS_MAX + 3];
	int letter;

	spell(command, words, letters);
	snprintf(name, sizeof(name), "sandboxctl: %s", command->name);
	**argv = name; /* with which getopt_long() begins its messages */
	while ((letter = getopt_long(*argc, *argv, letters, words, NULL)) != -1) {
		if (letter == 'h') {
			fputs(command->help, stdout);
			return EXIT_GOOD;
		}
		if (!take(command, letter, optarg))
			return usage_error(command->name);
	}
	*argc -= optind;
	*argv += optind;
	if (*argc >= command->arguments.least && *argc <= command->arguments.most)
		return -1;
	complain("%s: %s", command->name, command->arguments.wanted);
	return usage_error(command->name);
}

int usage_error(const char *command)
{
	fprintf(stderr, "Try 'sandboxctl %s --help'.\n", command);
	return EXIT_USAGE;
}

bool take_arch(void *arch, const char *text)
{
	static const struct {
		const char *name;
		enum arch arch;
	} names[] = {
		{ "x86_64", ARCH_X86_64 },   { "x86-64", ARCH_X86_64 }, { "amd64", ARCH_X86_64 },
		{ "aarch64", ARCH_AARCH64 }, { "arm64", ARCH_AARCH64 },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(text, names[i].name)) {
			*(enum arch *)arch = names[i].arch;
			return true;
		}
	}
	complain("--arch %s: only x86_64 and aarch64 are known", text);
	return false;
}
