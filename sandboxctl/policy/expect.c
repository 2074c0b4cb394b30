/* expect.c - a .test file; see expect.h. */
#include "expect.h"

#include "outcome.h"

#include <string.h>

static const struct expected_verdict {
	const char *word;
	unsigned kinds; /* bits of enum action_kind */
	bool takes_error;
} verdicts[] = {
	{ "allow", 1u << ACTION_ALLOW | 1u << ACTION_LOG, false },
	{ "log", 1u << ACTION_LOG, false },
	{ "errno", 1u << ACTION_ERRNO, true },
	{ "trap", 1u << ACTION_TRAP | 1u << ACTION_TRAP_ERRNO, true },
	{ "kill", 1u << ACTION_KILL, false },
	{ "deny",
	  1u << ACTION_ERRNO | 1u << ACTION_TRAP | 1u << ACTION_TRAP_ERRNO | 1u << ACTION_KILL,
	  false },
};

enum { VERDICTS = sizeof(verdicts) / sizeof(verdicts[0]) };

bool is_met(const struct expectation *expectation, struct action action)
{
	if (!(expectation->verdict->kinds & 1u << action.kind))
		return false;
	return expectation->error < 0 || expectation->error == action.error;
}

bool expects_denial(const struct expectation *expectation)
{
	return !(expectation->verdict->kinds & (1u << ACTION_ALLOW | 1u << ACTION_LOG));
}

bool is_answered(const struct expectation *expectation, bool allowed)
{
	return expectation->verdict->kinds & 1u << (allowed ? ACTION_ALLOW : ACTION_ERRNO);
}

/* --- lines ------------------------------------------------------------------------------------ */

struct reader {
	struct context *context;
	enum arch arch;
	const struct token *token;
	struct expectations *expectations;
};

static struct word take_word(struct reader *reader)
{
	struct word word = { reader->token->text, reader->token->place, false, NULL };

	reader->token++;
	return word;
}

static bool expected(const struct reader *reader, const char *what)
{
	expected_at(reader->context->diagnostics, reader->token, what);
	return false;
}

static bool read_policy(struct reader *reader)
{
	struct expectations *expectations = reader->expectations;
	struct word keyword = take_word(reader);

	if (reader->token->kind != TOKEN_WORD)
		return expected(reader, "the name or path of a policy");
	if (expectations->count || expectations->policy.text) {
		diagnose(reader->context->diagnostics, ERROR, keyword.place,
			 "'policy' comes once, and first");
		return false;
	}
	expectations->policy = take_word(reader);
	return true;
}

static bool unknown_verdict(struct reader *reader)
{
	static const char what[] = "allow, log, errno, trap, kill or deny";
	struct nearest nearest;

	if (reader->token->kind != TOKEN_WORD)
		return expected(reader, what);
	nearest_begin(&nearest, reader->token->text);
	for (size_t i = 0; i < VERDICTS; i++)
		nearest_try(&nearest, verdicts[i].word);
	nearest_hint(reader->context->diagnostics,
		     diagnose(reader->context->diagnostics, ERROR, reader->token->place,
			      "%s is expected here", what),
		     &nearest);
	return false;
}

static bool read_verdict(struct reader *reader, struct expectation *expectation)
{
	size_t i = 0;

	while (i < VERDICTS && !token_is(reader->token, verdicts[i].word))
		i++;
	if (i == VERDICTS)
		return unknown_verdict(reader);
	expectation->verdict = &verdicts[i];
	reader->token++;
	if (verdicts[i].takes_error && is_error(reader->token)) {
		struct word word = take_word(reader);
		uint16_t error = 0;

		/* No policy can say `errno 0`, but what is implied can answer it. */
		if (strcmp(word.text, "0") != 0 &&
		    !read_error(reader->context->diagnostics, &word, &error))
			return false;
		expectation->error = error;
	}
	return true;
}

/* "serving:" is one word to the lexer. */
static void read_phase(struct reader *reader, struct expectation *expectation)
{
	size_t length = strlen(reader->token->text);

	if (reader->token->kind != TOKEN_WORD || length < 2 ||
	    reader->token->text[length - 1] != ':')
		return;
	expectation->phase = take_word(reader);
	expectation->phase.text =
		arena_strndup(reader->context->arena, expectation->phase.text, length - 1);
	expectation->phase.place.length--;
}

static bool read_asked(struct reader *reader, struct expectation *expectation)
{
	const char *word = expectation->verdict->word;

	if (strcmp(word, "allow") != 0 && strcmp(word, "deny") != 0) {
		diagnose(reader->context->diagnostics, ERROR, reader->token->place,
			 "of paths and ports only 'allow' and 'deny' can be said");
		return false;
	}
	return read_question(reader->context, &reader->token, &expectation->question);
}

static bool read_expectation(struct reader *reader, struct expectation *expectation)
{
	expectation->place = reader->token->place;
	expectation->text = line_text(reader->context->arena, expectation->place);
	read_phase(reader, expectation);
	if (!token_is(reader->token, "must"))
		return expected(reader, expectation->phase.text ? "'must'"
								: "'must', 'PHASE:' or 'policy'");
	reader->token++;
	if (!read_verdict(reader, expectation))
		return false;
	if (at_question(reader->token))
		return read_asked(reader, expectation);
	return read_query(reader->context, reader->arch, &reader->token, &expectation->query);
}

static void read_line(struct reader *reader)
{
	struct expectations *expectations = reader->expectations;
	struct expectation expectation = { .error = -1 };

	if (token_is(reader->token, "policy")) {
		if (!read_policy(reader))
			return;
	} else {
		if (!read_expectation(reader, &expectation))
			return;
		*ARENA_PUSH(reader->context->arena, expectations->list, expectations->count) =
			expectation;
	}
	if (reader->token->kind != TOKEN_END)
		expected(reader, "the end of the line");
}

struct expectations parse_expectations(struct context *context, enum arch arch,
				       const struct source *source)
{
	struct place place = { .source = source, .line = 1, .column = 1, .start = source->text };
	struct expectations expectations = { 0 };
	struct reader reader = { .context = context, .arch = arch, .expectations = &expectations };
	unsigned errors = context->diagnostics->errors;
	struct lexer lexer;

	lex_begin(&lexer, context->arena, context->diagnostics, source);
	lexer.gives = true;
	while (lex_line(&lexer)) {
		reader.token = lexer.tokens;
		read_line(&reader);
	}
	if (!expectations.count && context->diagnostics->errors == errors)
		diagnose(context->diagnostics, ERROR, place,
			 "the file expects nothing: write 'must deny execve' or the like");
	return expectations;
}
