/* question.c - may a path or a port be used? See question.h. */
#include "question.h"

#include "query.h"
#include "steps.h"

#include <string.h>

#define TEXT(...) arena_printf(context->arena, __VA_ARGS__)

static const struct {
	const char *text;
	enum statement_kind word;
	bool is_port;
} words[] = {
	{ "read", STEP_READ, false },	  { "write", STEP_WRITE, false },
	{ "create", STEP_CREATE, false }, { "execute", STEP_EXECUTE, false },
	{ "bind", STEP_BIND, true },	  { "connect", STEP_CONNECT, true },
};

enum { WORDS = sizeof(words) / sizeof(words[0]) };

static size_t find_word(const struct token *token)
{
	size_t i = 0;

	while (i < WORDS && !token_is(token, words[i].text))
		i++;
	return i;
}

bool at_question(const struct token *token)
{
	size_t i = find_word(token);

	if (i == WORDS || token[1].kind != TOKEN_WORD)
		return false;
	return words[i].is_port ? token_is(&token[1], "tcp") : token[1].text[0] == '/';
}

static bool read_object(struct context *context, const struct token **token,
			struct question *question, bool is_port)
{
	const struct token *object = *token + 1 + is_port;
	struct word word = { object->text, object->place, false, NULL };

	if (object->kind != TOKEN_WORD) {
		expected_at(context->diagnostics, object, "a port");
		return false;
	}
	*token = object + 1;
	if (is_port)
		return read_port_number(context, &word, &question->port);
	question->path = read_path(context, &word, word.text);
	return question->path != NULL;
}

bool read_question(struct context *context, const struct token **token, struct question *question)
{
	const struct token *from = *token;
	size_t i = find_word(from);
	const struct place *last;

	*question = (struct question){ .place = from->place, .word = words[i].word };
	if (!read_object(context, token, question, words[i].is_port))
		return false;
	last = &(*token)[-1].place;
	question->text = arena_strndup(context->arena, from->place.start + from->place.column - 1,
				       last->column + last->length - from->place.column);
	return true;
}

bool is_question(struct context *context, const struct source *source)
{
	struct diagnostics ignored = { .arena = context->arena };
	struct lexer lexer;

	lex_begin(&lexer, context->arena, &ignored, source);
	return lex_line(&lexer) && at_question(lexer.tokens);
}

bool parse_question(struct context *context, const struct source *source, struct question *question)
{
	unsigned errors = context->diagnostics->errors;
	const struct token *token;
	struct lexer lexer;

	lex_begin(&lexer, context->arena, context->diagnostics, source);
	lex_line(&lexer);
	token = lexer.tokens;
	if (!read_question(context, &token, question))
		return false;
	if (token->kind != TOKEN_END)
		expected_at(context->diagnostics, token, "the end of the question");
	return context->diagnostics->errors == errors;
}

/* --- answers ---------------------------------------------------------------------------------- */

static void add_line(struct context *context, struct answer *answer, const struct step_item *item)
{
	*ARENA_PUSH(context->arena, answer->by, answer->count) = item;
}

/* Adds the lines of this word that give what is asked for; whether there is one. */
static bool add_giving(struct context *context, const struct steps *steps,
		       const struct question *question, enum statement_kind word,
		       struct answer *answer)
{
	size_t count = answer->count;

	for (size_t i = 0; i < steps->count; i++) {
		const struct step_item *item = &steps->items[i];

		if (item->word != word || item->none || item->idle)
			continue;
		if (question->path ? is_beneath(question->path, item->path)
				   : question->port == item->value)
			add_line(context, answer, item);
	}
	return answer->count > count;
}

static void add_root(struct context *context, const struct steps *steps, struct answer *answer)
{
	for (size_t i = 0; i < steps->count; i++)
		if (steps->items[i].word == STEP_ROOT && !steps->items[i].idle)
			add_line(context, answer, &steps->items[i]);
}

static void ask_files(struct context *context, const struct steps *steps,
		      const struct question *question, struct answer *answer)
{
	answer->optional = steps->optional & POLICYC_STEP_FILES;
	answer->allowed = add_giving(context, steps, question, question->word, answer);
	if (!answer->allowed)
		answer->why = "no line of the phase gives it";
	/* The kernel reads what it starts. */
	if (answer->allowed && question->word == STEP_EXECUTE &&
	    !add_giving(context, steps, question, STEP_READ, answer)) {
		answer->allowed = false;
		answer->count = 0;
		answer->why = "it may be started, but not be read, and the kernel reads what it "
			      "starts";
	}
}

static void ask_ports(struct context *context, const struct steps *steps,
		      const struct question *question, struct answer *answer)
{
	answer->optional = steps->optional & POLICYC_STEP_PORTS;
	answer->allowed = add_giving(context, steps, question, question->word, answer);
	if (!answer->allowed)
		answer->why = "no line of the phase gives it";
}

struct answer answer_question(struct context *context, const struct phase *phase,
			      const struct question *question)
{
	const struct steps *steps = &phase->steps;
	uint32_t right =
		question->word == STEP_BIND ? POLICYC_NET_BIND_TCP : POLICYC_NET_CONNECT_TCP;
	struct answer answer = { 0 };

	if (question->path && steps->steps & POLICYC_STEP_ROOT && !steps->root) {
		answer.optional = steps->optional & POLICYC_STEP_ROOT;
		add_root(context, steps, &answer);
	} else if (question->path && steps->steps & POLICYC_STEP_FILES) {
		ask_files(context, steps, question, &answer);
	} else if (!question->path && steps->ports & right) {
		ask_ports(context, steps, question, &answer);
	} else {
		answer.allowed = true;
		answer.why = question->path
				     ? "the phase says nothing of files"
				     : TEXT("the phase says nothing of '%s'",
					    right == POLICYC_NET_BIND_TCP ? "bind" : "connect");
	}
	return answer;
}
