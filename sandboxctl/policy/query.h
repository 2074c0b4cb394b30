/* query.h - a call as people write it: socket(AF_ALG, SOCK_SEQPACKET|SOCK_CLOEXEC, _).
 *
 * What it is: the name, and for each argument register the value or that it is left open.
 * What it must not do: know policies.
 *
 *   CALL             = NAME | NAME(ARGUMENTS) ; NAME may be nr:NUMBER
 *   argument         = VALUE | NAME=VALUE | _ (any value) | ... (last: any further ones)
 *   VALUE            = TERM|TERM...: constants by name, decimal, 0x, 0 (octal), negative numbers
 */
#ifndef QUERY_H
#define QUERY_H

#include "cube.h"

struct query_argument {
	bool is_given;
	uint64_t value;
	const char *names; /* as written, when constants were named; NULL: numbers */
};

struct query {
	const char *text; /* as written */
	struct place place;
	enum arch arch;
	uint32_t number;
	const struct syscall_name *name; /* NULL: nr:NUMBER without a name here */
	bool is_absent;			 /* `optional`, and this architecture has no such call */
	struct query_argument arguments[ARGUMENTS];
};

/* Reads a call from `*token` on, up to behind it. False after saying what is wrong. */
bool read_query(struct context *context, enum arch arch, const struct token **token,
		struct query *query);

/* A text that is one call. */
bool parse_query(struct context *context, enum arch arch, const struct source *source,
		 struct query *query);

/* The bits that it gives: a cube of the arguments. */
struct cube query_bits(const struct query *query);

#endif
