/* parser.c - small steps over the tokens of a line; see parser.h. */
#include "parser.h"

struct diagnostic *fail_at(struct parser *parser, struct place place, const char *message)
{
	parser->failed = true;
	return diagnose(parser->diagnostics, ERROR, place, "%s", message);
}

bool expected(struct parser *parser, const char *what)
{
	parser->failed = true;
	expected_at(parser->diagnostics, parser->token, what);
	return false;
}

bool at_word(const struct parser *parser, const char *text)
{
	return token_is(parser->token, text);
}

bool skip_word(struct parser *parser, const char *text)
{
	if (!at_word(parser, text))
		return false;
	parser->token++;
	return true;
}

bool take_word(struct parser *parser, const char *what, struct word *word)
{
	if (parser->token->kind != TOKEN_WORD)
		return expected(parser, what);
	word->text = parser->token->text;
	word->place = parser->token->place;
	parser->token++;
	return true;
}

bool skip_token(struct parser *parser, enum token_kind kind, const char *what)
{
	if (parser->token->kind != kind)
		return expected(parser, what);
	parser->token++;
	return true;
}

bool take_end(struct parser *parser)
{
	if (parser->token->kind == TOKEN_END)
		return true;
	if (parser->token->kind == TOKEN_WRONG)
		parser->failed = true;
	else
		fail_at(parser, parser->token->place, "nothing more is expected on this line");
	return false;
}

const char *rest_of_line(struct parser *parser, const struct token *from)
{
	const char *start = from->place.start + from->place.column - 1;
	const char *end = parser->lexer.content_end;

	return arena_strndup(parser->arena, start, end > start ? (size_t)(end - start) : 0);
}

int number_base(const char *text)
{
	return text[0] == '0' && (text[1] == 'x' || text[1] == 'X') ? 16 : 10;
}
