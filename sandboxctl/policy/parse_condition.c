/* parse_condition.c - what follows `where`: tests with and, or, not between them; see parser.h.
 *
 * The names stay names: which argument and which constant they mean is bind.c's.
 */
#include "parser.h"

#include <string.h>

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
	if (open && !skip_token(parser, TOKEN_CLOSE, "'|' or ')'"))
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
	if (!skip_token(parser, TOKEN_OPEN_SET, "'{'"))
		return false;
	do {
		if (!add_value(parser, test))
			return false;
		if (parser->token->kind != TOKEN_COMMA)
			break;
		parser->token++;
	} while (true);
	return skip_token(parser, TOKEN_CLOSE_SET, "',' or '}'");
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
		if (condition && !skip_token(parser, TOKEN_CLOSE, "'and', 'or' or ')'"))
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
struct condition *parse_where(struct parser *parser)
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
struct condition *parse_last_where(struct parser *parser)
{
	struct condition *condition = parse_where(parser);

	if (condition && parser->token->kind != TOKEN_END)
		expected(parser, "'and', 'or' or the end of the line");
	return condition;
}
