/* parse_trigger.c - when a phase begins: a trigger with all that may follow it, and the deadline;
 * see parser.h and syntax.h.
 */
#include "parser.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The number that `text` begins with, decimal or 0x: 010 is ten. False when there is none, or one
 * of more than 64 bits.
 */
static bool leading_number(const char *text, const char **end, uint64_t *number)
{
	char *after;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*number = strtoull(text, &after, number_base(text));
	*end = after;
	return !errno;
}

/* A name that is more than a word: "ns::f(int)", OBJECT!"ns::f(int)". False: there is no quote. */
static bool parse_quoted_function(struct parser *parser, struct trigger_syntax *trigger,
				  const struct word *whole)
{
	const char *quote = strchr(whole->text, '"');
	size_t before, length;

	if (!quote)
		return false;
	before = (size_t)(quote - whole->text);
	length = strlen(quote + 1);
	if (!length || strchr(quote + 1, '"') != quote + length)
		fail_at(parser, whole->place,
			"a quote takes the whole rest of a name, and is closed on the same line");
	else if (length == 1 || (before && (before == 1 || quote[-1] != '!')))
		fail_at(parser, whole->place, "a name in quotes reads \"NAME\" or OBJECT!\"NAME\"");
	if (parser->failed)
		return true;
	trigger->function.text = arena_strndup(parser->arena, quote + 1, length - 1);
	trigger->object.text =
		before ? arena_strndup(parser->arena, whole->text, before - 1) : NULL;
	return true;
}

/* NAME, OBJECT!NAME, OBJECT+0xOFFSET */
static void parse_function(struct parser *parser, struct trigger_syntax *trigger)
{
	struct word whole = { 0 };
	const char *mark, *end;

	if (!take_word(parser, "the name of a function", &whole))
		return;
	trigger->function = trigger->object = whole;
	if (parse_quoted_function(parser, trigger, &whole))
		return;
	if (parser->token->kind != TOKEN_WORD && parser->token->kind != TOKEN_END) {
		fail_at(parser, parser->token->place,
			"a name that is more than a word stands in quotes: call \"f(int)\"");
		return;
	}
	mark = strpbrk(whole.text, "!+");
	if (!mark) {
		trigger->object.text = NULL;
		return;
	}
	trigger->object.text =
		arena_strndup(parser->arena, whole.text, (size_t)(mark - whole.text));
	trigger->function.text = *mark == '!' ? mark + 1 : NULL;
	if (mark == whole.text || !mark[1] ||
	    (*mark == '+' && (!leading_number(mark + 1, &end, &trigger->offset) || *end)))
		fail_at(parser, whole.place,
			"a function reads NAME, OBJECT!NAME or OBJECT+0xOFFSET");
}

enum { DEPTH_AFTER_MAX = 8 };

static void parse_trigger_line(struct parser *parser, struct trigger_syntax *trigger);

static void parse_on_main_thread(struct parser *parser, struct trigger_syntax *trigger)
{
	if (!skip_word(parser, "main") || !skip_word(parser, "thread"))
		expected(parser, "'main thread'");
	trigger->main_thread = true;
}

static void parse_count(struct parser *parser, struct trigger_syntax *trigger)
{
	struct word word = { 0 };
	const char *end;
	uint64_t count;

	if (!take_word(parser, "a number of times", &word))
		return;
	if (!leading_number(word.text, &end, &count) || *end || !count || count > UINT32_MAX)
		fail_at(parser, word.place, "a count is a number from 1");
	else
		trigger->count = (uint32_t)count;
}

static void parse_after(struct parser *parser, struct trigger_syntax *trigger)
{
	trigger->after = ARENA_NEW(parser->arena, struct trigger_syntax);
	if (++parser->depth > DEPTH_AFTER_MAX)
		fail_at(parser, parser->token->place, "too many triggers after each other");
	else
		parse_trigger_line(parser, trigger->after);
	parser->depth--;
}

static void parse_trigger_where(struct parser *parser, struct trigger_syntax *trigger)
{
	if (trigger->kind == TRIGGER_HOOK || trigger->kind == TRIGGER_WAIT) {
		parser->token--; /* parse_where wants its word */
		trigger->condition = parse_where(parser);
		return;
	}
	fail_at(parser, parser->token[-1].place,
		"only hooked library calls have arguments here: load, main, call, signal and ready "
		"have none");
}

/* What may stand behind a trigger, in any order, each once; `after` takes the rest of the line. */
static const struct {
	const char *word;
	void (*parse)(struct parser *parser, struct trigger_syntax *trigger);
} trigger_modifiers[] = {
	{ "where", parse_trigger_where },
	{ "on", parse_on_main_thread },
	{ "count", parse_count },
	{ "after", parse_after },
};

