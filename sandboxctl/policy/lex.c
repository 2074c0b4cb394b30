/* lex.c - a text as lines of tokens; see lex.h. */
#include "lex.h"

#include <string.h>

struct operator
{
	char text[3];
	enum token_kind kind;
	const char *instead; /* of TOKEN_WRONG: what to write */
};

/* Longer ones first: the first that fits is taken. */
static const struct operator operators[] = {
	{ "==", TOKEN_EQ, NULL },
	{ "!=", TOKEN_NE, NULL },
	{ "<=", TOKEN_LE, NULL },
	{ ">=", TOKEN_GE, NULL },
	{ "&&", TOKEN_WRONG, "write 'and'" },
	{ "||", TOKEN_WRONG, "write 'or'" },
	{ "=", TOKEN_WRONG, "write '=='" },
	{ "!", TOKEN_WRONG, "write 'not'" },
	{ "<", TOKEN_LT, NULL },
	{ ">", TOKEN_GT, NULL },
	{ "(", TOKEN_OPEN, NULL },
	{ ")", TOKEN_CLOSE, NULL },
	{ "{", TOKEN_OPEN_SET, NULL },
	{ "}", TOKEN_CLOSE_SET, NULL },
	{ ",", TOKEN_COMMA, NULL },
	{ "|", TOKEN_BAR, NULL },
	{ "&", TOKEN_AND, NULL },
};

void lex_begin(struct lexer *lexer, struct arena *arena, struct diagnostics *diagnostics,
	       const struct source *source)
{
	*lexer = (struct lexer){
		.arena = arena,
		.diagnostics = diagnostics,
		.source = source,
		.next = source->text,
		.end = source->text + source->size,
	};
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

static bool is_word(char c)
{
	return c > ' ' && c != 0x7f && !strchr("(){},|&=<>#", c);
}

static struct place place_at(const struct lexer *lexer, const char *start, const char *at,
			     size_t length)
{
	return (struct place){
		.source = lexer->source,
		.line = lexer->line,
		.column = (uint32_t)(at - start) + 1,
		.length = (uint32_t)length,
		.start = start,
	};
}

/* /PATH or -/PATH: operators are part of it. */
static bool is_path(const char *at, const char *end)
{
	if (at < end && *at == '-')
		at++;
	return at < end && *at == '/';
}

/* What the quote at `at` takes, with its ends; 0: it is not closed on this line. */
static size_t quote_length(const char *at, const char *end)
{
	size_t length = 1;

	while (at + length < end && at[length] >= ' ' && at[length] < 0x7f && at[length] != '"')
		length++;
	return at + length < end && at[length] == '"' ? length + 1 : 0;
}

/* A word ends before "!=", but has "!" inside, as in OBJECT!NAME. It may have quotes, which stay in
 * its text, and within them anything. */
static size_t word_length(const char *at, const char *end)
{
	size_t length = 0, quote;

	if (is_path(at, end)) {
		while (at + length < end && at[length] > ' ' && at[length] != 0x7f)
			length++;
		return length;
	}
	while (at + length < end && is_word(at[length]) &&
	       !(at[length] == '!' && at + length + 1 < end && at[length + 1] == '=')) {
		quote = at[length] == '"' ? quote_length(at + length, end) : 0;
		length += quote ? quote : 1;
	}
	return length;
}

/* Where the comment of a line begins, or NULL. A name may have a "#", in quotes. */
static const char *comment_in(const char *at, const char *end)
{
	while (at < end && *at != '#') {
		size_t quote = *at == '"' ? quote_length(at, end) : 0;

		at += quote ? quote : 1;
	}
	return at < end ? at : NULL;
}

static const struct operator* operator_at(const char *at, const char *end)
{
	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
		size_t length = strlen(operators[i].text);

		if ((size_t)(end - at) >= length && !memcmp(at, operators[i].text, length))
			return &operators[i];
	}
	return NULL;
}

static struct token *add_token(struct lexer *lexer, enum token_kind kind, struct place place)
{
	struct token *token = ARENA_PUSH(lexer->arena, lexer->tokens, lexer->count);

	token->kind = kind;
	token->text = "";
	token->place = place;
	return token;
}

