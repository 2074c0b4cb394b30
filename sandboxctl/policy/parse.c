/* parse.c - tokens to statements; see syntax.h.
 *
 * One line is one statement, and one table row says how it is read and where it may stand.
 * After a mistake the line is given up and the next one read: a user sees all mistakes at once.
 */
#include "names.h"
#include "syntax.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct parser {
	struct arena *arena;
	struct diagnostics *diagnostics;
	struct lexer lexer;
	const struct token *token; /* the next one of the line */
	struct syntax *syntax;
	struct statement *statement;
	struct place first[STATEMENT_KINDS]; /* of each, for "already said" */
	bool in_phase, failed;
	unsigned depth, tests;
};

/* --- small steps ------------------------------------------------------------------------------ */

static struct diagnostic *fail_at(struct parser *parser, struct place place, const char *message)
{
	parser->failed = true;
	return diagnose(parser->diagnostics, ERROR, place, "%s", message);
}

static bool expected(struct parser *parser, const char *what)
{
	const struct token *token = parser->token;

	if (token->kind == TOKEN_WRONG) /* the lexer has said so */
		parser->failed = true;
	else if (token->kind == TOKEN_END)
		fail_at(parser, token->place,
			arena_printf(parser->arena, "the line ends where %s is expected", what));
	else
		fail_at(parser, token->place,
			arena_printf(parser->arena, "%s is expected here", what));
	return false;
}

static bool at_word(const struct parser *parser, const char *text)
{
	return parser->token->kind == TOKEN_WORD && !strcmp(parser->token->text, text);
}

static bool skip_word(struct parser *parser, const char *text)
{
	if (!at_word(parser, text))
		return false;
	parser->token++;
	return true;
}

static bool take_word(struct parser *parser, const char *what, struct word *word)
{
	if (parser->token->kind != TOKEN_WORD)
		return expected(parser, what);
	word->text = parser->token->text;
	word->place = parser->token->place;
	parser->token++;
	return true;
}

static bool skip(struct parser *parser, enum token_kind kind, const char *what)
{
	if (parser->token->kind != kind)
		return expected(parser, what);
	parser->token++;
	return true;
}

static bool take_end(struct parser *parser)
{
	if (parser->token->kind == TOKEN_END)
		return true;
	if (parser->token->kind == TOKEN_WRONG)
		parser->failed = true;
	else
		fail_at(parser, parser->token->place, "nothing more is expected on this line");
	return false;
}

/* From a token to the end of the line, as written. */
static const char *rest_of_line(struct parser *parser, const struct token *from)
{
	const char *start = from->place.start + from->place.column - 1;
	const char *end = parser->lexer.content_end;

	return arena_strndup(parser->arena, start, end > start ? (size_t)(end - start) : 0);
}

/* --- conditions ------------------------------------------------------------------------------- */

static struct condition *parse_or(struct parser *parser);

static struct condition *new_condition(struct parser *parser, enum condition_kind kind,
				       struct condition *left, struct condition *right)
{
	struct condition *condition = ARENA_NEW(parser->arena, struct condition);

	condition->kind = kind;
	condition->left = left;
	condition->right = right;
	condition->place = left ? left->place : parser->token->place;
	return condition;
}

static bool add_term(struct parser *parser, struct value *value)
{
	return take_word(parser, "a number or the name of a constant",
			 ARENA_PUSH(parser->arena, value->terms.list, value->terms.count));
}

/* A, A|B, or the same in parentheses. */
static bool parse_value(struct parser *parser, struct value *value)
{
	bool open = parser->token->kind == TOKEN_OPEN;
	const struct token *from = parser->token, *last;

	if (open)
		parser->token++;
	if (!add_term(parser, value))
		return false;
	while (parser->token->kind == TOKEN_BAR) {
		parser->token++;
		if (!add_term(parser, value))
			return false;
	}
	if (open && !skip(parser, TOKEN_CLOSE, "'|' or ')'"))
		return false;
	last = parser->token - 1;
	value->place = from->place;
	value->place.length = last->place.column + last->place.length - from->place.column;
	return true;
}

static bool add_value(struct parser *parser, struct condition *test)
{
	return parse_value(parser, ARENA_PUSH(parser->arena, test->values, test->count));
}

static bool parse_set(struct parser *parser, struct condition *test)
{
	if (!skip(parser, TOKEN_OPEN_SET, "'{'"))
		return false;
	do {
		if (!add_value(parser, test))
			return false;
		if (parser->token->kind != TOKEN_COMMA)
			break;
		parser->token++;
	} while (true);
	return skip(parser, TOKEN_CLOSE_SET, "',' or '}'");
}

