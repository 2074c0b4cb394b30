/* expect.h - a .test file: what a policy must do with which calls.
 *
 * What it is: the lines of the file, read, before any policy is looked at.
 * What it must not do: open files, decide.
 *
 *   policy NAME                              first, or left out: the policy of the same name
 *   [PHASE:] must VERDICT CALL               VERDICT: allow, log, errno [E], trap [E], kill, deny
 *   [PHASE:] must allow|deny read PATH       and the other questions of question.h
 */
#ifndef EXPECT_H
#define EXPECT_H

#include "query.h"
#include "question.h"

struct expectation {
	struct place place; /* of the line's first word */
	const char *text;   /* the line without its comment */
	struct word phase;  /* text NULL: every phase */
	const struct expected_verdict *verdict;
	int error; /* -1: any; 0: says that it was done, and does nothing */
	struct query query;
	struct question question; /* text NULL: it is about the call */
};

struct expectations {
	struct word policy; /* text NULL: not said */
	struct expectation *list;
	size_t count;
};

/* What is wrong is in the diagnostics. */
struct expectations parse_expectations(struct context *context, enum arch arch,
				       const struct source *source);

/* Whether the line says that the call must not be made. */
bool expects_denial(const struct expectation *expectation);
bool is_met(const struct expectation *expectation, struct action action);
/* Of a question. */
bool is_answered(const struct expectation *expectation, bool allowed);

#endif