static size_t lex_token(struct lexer *lexer, const char *start, const char *at, const char *end)
{
	const struct operator* operator= operator_at(at, end);
	struct diagnostic *diagnostic;
	size_t length;

	if (operator&& lexer->gives && !strcmp(operator->text, "=")) {
		add_token(lexer, TOKEN_GIVE, place_at(lexer, start, at, 1));
		return 1;
	}
	if (operator) {
		length = strlen(operator->text);
		add_token(lexer, operator->kind, place_at(lexer, start, at, length));
		if (operator->kind == TOKEN_WRONG) {
			diagnostic = diagnose(lexer->diagnostics, ERROR,
					      place_at(lexer, start, at, length),
					      "'%s' is not an operator here", operator->text);
			diagnostic->hint = operator->instead;
		}
		return length;
	}
	length = word_length(at, end);
	if (!length || !(*at > ' ' && *at < 0x7f)) {
		diagnose(lexer->diagnostics, ERROR, place_at(lexer, start, at, 1),
			 "byte 0x%02x does not belong in a policy", (unsigned char)*at);
		add_token(lexer, TOKEN_WRONG, place_at(lexer, start, at, 1));
		return length ? length : 1;
	}
	add_token(lexer, TOKEN_WORD, place_at(lexer, start, at, length))->text =
		arena_strndup(lexer->arena, at, length);
	return length;
}

/* The text of an `about` is prose: only its first word is a token, the rest is taken as it is. */
static bool is_prose(const struct token *first)
{
	return first->kind == TOKEN_WORD && !strcmp(first->text, "about");
}

/* Characters that some editors and terminals show as the end of a line, or that change the order of
 * what is shown: a comment would look like a rule. As in UTF-8: two bytes, and a range of the
 * third. */
static const struct {
	unsigned char first, second, from, to;
} disguises[] = {
	{ 0xe2, 0x80, 0xa8, 0xae }, /* U+2028 and U+2029 end lines, U+202A to U+202E turn them */
	{ 0xe2, 0x81, 0xa6, 0xa9 }, /* U+2066 to U+2069 */
};

static bool is_disguise(const char *at, const char *end)
{
	unsigned char bytes[3] = { 0 };

	memcpy(bytes, at, end - at < 3 ? (size_t)(end - at) : 3);
	if ((bytes[0] < ' ' && bytes[0] != '\t') || bytes[0] == 0x7f ||
	    (bytes[0] == 0xc2 && bytes[1] < 0xa0)) /* U+0080 to U+009F: controls, too */
		return true;
	for (size_t i = 0; i < sizeof(disguises) / sizeof(disguises[0]); i++)
		if (bytes[0] == disguises[i].first && bytes[1] == disguises[i].second &&
		    bytes[2] >= disguises[i].from && bytes[2] <= disguises[i].to)
			return true;
	return false;
}

/* What is taken as it is: comments and prose. */
static void refuse_disguises(struct lexer *lexer, const char *start, const char *at,
			     const char *end)
{
	if (end > at && end[-1] == '\r')
		end--;
	for (; at < end; at++) {
		if (!is_disguise(at, end))
			continue;
		diagnose(lexer->diagnostics, ERROR, place_at(lexer, start, at, 1),
			 "what follows may look like a line of its own: byte 0x%02x does not "
			 "belong here",
			 (unsigned char)*at);
		return;
	}
}

static void lex_content(struct lexer *lexer, const char *start, const char *end)
{
	const char *at = start;

	while (end > start && is_blank(end[-1]))
		end--;
	lexer->content_end = end;
	while (at < end) {
		if (is_blank(*at)) {
			at++;
			continue;
		}
		at += lex_token(lexer, start, at, end);
		if (lexer->count == 1 && is_prose(&lexer->tokens[0])) {
			refuse_disguises(lexer, start, at, end);
			break;
		}
	}
	if (lexer->count)
		add_token(lexer, TOKEN_END, place_at(lexer, start, end, 1));
}

bool lex_line(struct lexer *lexer)
{
	lexer->tokens = NULL;
	lexer->count = 0;
	while (lexer->next < lexer->end && !lexer->count) {
		const char *start = lexer->next, *end, *comment;

		end = memchr(start, '\n', (size_t)(lexer->end - start));
		if (!end)
			end = lexer->end;
		lexer->next = end < lexer->end ? end + 1 : end;
		lexer->line++;
		if (end - start > LINE_MAX_BYTES) {
			diagnose(lexer->diagnostics, ERROR, place_at(lexer, start, start, 1),
				 "this line is longer than %d bytes: split it", LINE_MAX_BYTES);
			continue;
		}
		comment = comment_in(start, end);
		lex_content(lexer, start, comment ? comment : end);
		if (comment)
			refuse_disguises(lexer, start, comment, end);
	}
	return lexer->count > 0;
}

bool token_is(const struct token *token, const char *text)
{
	return token->kind == TOKEN_WORD && !strcmp(token->text, text);
}

void expected_at(struct diagnostics *diagnostics, const struct token *token, const char *what)
{
	if (token->kind == TOKEN_END)
		diagnose(diagnostics, ERROR, token->place, "the line ends where %s is expected",
			 what);
	else if (token->kind != TOKEN_WRONG)
		diagnose(diagnostics, ERROR, token->place, "%s is expected here", what);
}
