/* parser.h - what the files that read a line of a policy share: parse.c and parse_*.c.
 *
 * What it is: the line that is being read, and small steps over its tokens.
 * What it must not do: know more of the language than the words that it is handed.
 *
 * A step that finds something else says so, marks the line as failed, and leaves the token where
 * it is; what was read of a failed line is dropped as a whole, so callers need not tidy up.
 */
#ifndef PARSER_H
#define PARSER_H

#include "syntax.h"

struct parser {
	struct arena *arena;
	struct diagnostics *diagnostics;
	struct lexer lexer;
	const struct token *token; /* the next one of the line */
	struct syntax *syntax;
	struct statement *statement;
	struct place first[STATEMENT_KINDS]; /* of each, for "already said" */
	bool in_phase, failed;
	unsigned depth, tests; /* of the line's condition, or of triggers after each other */
};

/* parser.c. `what` reads on behind "is expected": "the name of a phase". */
struct diagnostic *fail_at(struct parser *parser, struct place place, const char *message);
/* Says that something else is expected here; always false. */
bool expected(struct parser *parser, const char *what);
bool at_word(const struct parser *parser, const char *text);
/* Steps over the word if it is there. */
bool skip_word(struct parser *parser, const char *text);
/* These say what they miss. */
bool skip_token(struct parser *parser, enum token_kind kind, const char *what);
bool take_word(struct parser *parser, const char *what, struct word *word);
bool take_end(struct parser *parser);
/* From a token to the end of the line, as written. */
const char *rest_of_line(struct parser *parser, const struct token *from);

/* parse_condition.c: `where CONDITION`; NULL when there is none, or after saying what is wrong. */
struct condition *parse_where(struct parser *parser);
/* The same where nothing may follow it. */
struct condition *parse_last_where(struct parser *parser);

/* What follows the first word of a statement. parse_rule.c: */
void parse_fallback(struct parser *parser);
void parse_rule(struct parser *parser);
void parse_names(struct parser *parser);
/* parse_trigger.c: */
void parse_trigger_statement(struct parser *parser);
void parse_deadline(struct parser *parser);

/* For strtoull(): of what is a count, a time or the like; 010 is ten, 0x10 is sixteen. */
int number_base(const char *text);

#endif
