/* parse_rule.c - an action and the calls it is for; see parser.h and syntax.h. */
#include "names.h"
#include "parser.h"

#include <stdlib.h>
#include <string.h>

/* --- errors ----------------------------------------------------------------------------------- */

static bool is_number(const char *text)
{
	return *text >= '0' && *text <= '9';
}

bool is_error(const struct token *token)
{
	const char *text = token->text;

	return token->kind == TOKEN_WORD &&
	       (is_number(text) ||
		(text[0] == 'E' && text[strcspn(text, "abcdefghijklmnopqrstuvwxyz")] == '\0'));
}

bool read_error(struct diagnostics *diagnostics, const struct word *word, uint16_t *error)
{
	struct nearest nearest;
	char *end;
	long number;

	number = is_number(word->text) ? strtol(word->text, &end, number_base(word->text))
				       : names_errno(word->text);
	if (is_number(word->text) && (*end || number < 1 || number > 4095)) {
		diagnose(diagnostics, ERROR, word->place, "an error number is from 1 to 4095");
		return false;
	}
	if (!number) {
		names_nearest_errno(&nearest, word->text);
		nearest_hint(diagnostics,
			     diagnose(diagnostics, ERROR, word->place, "no error is called '%s'",
				      word->text),
			     &nearest);
		return false;
	}
	*error = (uint16_t)number;
	return true;
}

static bool take_errno(struct parser *parser, uint16_t *error)
{
	struct word word = { 0 };

	if (!take_word(parser, "the name of an error, such as EPERM,", &word))
		return false;
	if (!read_error(parser->diagnostics, &word, error))
		parser->failed = true;
	return !parser->failed;
}

/* --- actions ---------------------------------------------------------------------------------- */

static const struct {
	const char *word;
	enum action_kind kind;
} actions[] = {
	{ "allow", ACTION_ALLOW }, { "log", ACTION_LOG },   { "errno", ACTION_ERRNO },
	{ "trap", ACTION_TRAP },   { "kill", ACTION_KILL },
};

enum { ACTIONS = sizeof(actions) / sizeof(actions[0]) };

static bool unknown_action(struct parser *parser)
{
	struct nearest nearest;

	if (parser->token->kind != TOKEN_WORD)
		return expected(parser, "allow, log, errno, trap or kill");
	nearest_begin(&nearest, parser->token->text);
	for (size_t i = 0; i < ACTIONS; i++)
		nearest_try(&nearest, actions[i].word);
	nearest_hint(parser->diagnostics,
		     fail_at(parser, parser->token->place,
			     "allow, log, errno, trap or kill is expected here"),
		     &nearest);
	return false;
}

static bool parse_action(struct parser *parser, struct action *action)
{
	size_t i = 0;

	while (i < ACTIONS && !at_word(parser, actions[i].word))
		i++;
	if (i == ACTIONS)
		return unknown_action(parser);
	parser->token++;
	action->kind = actions[i].kind;
	if (action->kind == ACTION_ERRNO)
		return take_errno(parser, &action->error);
	if (action->kind == ACTION_TRAP && is_error(parser->token)) {
		action->kind = ACTION_TRAP_ERRNO;
		return take_errno(parser, &action->error);
	}
	return true;
}

void parse_fallback(struct parser *parser)
{
	if (parse_action(parser, &parser->statement->action))
		take_end(parser);
}

/* --- calls ------------------------------------------------------------------------------------ */

/* What it is called where the architecture lacks the call before: `else NAME`. */
static bool take_else(struct parser *parser, struct word *word)
{
	if (!skip_word(parser, "else"))
		return true;
	word->instead = ARENA_NEW(parser->arena, struct word);
	word->instead->optional = word->optional;
	return take_word(parser, "the name of a system call", word->instead);
}

/* Names of calls and groups, up to `where` or the end of the line. */
static bool parse_calls(struct parser *parser)
{
	struct words *words = &parser->statement->words;

	while (parser->token->kind != TOKEN_END && !at_word(parser, "where")) {
		bool optional = skip_word(parser, "optional");
		struct word *word = ARENA_PUSH(parser->arena, words->list, words->count);

		if (!take_word(parser, "the name of a system call or @group", word))
			return false;
		word->optional = optional;
		if (!take_else(parser, word))
			return false;
	}
	return words->count || expected(parser, "the name of a system call or @group");
}

void parse_rule(struct parser *parser)
{
	struct statement *statement = parser->statement;

	/* The word itself is part of the action, except `override`. */
	if (!strcmp(parser->token[-1].text, "override"))
		statement->override = true;
	else
		parser->token--;
	if (!parse_action(parser, &statement->action) || !parse_calls(parser))
		return;
	if (at_word(parser, "where"))
		statement->text = rest_of_line(parser, parser->token + 1);
	statement->condition = parse_last_where(parser);
}

void parse_names(struct parser *parser)
{
	parser->token--;
	if (parse_calls(parser))
		take_end(parser);
}
