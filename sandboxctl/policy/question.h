/* question.h - may a path or a port be used? Asked in the words of the policy: read /etc/passwd.
 *
 * What it is: the answer of the lines about files, ports and the root.
 * What it must not do: look at this machine's files, or answer for the filter: whether the calls
 * themselves are allowed is another question.
 */
#ifndef QUESTION_H
#define QUESTION_H

#include "policy.h"

struct question {
	const char *text; /* as written */
	struct place place;
	enum statement_kind word; /* STEP_READ, WRITE, CREATE, EXECUTE, BIND, CONNECT */
	const char *path;
	uint64_t port;
};

struct answer {
	bool allowed;
	bool optional; /* denied, unless the kernel cannot deny it: the policy lets that pass */
	const struct step_item **by; /* the lines that give it, or the one that takes it away */
	size_t count;
	const char *why; /* where no line does; else NULL */
};

/* Whether what begins here is a question, not a call: both may begin with `read`. */
bool at_question(const struct token *token);
bool is_question(struct context *context, const struct source *source);
/* Reads it up to behind it. False after saying what is wrong. */
bool read_question(struct context *context, const struct token **token, struct question *question);
/* A text that is one. */
bool parse_question(struct context *context, const struct source *source,
		    struct question *question);

struct answer answer_question(struct context *context, const struct phase *phase,
			      const struct question *question);

#endif
