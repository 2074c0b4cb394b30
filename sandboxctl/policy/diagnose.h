/* diagnose.h - texts, places in them, and what is wrong there.
 *
 * What it is: the collection of errors and warnings, and how they read.
 * What it must not do: print (the subcommands do), stop the program.
 */
#ifndef DIAGNOSE_H
#define DIAGNOSE_H

#include "arena.h"

#include <stdbool.h>
#include <stdint.h>

/* A text that was read: a policy, a group, or the trigger of the command line. */
struct source {
	const char *name; /* for messages: the path as the user would write it */
	const char *path; /* absolute, "" when it is no file */
	const char *text; /* `size` bytes and a NUL behind them */
	size_t size;
};

struct place {
	const struct source *source;
	uint32_t line, column, length; /* from 1; length in bytes */
	const char *start;	       /* of the line */
};

enum severity { ERROR, WARNING };

struct diagnostic {
	enum severity severity;
	struct place place; /* source NULL: about no place */
	const char *message;
	const char *hint; /* a further line, or NULL */
};

enum { ERRORS_SHOWN = 20 };

struct diagnostics {
	struct arena *arena;
	struct diagnostic *list;
	size_t count;
	unsigned errors, warnings;
};

/* The message must be one line and say what to do. */
struct diagnostic *diagnose(struct diagnostics *diagnostics, enum severity severity,
			    struct place place, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Everything said so far as text: message, source line, underline, hint. */
const char *diagnostics_text(const struct diagnostics *diagnostics);

/* "file:line:column" */
const char *place_text(struct arena *arena, struct place place);

/* The nearest of many candidates to a misspelt word. */
struct nearest {
	const char *word, *best;
	unsigned distance;
};

void nearest_begin(struct nearest *nearest, const char *word);
void nearest_try(struct nearest *nearest, const char *candidate);

/* Attaches "did you mean 'X'?" when a candidate was near enough. */
void nearest_hint(struct diagnostics *diagnostics, struct diagnostic *diagnostic,
		  const struct nearest *nearest);

#endif
