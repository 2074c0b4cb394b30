/* query.c - a call as people write it; see query.h. */
#include "query.h"

#include "bind.h"

#include <string.h>

struct reader {
	struct context *context;
	const struct token *token;
	struct query *query;
	const char *call; /* its name as written */
	unsigned next;	  /* argument by position */
	bool named;	  /* one was given by name: the next must be, too */
};

static bool fail(const struct reader *reader, struct place place, const char *message)
{
	diagnose(reader->context->diagnostics, ERROR, place, "%s", message);
	return false;
}

#define TEXT(...) arena_printf(reader->context->arena, __VA_ARGS__)

static bool expected(const struct reader *reader, const char *what)
{
	expected_at(reader->context->diagnostics, reader->token, what);
	return false;
}

/* --- values ----------------------------------------------------------------------------------- */

static bool read_term(struct reader *reader, struct query_argument *argument, bool *is_name)
{
	struct word word = { reader->token->text, reader->token->place, false, NULL };
	bool is_negative;
	uint64_t bits = 0;

	if (reader->token->kind != TOKEN_WORD)
		return expected(reader, "a value, '_' or '...'");
	if (strchr("\"'/", word.text[0]))
		return fail(reader, word.place,
			    "a filter sees numbers, not what pointers point to: write '_'");
	if (strcmp(word.text, "NULL") != 0 &&
	    !read_constant(reader->context, reader->query->arch, &word, &bits, &is_negative))
		return false;
	*is_name |= !strchr("-0123456789", word.text[0]);
	argument->value |= bits;
	reader->token++;
	return true;
}

static const char *text_between(const struct reader *reader, const struct token *from,
				const struct token *last)
{
	return arena_strndup(reader->context->arena, from->place.start + from->place.column - 1,
			     last->place.column + last->place.length - from->place.column);
}

static bool read_value(struct reader *reader, struct query_argument *argument)
{
	const struct token *from = reader->token;
	bool is_name = false;

	if (token_is(reader->token, "_")) {
		reader->token++;
		return true;
	}
	argument->is_given = true;
	if (!read_term(reader, argument, &is_name))
		return false;
	while (reader->token->kind == TOKEN_BAR) {
		reader->token++;
		if (!read_term(reader, argument, &is_name))
			return false;
	}
	if (is_name)
		argument->names = text_between(reader, from, reader->token - 1);
	return true;
}

/* --- arguments -------------------------------------------------------------------------------- */

static bool read_named(struct reader *reader, unsigned *given)
{
	struct word word = { reader->token->text, reader->token->place, false, NULL };
	int slot = find_argument(reader->query->name, word.text);

	if (slot < 0) {
		no_argument(reader->context, reader->query->name, reader->call, &word);
		return false;
	}
	if (*given & 1u << slot)
		return fail(reader, word.place, TEXT("'%s' is given already", word.text));
	*given |= 1u << slot;
	reader->named = true;
	reader->token += 2;
	return read_value(reader, &reader->query->arguments[slot]);
}

static bool read_argument(struct reader *reader, unsigned *given)
{
	const struct syscall_name *name = reader->query->name;
	unsigned count = name ? name->count : ARGUMENTS;

	if (reader->token->kind == TOKEN_WORD && reader->token[1].kind == TOKEN_GIVE)
		return read_named(reader, given);
	if (reader->named)
		return fail(reader, reader->token->place,
			    "after an argument with a name all have one: NAME=VALUE");
	if (reader->next == count)
		return fail(reader, reader->token->place,
			    count == 1 ? TEXT("%s takes 1 argument", reader->call)
				       : TEXT("%s takes %u arguments", reader->call, count));
	*given |= 1u << reader->next;
	return read_value(reader, &reader->query->arguments[reader->next++]);
}

static bool read_arguments(struct reader *reader)
{
	unsigned given = 0;

	if (reader->token->kind == TOKEN_CLOSE) {
		reader->token++;
		return true;
	}
	while (!token_is(reader->token, "...")) {
		if (!read_argument(reader, &given))
			return false;
		if (reader->token->kind != TOKEN_COMMA)
			break;
		reader->token++;
	}
	if (token_is(reader->token, "...")) {
		reader->token++;
		if (reader->token->kind != TOKEN_CLOSE)
			return expected(reader, "')'");
	}
	if (reader->token->kind != TOKEN_CLOSE)
		return expected(reader, "',' or ')'");
	reader->token++;
	return true;
}

/* --- calls ------------------------------------------------------------------------------------ */

static bool read_number_name(struct reader *reader, const struct word *word)
{
	uint64_t number;
	bool is_negative;

	if (!read_number(word->text + 3, &number, &is_negative) || is_negative ||
	    number > UINT32_MAX)
		return fail(reader, word->place,
			    "a number of a system call is from 0 to 0xffffffff: nr:470");
	reader->query->number = (uint32_t)number;
	reader->query->name = names_number(reader->query->arch, (uint32_t)number);
	return true;
}

static bool read_name(struct reader *reader, bool optional)
{
	struct word word = { reader->token->text, reader->token->place, false, NULL };
	struct query *query = reader->query;
	const struct syscall_name *name;

	if (reader->token->kind != TOKEN_WORD)
		return expected(reader, "the name of a system call");
	reader->call = word.text;
	query->place = word.place;
	reader->token++;
	if (!strncmp(word.text, "nr:", 3))
		return read_number_name(reader, &word);
	name = names_syscall(word.text);
	if (!name) {
		no_call(reader->context, &word);
		return false;
	}
	query->name = name;
	query->number = (uint32_t)name->number[query->arch];
	query->is_absent = name->number[query->arch] < 0;
	if (query->is_absent && !optional)
		return fail(
			reader, word.place,
			TEXT("%s has no system call '%s'", arches[query->arch].name, word.text));
	return true;
}

bool read_query(struct context *context, enum arch arch, const struct token **token,
		struct query *query)
{
	struct reader state = { .context = context, .token = *token, .query = query };
	struct reader *reader = &state;
	bool optional = token_is(reader->token, "optional");
	const struct token *from;

	*query = (struct query){ .arch = arch };
	reader->token += optional;
	from = reader->token;
	if (!read_name(reader, optional))
		return false;
	if (reader->token->kind == TOKEN_OPEN) {
		reader->token++;
		if (!read_arguments(reader))
			return false;
	}
	query->text = text_between(reader, from, reader->token - 1);
	*token = reader->token;
	return true;
}

bool parse_query(struct context *context, enum arch arch, const struct source *source,
		 struct query *query)
{
	struct place place = { .source = source, .line = 1, .column = 1, .start = source->text };
	unsigned errors = context->diagnostics->errors;
	const struct token *token;
	struct lexer lexer;

	lex_begin(&lexer, context->arena, context->diagnostics, source);
	lexer.gives = true;
	if (!lex_line(&lexer)) {
		diagnose(context->diagnostics, ERROR, place, "no call is given");
		return false;
	}
	token = lexer.tokens;
	if (!read_query(context, arch, &token, query))
		return false;
	if (token->kind != TOKEN_END)
		expected_at(context->diagnostics, token, "the end of the call");
	return context->diagnostics->errors == errors;
}

struct cube query_bits(const struct query *query)
{
	struct cube cube = { 0 };

	for (int i = 0; i < ARGUMENTS; i++) {
		if (!query->arguments[i].is_given)
			continue;
		cube.mask[i] = UINT64_MAX;
		cube.value[i] = query->arguments[i].value;
	}
	return cube;
}