static const struct {
	enum token_kind token;
	const char *word;
	enum test_op op;
} test_operators[] = {
	{ TOKEN_EQ, NULL, TEST_EQ },	 { TOKEN_NE, NULL, TEST_NE },
	{ TOKEN_LT, NULL, TEST_LT },	 { TOKEN_LE, NULL, TEST_LE },
	{ TOKEN_GT, NULL, TEST_GT },	 { TOKEN_GE, NULL, TEST_GE },
	{ TOKEN_WORD, "has", TEST_HAS }, { TOKEN_WORD, "within", TEST_WITHIN },
	{ TOKEN_WORD, "in", TEST_IN },	 { TOKEN_WORD, "not", TEST_NOT_IN },
};

static bool parse_operator(struct parser *parser, struct condition *test)
{
	for (size_t i = 0; i < sizeof(test_operators) / sizeof(test_operators[0]); i++) {
		if (parser->token->kind != test_operators[i].token)
			continue;
		if (test_operators[i].word && !at_word(parser, test_operators[i].word))
			continue;
		test->op = test_operators[i].op;
		parser->token++;
		if (test->op == TEST_NOT_IN && !skip_word(parser, "in"))
			return expected(parser, "'in'");
		return true;
	}
	return expected(parser, test->mask ? "'==', '!=' or 'in'"
					   : "'==', '!=', '<', '<=', '>', '>=', '&', 'has', "
					     "'within', 'in' or 'not in'");
}

static struct condition *parse_test(struct parser *parser)
{
	struct condition *test = new_condition(parser, CONDITION_TEST, NULL, NULL);
	const struct token *operator;

	if (++parser->tests > TESTS_MAX) {
		fail_at(parser, parser->token->place,
			arena_printf(parser->arena, "more than %d tests on one line: split it",
				     TESTS_MAX));
		return NULL;
	}
	if (!take_word(parser, "the name of an argument", &test->argument))
		return NULL;
	if (parser->token->kind == TOKEN_AND) {
		parser->token++;
		test->mask = ARENA_NEW(parser->arena, struct value);
		if (!parse_value(parser, test->mask))
			return NULL;
	}
	operator= parser->token;
	if (!parse_operator(parser, test))
		return NULL;
	if (test->mask && test->op >= TEST_LT && test->op <= TEST_WITHIN) {
		fail_at(parser, operator->place,
			"after '&' only '==', '!=', 'in' and 'not in' can "
			"follow");
		return NULL;
	}
	if (test->op == TEST_IN || test->op == TEST_NOT_IN ? !parse_set(parser, test)
							   : !add_value(parser, test))
		return NULL;
	return test;
}

static struct condition *parse_unary(struct parser *parser)
{
	struct condition *condition = NULL;

	if (++parser->depth > NESTING_MAX) {
		fail_at(parser, parser->token->place,
			arena_printf(parser->arena, "nested deeper than %d", NESTING_MAX));
	} else if (skip_word(parser, "not")) {
		condition = parse_unary(parser);
		if (condition)
			condition = new_condition(parser, CONDITION_NOT, condition, NULL);
	} else if (parser->token->kind == TOKEN_OPEN) {
		parser->token++;
		condition = parse_or(parser);
		if (condition && !skip(parser, TOKEN_CLOSE, "'and', 'or' or ')'"))
			condition = NULL;
	} else {
		condition = parse_test(parser);
	}
	parser->depth--;
	return condition;
}

static struct condition *parse_and(struct parser *parser)
{
	struct condition *left = parse_unary(parser), *right;

	while (left && skip_word(parser, "and")) {
		right = parse_unary(parser);
		left = right ? new_condition(parser, CONDITION_AND, left, right) : NULL;
	}
	return left;
}

static struct condition *parse_or(struct parser *parser)
{
	struct condition *left = parse_and(parser), *right;

	while (left && skip_word(parser, "or")) {
		right = parse_and(parser);
		left = right ? new_condition(parser, CONDITION_OR, left, right) : NULL;
	}
	return left;
}

/* `where CONDITION` up to the end of the line, or nothing. */
static struct condition *parse_where(struct parser *parser)
{
	struct condition *condition;

	if (!skip_word(parser, "where"))
		return NULL;
	condition = parse_or(parser);
	if (!condition)
		parser->failed = true;
	return condition;
}

/* The condition that ends a line. */
static struct condition *parse_last_where(struct parser *parser)
{
	struct condition *condition = parse_where(parser);

	if (condition && parser->token->kind != TOKEN_END)
		expected(parser, "'and', 'or' or the end of the line");
	return condition;
}

