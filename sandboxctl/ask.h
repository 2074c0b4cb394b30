/* ask.h - a question about a path or a port, put to a policy. */
#ifndef ASK_H
#define ASK_H

#include "policy/question.h"
#include "sandboxctl.h"

/* Prints the answer of each phase; returns the exit status. */
int ask(struct session *session, const struct policy *policy, const struct view *view,
	const struct source *text);

/* "FILE:LINE: its text" */
const char *answer_line(struct arena *arena, const struct step_item *item);

#endif
