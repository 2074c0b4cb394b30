/* lex.h - a text as lines of tokens.
 *
 * What it is: words and operators with their columns; comments and blank lines left out.
 * What it must not do: know any word of the language.
 */
#ifndef LEX_H
#define LEX_H

#include "diagnose.h"

enum token_kind {
	TOKEN_END, /* of the line */
	TOKEN_WORD,
	TOKEN_OPEN,	 /* ( */
	TOKEN_CLOSE,	 /* ) */
	TOKEN_OPEN_SET,	 /* { */
	TOKEN_CLOSE_SET, /* } */
	TOKEN_COMMA,	 /* , */
	TOKEN_BAR,	 /* | */
	TOKEN_AND,	 /* & */
	TOKEN_EQ,	 /* == */
	TOKEN_NE,	 /* != */
	TOKEN_LT,	 /* < */
	TOKEN_LE,	 /* <= */
	TOKEN_GT,	 /* > */
	TOKEN_GE,	 /* >= */
	TOKEN_GIVE,	 /* = where `gives` is set */
	TOKEN_WRONG,	 /* something that is said in other words here, or nowhere */
};

struct token {
	enum token_kind kind;
	const char *text; /* NUL-terminated copy of a word; "" otherwise */
	struct place place;
};

enum { LINE_MAX_BYTES = 64 * 1024, TEXT_MAX_BYTES = 16 * 1024 * 1024 };

struct lexer {
	struct arena *arena;
	struct diagnostics *diagnostics;
	const struct source *source;
	const char *next, *end; /* of what is not read yet */
	uint32_t line;
	bool gives;	      /* a text of calls: NAME=VALUE gives an argument */
	struct token *tokens; /* of the current line; the last is TOKEN_END */
	size_t count;
	const char *content_end; /* of the current line, before comment and blanks */
};

void lex_begin(struct lexer *lexer, struct arena *arena, struct diagnostics *diagnostics,
	       const struct source *source);

/* Reads up to the next line that has tokens; false at the end of the text. */
bool lex_line(struct lexer *lexer);

bool token_is(const struct token *token, const char *text);

/* Says that `what`, "the name of a phase", is expected at the token, unless the lexer has said that
 * the token is wrong. */
void expected_at(struct diagnostics *diagnostics, const struct token *token, const char *what);

#endif