/* --- statements ------------------------------------------------------------------------------- */

static void parse_version(struct parser *parser)
{
	struct word word = { 0 };

	if (!take_word(parser, "the version of the language, 1,", &word))
		return;
	if (strcmp(word.text, "1"))
		fail_at(parser, word.place, "this version of sandboxctl knows version 1 only");
	take_end(parser);
}

static void parse_reviewed(struct parser *parser)
{
	struct word word = { 0 };
	struct tm date;
	const char *end;

	if (!take_word(parser, "the date of the last review", &word))
		return;
	end = strptime(word.text, "%Y-%m-%d", &date);
	if (!end || *end || strlen(word.text) != strlen("2026-01-31"))
		fail_at(parser, word.place, "a date reads YEAR-MONTH-DAY, as in 2026-01-31");
	*ARENA_PUSH(parser->arena, parser->statement->words.list, parser->statement->words.count) =
		word;
	take_end(parser);
}

static void parse_about(struct parser *parser)
{
	const struct place *keyword = &parser->statement->place;
	const char *start = keyword->start + keyword->column - 1 + keyword->length;
	const char *end = parser->lexer.content_end;

	while (start < end && (*start == ' ' || *start == '\t'))
		start++;
	if (start >= end)
		expected(parser, "a sentence");
	else
		parser->statement->text =
			arena_strndup(parser->arena, start, (size_t)(end - start));
}

static void parse_words(struct parser *parser, const char *what)
{
	struct words *words = &parser->statement->words;

	do {
		if (!take_word(parser, what, ARENA_PUSH(parser->arena, words->list, words->count)))
			return;
	} while (parser->token->kind != TOKEN_END);
}

static void parse_program(struct parser *parser)
{
	parse_words(parser, "the name or path of a program");
}

static void parse_prewarm(struct parser *parser)
{
	parse_words(parser, "'unwinder' or 'time-zone'");
}

static void parse_apart(struct parser *parser)
{
	parse_words(parser, "the name of a phase");
}

static void parse_one_word(struct parser *parser)
{
	struct words *words = &parser->statement->words;

	if (take_word(parser, "a name", ARENA_PUSH(parser->arena, words->list, words->count)))
		take_end(parser);
}

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

	number = is_number(word->text) ? strtol(word->text, &end, 0) : names_errno(word->text);
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

static void parse_fallback(struct parser *parser)
{
	if (parse_action(parser, &parser->statement->action))
		take_end(parser);
}

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

static void parse_rule(struct parser *parser)
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

static void parse_names(struct parser *parser)
{
	parser->token--;
	if (parse_calls(parser))
		take_end(parser);
}

/* --- triggers --------------------------------------------------------------------------------- */

/* A whole number of `text`; false when it is none, or more than 32 bits. */
static bool read_number(const char *text, const char **end, uint64_t *number)
{
	char *after;

	errno = 0;
	*number = *text >= '0' && *text <= '9' ? strtoull(text, &after, 0) : (after = NULL, 0);
	*end = after;
	return after && after != text && !errno;
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
	const char *mark, *end = "";

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
	    (*mark == '+' && (!read_number(mark + 1, &end, &trigger->offset) || *end)))
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
	if (!read_number(word.text, &end, &count) || *end || !count || count > UINT32_MAX)
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

	if (!read_number(text, &end, &number) || !number || number > UINT32_MAX)
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

static void parse_deadline(struct parser *parser)
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

static void parse_trigger_statement(struct parser *parser)
{
	parse_trigger_line(parser, &parser->statement->trigger);
}

/* What the words mean is steps.c's. */
static void parse_step(struct parser *parser)
{
	static const char *const wanted[STATEMENT_KINDS] = {
		[STEP_READ] = "a path",
		[STEP_WRITE] = "a path",
		[STEP_CREATE] = "a path",
		[STEP_EXECUTE] = "a path",
		[STEP_BIND] = "'tcp' and ports",
		[STEP_CONNECT] = "'tcp' and ports",
		[STEP_SCOPE] = "'abstract-unix-socket' or 'signal'",
		[STEP_ROOT] = "'empty' or a path",
		[STEP_DETACH] = "the name of a namespace",
		[STEP_CAPABILITIES] = "'none' or the name of a capability",
		[STEP_LIMIT] = "the name of a resource",
		[STEP_DUMPABLE] = "'no'",
		[STEP_DESCRIPTORS] = "'close', 'expect' or 'report'",
		[STEP_OPTIONAL] = "what the kernel may be unable to do",
	};

	parse_words(parser, wanted[parser->statement->kind]);
}

