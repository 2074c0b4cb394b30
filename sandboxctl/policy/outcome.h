/* outcome.h - what a policy does with a call of which not every argument is known.
 *
 * What it is: every verdict that can come, each with arguments that bring it about; and the same
 * for two policies side by side.
 * What it must not do: guess. Every witness is put to evaluate.c, whose verdict is the one given.
 */
#ifndef OUTCOME_H
#define OUTCOME_H

#include "diagram.h"

struct outcome {
	struct verdict verdict;
	struct cube witness; /* the bits that are not in its mask may be anything */
};

/* One per deciding line, the mildest first. */
struct outcomes {
	struct outcome *list;
	size_t count;
	bool too_large; /* the conditions are too intricate: the list is not whole */
};

struct outcomes find_outcomes(struct context *context, struct diagram *diagram,
			      const struct policy *policy, const struct phase *phase,
			      uint32_t number, const struct cube *given);

bool is_allowed(struct action action);
/* Both are the same to the kernel. */
bool same_action(struct action a, struct action b);

struct side {
	const struct policy *policy;
	const struct phase *phase;
};

struct difference {
	struct verdict verdicts[2];
	struct cube witness;
};

struct differences {
	struct difference *list;
	size_t count;
	bool too_large;
};

/* One per pair of deciding lines that do not do the same. */
struct differences find_differences(struct context *context, struct diagram *diagram,
				    const struct side sides[2], uint32_t number);

/* Each number that the two may treat differently: those of the table, those that their lines name,
 * and one that stands for all others. */
typedef void (*number_function)(void *data, uint32_t number);
void each_number(const struct side sides[2], number_function each, void *data);

/* Why: "FILE:LINE: its text", or that it is implied. */
const char *verdict_reason(struct arena *arena, const struct phase *phase, struct verdict verdict);
/* The line that decided; its source is NULL when no line did. */
struct place verdict_place(const struct phase *phase, struct verdict verdict);
/* A line without its comment and the blanks around it. */
const char *line_text(struct arena *arena, struct place place);

#endif
