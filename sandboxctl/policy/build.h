/* build.h - from a text to proven filters, all steps in a row.
 *
 * What it is: resolve, compare the phases, lower, verify; and the warnings on what is right but not
 * wise. What it must not do: any step by itself.
 */
#ifndef BUILD_H
#define BUILD_H

#include "verify.h"

struct compiled {
	struct policy *policy;
	struct {
		struct program program;
		bool writes; /* write(2) is let through whatever its arguments are */
		bool looks;  /* fstat(2) */
		bool rings;  /* io_uring_enter(2) */
	} phases[POLICYC_PHASES_MAX];
	struct verified verified; /* all phases together */
};

/* False when the diagnostics have errors. */
bool build_policy(struct context *context, const struct source *source, enum arch arch,
		  const struct source *trigger, struct compiled *compiled);

/* lint.c: warnings, after build_policy(). */
void lint_policy(struct context *context, const struct compiled *compiled);
/* lint_steps.c: those about the steps beside the filter. */
void lint_steps(struct context *context, const struct policy *policy);
/* lint_around.c: calls that do what the phase denies by another name. */
struct diagram;
void lint_around(struct context *context, struct diagram *diagram, const struct policy *policy,
		 const struct phase *phase);
/* lint_tests.c: tests that deny less than they seem to. */
void lint_tests(struct context *context, const struct phase *phase);
/* lint_open.c: files that are opened to be read only, or so it seems. */
void lint_open(struct context *context, struct diagram *diagram, const struct policy *policy,
	       const struct phase *phase);
/* lint_undone.c: calls that leave less of a step than its line says. */
void lint_undone(struct context *context, struct diagram *diagram, const struct policy *policy,
		 const struct phase *phase);
/* A comment on the line, or one that fills the line above it. */
bool has_reason(struct place place);
extern const char reason_hint[];
/* Groups whose last review is two years before `today` (YEAR-MONTH-DAY) or longer ago. */
void lint_dates(struct context *context, const struct compiled *compiled, const char *today);

#endif
