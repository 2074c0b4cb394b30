/* choose.h - which trigger is the best: candidates held against each other.
 *
 * What it is: per candidate what would still be allowed, what of it is setting up, what it closes,
 * and whether it is a trap; the one to take.
 * What it must not do: print.
 */
#ifndef CHOOSE_H
#define CHOOSE_H

#include "model.h"

/* Numbers of system calls. */
struct call_set {
	bool has[TABLE_NUMBERS];
	size_t count;
};

struct trial {
	const char *trigger;
	uint64_t at;		/* the first time that it was met */
	struct call_set left;	/* made afterwards by what would be locked */
	struct call_set open;	/* of those: dangerous or sensitive */
	struct call_set closed; /* dangerous or sensitive, made before, not afterwards */
	struct call_set setup;	/* of those left: what sets a server up */
	bool is_same;		/* as another one */
	bool serves;		/* what is locked talks to clients, or nobody does */
	const char *trap;	/* why it comes too early, or NULL */
};

/* The first time that a call of setting up was made. */
struct step {
	uint32_t number;
	uint64_t at;
};

struct choice_of_trigger {
	struct trial *trials; /* by time */
	size_t trial_count;
	struct step *steps; /* by time */
	size_t step_count;
	size_t all;		  /* different calls in the whole run */
	const struct trial *best; /* NULL: none */
	bool anybody_serves;	  /* talks to clients */
};

struct choice_of_trigger choose_trigger(struct context *context, const struct model *model,
					const char *program);

/* It sets a server up: bind, setuid and their like. */
bool is_setup(uint32_t number);

/* "bind listen", in the arena. */
const char *call_set_text(struct arena *arena, const struct call_set *set);

#endif
