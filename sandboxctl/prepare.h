/* prepare.h - a program made ready to be recorded or watched: the library in it, and a policy.
 *
 * What it is: the environment, and a compiled policy in a directory of its own.
 */
#ifndef PREPARE_H
#define PREPARE_H

#include "launch.h"

struct preparation {
	const char *mode;    /* SANDBOX_MODE */
	const char *body;    /* the text of a policy, instead of what follows; or NULL */
	const char *trigger; /* NULL: the policy's, or `wait` */
	const char *policy;  /* NULL: none, or the one that names the program */
	bool any_program;    /* it may start others; whether the library can be in it is all one */
	const struct words *programs; /* in place of those that the policy names; NULL: those */
	/* Made by prepare(): */
	const struct policy *armed;
	const char *program;				     /* its file */
	const char *directory, *text, *compiled, *recording; /* the last: for who keeps none */
};

/* False after saying what is wrong; nothing is left behind then. */
bool prepare(struct session *session, struct preparation *preparation, const char *program);
void unprepare(const struct preparation *preparation);

#endif
