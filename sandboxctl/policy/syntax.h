/* syntax.h - what a policy or group text says, word for word.
 *
 * What it is: the statements of one text, before any name is looked up.
 * What it must not do: follow includes (texts.c) or groups (expand.c), know constants (bind.c).
 */
#ifndef SYNTAX_H
#define SYNTAX_H

#include "lex.h"
#include "policyc.h"

struct word {
	const char *text;
	struct place place;
	bool optional;
	struct word *instead; /* where the architecture has no call of that name */
};

struct words {
	struct word *list;
	size_t count;
};

enum action_kind { /* ascending strictness */
		   ACTION_NONE,
		   ACTION_ALLOW,
		   ACTION_LOG,
		   ACTION_ERRNO,
		   ACTION_TRAP_ERRNO,
		   ACTION_TRAP,
		   ACTION_KILL,
};

struct action {
	enum action_kind kind;
	uint16_t error;
};

enum test_op {
	TEST_EQ,
	TEST_NE,
	TEST_LT,
	TEST_LE,
	TEST_GT,
	TEST_GE,
	TEST_HAS,
	TEST_WITHIN,
	TEST_IN,
	TEST_NOT_IN,
};

/* A or B or C: the bits of every term. */
struct value {
	struct words terms;
	struct place place;
};

enum condition_kind { CONDITION_TEST, CONDITION_AND, CONDITION_OR, CONDITION_NOT };

enum { TESTS_MAX = 256, NESTING_MAX = 64 };

/* As parsed: the names. As resolved for one call (a copy): the numbers below them. */
struct condition {
	enum condition_kind kind;
	struct condition *left, *right; /* NOT: left only */
	struct place place;

	enum test_op op;
	struct word argument;
	struct value *mask; /* ARG & MASK, or NULL */
	struct value *values;
	size_t count;

	uint8_t slot;  /* argument register, or wait slot of a trigger */
	uint8_t width; /* bits that are looked at: 16, 32, 64 */
	bool is_signed;
	uint64_t bits; /* the mask, within the width */
	uint64_t *numbers;
};

enum trigger_word {
	TRIGGER_LOAD,
	TRIGGER_MAIN,
	TRIGGER_WAIT,
	TRIGGER_HOOK,
	TRIGGER_CALL,
	TRIGGER_SIGNAL,
	TRIGGER_READY,
};

struct trigger_syntax {
	enum trigger_word kind;
	struct word hook;
	struct word object, function; /* call: OBJECT!NAME, OBJECT+0xOFFSET (no function), NAME */
	struct word signal;
	uint64_t offset;
	uint32_t count; /* 0: not said */
	bool main_thread;
	struct condition *condition;
	struct trigger_syntax *after;
	const char *text; /* as written, without the word `trigger` */
	struct place place;
};

struct deadline_syntax {
	enum policyc_deadline action;
	uint32_t milliseconds;
};

enum statement_kind {
	STATEMENT_POLICY,
	STATEMENT_GROUP,
	STATEMENT_ABOUT,
	STATEMENT_PROGRAM,
	STATEMENT_PREWARM,
	STATEMENT_INCLUDE,
	STATEMENT_PHASE,
	STATEMENT_TRIGGER,
	STATEMENT_DEADLINE,
	STATEMENT_APART,
	STATEMENT_DEFAULT,
	STATEMENT_UNKNOWN,
	STATEMENT_RULE,
	STATEMENT_NAMES, /* a line of a group */

	/* What a lock does beside its filter: */
	STEP_READ,
	STEP_WRITE,
	STEP_CREATE,
	STEP_EXECUTE,
	STEP_BIND,
	STEP_CONNECT,
	STEP_SCOPE,
	STEP_ROOT,
	STEP_DETACH,
	STEP_CAPABILITIES,
	STEP_LIMIT,
	STEP_DUMPABLE,
	STEP_DESCRIPTORS,
	STEP_OPTIONAL,

	STATEMENT_KINDS
};

struct statement {
	enum statement_kind kind;
	struct place place;
	const char *text; /* about: the prose; rules: the condition as written */
	struct words words;
	struct action action;
	bool override;
	struct condition *condition;
	struct trigger_syntax trigger;
	struct deadline_syntax deadline;
};

struct syntax {
	const struct source *source;
	struct statement *list;
	size_t count;
};

struct syntax *parse_policy(struct arena *arena, struct diagnostics *diagnostics,
			    const struct source *source);
struct syntax *parse_group(struct arena *arena, struct diagnostics *diagnostics,
			   const struct source *source);

/* The name or number of an error; false after saying what is wrong. */
bool read_error(struct diagnostics *diagnostics, const struct word *word, uint16_t *error);
/* Whether a token reads like an error: call names are lower case. */
bool is_error(const struct token *token);

/* A text that is one trigger, what follows the word `trigger` in a policy. */
struct trigger_syntax *parse_trigger(struct arena *arena, struct diagnostics *diagnostics,
				     const struct source *source);

#endif
