/* parse.c - a text to statements; see syntax.h.
 *
 * One line is one statement, and one table row says how it is read and where it may stand.
 * After a mistake the line is given up and the next one read: a user sees all mistakes at once.
 */
#include "names.h"
#include "parser.h"

#include <string.h>
#include <time.h>

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