enum scope { SCOPE_TOP = 1, SCOPE_PHASE = 2, SCOPE_GROUP = 4, SCOPE_ONCE = 8 };

static const struct statement_word {
	const char *word;
	unsigned scope;
	enum statement_kind kind;
	void (*parse)(struct parser *parser);
} statement_words[] = {
	{ "policy", SCOPE_TOP | SCOPE_ONCE, STATEMENT_POLICY, parse_version },
	{ "group", SCOPE_GROUP | SCOPE_ONCE, STATEMENT_GROUP, parse_reviewed },
	{ "about", SCOPE_TOP | SCOPE_GROUP | SCOPE_ONCE, STATEMENT_ABOUT, parse_about },
	{ "program", SCOPE_TOP, STATEMENT_PROGRAM, parse_program },
	{ "prewarm", SCOPE_TOP, STATEMENT_PREWARM, parse_prewarm },
	{ "include", SCOPE_TOP, STATEMENT_INCLUDE, parse_one_word },
	{ "phase", SCOPE_TOP | SCOPE_PHASE, STATEMENT_PHASE, parse_one_word },
	{ "trigger", SCOPE_PHASE, STATEMENT_TRIGGER, parse_trigger_statement },
	{ "deadline", SCOPE_PHASE | SCOPE_ONCE, STATEMENT_DEADLINE, parse_deadline },
	{ "apart", SCOPE_PHASE, STATEMENT_APART, parse_apart },
	{ "default", SCOPE_PHASE | SCOPE_ONCE, STATEMENT_DEFAULT, parse_fallback },
	{ "unknown", SCOPE_PHASE | SCOPE_ONCE, STATEMENT_UNKNOWN, parse_fallback },
	{ "allow", SCOPE_PHASE, STATEMENT_RULE, parse_rule },
	{ "log", SCOPE_PHASE, STATEMENT_RULE, parse_rule },
	{ "errno", SCOPE_PHASE, STATEMENT_RULE, parse_rule },
	{ "trap", SCOPE_PHASE, STATEMENT_RULE, parse_rule },
	{ "kill", SCOPE_PHASE, STATEMENT_RULE, parse_rule },
	{ "override", SCOPE_PHASE, STATEMENT_RULE, parse_rule },
	{ "read", SCOPE_PHASE, STEP_READ, parse_step },
	{ "write", SCOPE_PHASE, STEP_WRITE, parse_step },
	{ "create", SCOPE_PHASE, STEP_CREATE, parse_step },
	{ "execute", SCOPE_PHASE, STEP_EXECUTE, parse_step },
	{ "bind", SCOPE_PHASE, STEP_BIND, parse_step },
	{ "connect", SCOPE_PHASE, STEP_CONNECT, parse_step },
	{ "scope", SCOPE_PHASE, STEP_SCOPE, parse_step },
	{ "root", SCOPE_PHASE | SCOPE_ONCE, STEP_ROOT, parse_step },
	{ "detach", SCOPE_PHASE, STEP_DETACH, parse_step },
	{ "capabilities", SCOPE_PHASE | SCOPE_ONCE, STEP_CAPABILITIES, parse_step },
	{ "limit", SCOPE_PHASE, STEP_LIMIT, parse_step },
	{ "dumpable", SCOPE_PHASE | SCOPE_ONCE, STEP_DUMPABLE, parse_step },
	{ "descriptors", SCOPE_PHASE, STEP_DESCRIPTORS, parse_step },
	{ "optional", SCOPE_PHASE, STEP_OPTIONAL, parse_step },
};

enum { STATEMENT_WORDS = sizeof(statement_words) / sizeof(statement_words[0]) };

static const struct statement_word *find_statement(const char *text)
{
	for (size_t i = 0; i < STATEMENT_WORDS; i++)
		if (!strcmp(statement_words[i].word, text))
			return &statement_words[i];
	return NULL;
}

static void unknown_statement(struct parser *parser, const struct token *token)
{
	struct nearest nearest;
	struct diagnostic *diagnostic;

	if (token->kind != TOKEN_WORD) {
		expected(parser, "a statement");
		return;
	}
	nearest_begin(&nearest, token->text);
	for (size_t i = 0; i < STATEMENT_WORDS; i++)
		nearest_try(&nearest, statement_words[i].word);
	diagnostic =
		fail_at(parser, token->place,
			arena_printf(parser->arena, "no statement begins with '%s'", token->text));
	nearest_hint(parser->diagnostics, diagnostic, &nearest);
}