enum { MODIFIERS = sizeof(trigger_modifiers) / sizeof(trigger_modifiers[0]) };

static void parse_modifiers(struct parser *parser, struct trigger_syntax *trigger)
{
	unsigned seen = 0, i;

	while (!parser->failed && parser->token->kind != TOKEN_END) {
		for (i = 0; i < MODIFIERS && !at_word(parser, trigger_modifiers[i].word); i++)
			;
		if (i == MODIFIERS) {
			expected(parser, trigger->condition ? "'and', 'or', 'on', 'count', 'after' "
							      "or the end of the line"
							    : "'where', 'on', 'count', 'after' or "
							      "the end of the line");
			return;
		}
		if (seen & 1u << i) {
			fail_at(parser, parser->token->place,
				arena_printf(parser->arena, "'%s' is said twice",
					     trigger_modifiers[i].word));
			return;
		}
		seen |= 1u << i;
		parser->token++;
		trigger_modifiers[i].parse(parser, trigger);
	}
}

static void parse_trigger_line(struct parser *parser, struct trigger_syntax *trigger)
{
	static const struct {
		const char *word;
		enum trigger_word kind;
	} words[] = {
		{ "load", TRIGGER_LOAD }, { "main", TRIGGER_MAIN },	{ "wait", TRIGGER_WAIT },
		{ "call", TRIGGER_CALL }, { "signal", TRIGGER_SIGNAL }, { "ready", TRIGGER_READY },
	};

	trigger->place = parser->token->place;
	trigger->text = rest_of_line(parser, parser->token);
	if (!take_word(parser, "a trigger", &trigger->hook))
		return;
	trigger->kind = TRIGGER_HOOK;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(trigger->hook.text, words[i].word))
			trigger->kind = words[i].kind;
	if (trigger->kind == TRIGGER_CALL)
		parse_function(parser, trigger);
	else if (trigger->kind == TRIGGER_SIGNAL)
		take_word(parser, "the name of a signal", &trigger->signal);
	parse_modifiers(parser, trigger);
}

/* 30s, 500ms, 2m */
static bool read_duration(const char *text, uint32_t *milliseconds)
{
	static const struct {
		const char *unit;
		uint32_t milliseconds;
	} units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 } };
	const char *end;
	uint64_t number;

	if (!leading_number(text, &end, &number) || !number || number > UINT32_MAX)
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(end, units[i].unit))
			continue;
		number *= units[i].milliseconds;
		*milliseconds = (uint32_t)number;
		return number <= UINT32_MAX / 2;
	}
	return false;
}

void parse_deadline(struct parser *parser)
{
	static const struct {
		const char *word;
		enum policyc_deadline action;
	} words[] = {
		{ "lock", POLICYC_DEADLINE_LOCK },
		{ "kill", POLICYC_DEADLINE_KILL },
		{ "report", POLICYC_DEADLINE_REPORT },
	};
	struct deadline_syntax *deadline = &parser->statement->deadline;
	struct word time = { 0 }, action = { 0 };

	if (!take_word(parser, "a time such as 30s", &time))
		return;
	if (!read_duration(time.text, &deadline->milliseconds)) {
		fail_at(parser, time.place,
			"a time reads 500ms, 30s or 2m, and is at most 24 days");
		return;
	}
	if (!take_word(parser, "'lock', 'kill' or 'report'", &action))
		return;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(action.text, words[i].word))
			deadline->action = words[i].action;
	if (!deadline->action)
		fail_at(parser, action.place, "a deadline ends in 'lock', 'kill' or 'report'");
	else
		take_end(parser);
}

void parse_trigger_statement(struct parser *parser)
{
	parse_trigger_line(parser, &parser->statement->trigger);
}

struct trigger_syntax *parse_trigger(struct arena *arena, struct diagnostics *diagnostics,
				     const struct source *source)
{
	struct parser parser = { .arena = arena, .diagnostics = diagnostics };
	struct place place = { .source = source, .line = 1, .column = 1, .start = source->text };
	struct trigger_syntax *trigger = ARENA_NEW(arena, struct trigger_syntax);

	lex_begin(&parser.lexer, arena, diagnostics, source);
	if (!lex_line(&parser.lexer)) {
		diagnose(diagnostics, ERROR, place, "the trigger is empty");
		return trigger;
	}
	parser.token = parser.lexer.tokens;
	parse_trigger_line(&parser, trigger);
	if (!parser.failed && lex_line(&parser.lexer))
		diagnose(diagnostics, ERROR, parser.lexer.tokens[0].place, "a trigger is one line");
	return trigger;
}