static bool check_once(struct parser *parser, const struct statement_word *row)
{
	struct place *first = &parser->first[row->kind];

	if ((row->scope & SCOPE_ONCE) && first->source) {
		fail_at(parser, parser->statement->place,
			arena_printf(parser->arena, "'%s' is said already at %s", row->word,
				     place_text(parser->arena, *first)));
		return false;
	}
	*first = parser->statement->place;
	return true;
}

static bool check_scope(struct parser *parser, const struct statement_word *row)
{
	unsigned here = parser->in_phase ? SCOPE_PHASE : SCOPE_TOP;

	if (row->scope & here)
		return true;
	fail_at(parser, parser->statement->place,
		arena_printf(parser->arena,
			     row->scope & SCOPE_PHASE ? "'%s' belongs into a phase: write 'phase "
							"NAME' before it"
			     : row->scope & SCOPE_TOP ? "'%s' belongs before the first phase"
						      : "'%s' belongs into a group file",
			     row->word));
	return false;
}

static void enter_phase(struct parser *parser)
{
	parser->in_phase = true;
	for (size_t i = 0; i < STATEMENT_WORDS; i++)
		if (statement_words[i].scope == (SCOPE_PHASE | SCOPE_ONCE))
			parser->first[statement_words[i].kind].source = NULL;
}

static void begin_statement(struct parser *parser)
{
	parser->statement = ARENA_PUSH(parser->arena, parser->syntax->list, parser->syntax->count);
	*parser->statement = (struct statement){ 0 }; /* one that failed may have been here */
	parser->token = parser->lexer.tokens;
	parser->statement->place = parser->token->place;
	parser->failed = false;
	parser->depth = 0;
	parser->tests = 0;
}

static void parse_statement(struct parser *parser)
{
	const struct statement_word *row = NULL;

	begin_statement(parser);
	if (parser->token->kind == TOKEN_WORD)
		row = find_statement(parser->token->text);
	if (!row) {
		unknown_statement(parser, parser->token);
	} else if (check_scope(parser, row) && check_once(parser, row)) {
		parser->statement->kind = row->kind;
		parser->token++;
		row->parse(parser);
		if (row->kind == STATEMENT_PHASE)
			enter_phase(parser);
	}
	if (parser->failed)
		parser->syntax->count--;
}

static void parse_group_line(struct parser *parser)
{
	const struct statement_word *row = NULL;

	begin_statement(parser);
	if (parser->token->kind == TOKEN_WORD)
		row = find_statement(parser->token->text);
	/* `read`, `write` and others are calls here; only the two statements of a group are not. */
	if (row && (row->scope & SCOPE_GROUP)) {
		if (check_once(parser, row)) {
			parser->statement->kind = row->kind;
			parser->token++;
			row->parse(parser);
		}
	} else if (parser->token->kind == TOKEN_WORD) {
		parser->statement->kind = STATEMENT_NAMES;
		parser->token++;
		parse_names(parser);
	} else {
		expected(parser, "the name of a system call or @group");
	}
	if (parser->failed)
		parser->syntax->count--;
}

static struct syntax *parse_text(struct arena *arena, struct diagnostics *diagnostics,
				 const struct source *source, const char *first,
				 enum statement_kind kind, void (*parse)(struct parser *))
{
	struct parser parser = { .arena = arena, .diagnostics = diagnostics };
	struct place place = { .source = source, .line = 1, .column = 1, .start = source->text };
	struct syntax *syntax = ARENA_NEW(arena, struct syntax);
	bool begun = false;

	syntax->source = source;
	parser.syntax = syntax;
	lex_begin(&parser.lexer, arena, diagnostics, source);
	while (lex_line(&parser.lexer)) {
		if (!begun && (parser.lexer.tokens[0].kind != TOKEN_WORD ||
			       !find_statement(parser.lexer.tokens[0].text) ||
			       find_statement(parser.lexer.tokens[0].text)->kind != kind))
			diagnose(diagnostics, ERROR, parser.lexer.tokens[0].place,
				 "the first statement must be '%s'", first);
		begun = true;
		parse(&parser);
		if (diagnostics->errors > ERRORS_SHOWN)
			return syntax;
	}
	if (!begun)
		diagnose(diagnostics, ERROR, place, "the text is empty: begin with '%s'", first);
	return syntax;
}

struct syntax *parse_policy(struct arena *arena, struct diagnostics *diagnostics,
			    const struct source *source)
{
	return parse_text(arena, diagnostics, source, "policy 1", STATEMENT_POLICY,
			  parse_statement);
}

struct syntax *parse_group(struct arena *arena, struct diagnostics *diagnostics,
			   const struct source *source)
{
	return parse_text(arena, diagnostics, source, "group YEAR-MONTH-DAY", STATEMENT_GROUP,
			  parse_group_line);
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
