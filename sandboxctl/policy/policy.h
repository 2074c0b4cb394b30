/* policy.h - a policy with every name looked up: what resolve.c makes and all else works on.
 *
 * What it is: per phase and system call the list of decisions, for one architecture.
 * What it must not do: read files (a loader is handed in), know BPF.
 */
#ifndef POLICY_H
#define POLICY_H

#include "names.h"
#include "policyc.h"
#include "syntax.h"

enum origin {
	ORIGIN_TEXT,
	ORIGIN_IMPLIED, /* the library needs it; decides only where no line of the text does */
	ORIGIN_GUARD,	/* takes the place of allow and log: rt_sigaction for SIGSYS */
};

struct decision {
	struct action action;
	struct condition *condition; /* bound to the call; NULL: always */
	const char *text;	     /* the condition as written, NULL: always */
	struct place place;
	enum origin origin;
	bool named;   /* by its own name, not through a group */
	bool decided; /* verify.c, lower.c: some arguments end here */
};

struct call {
	uint32_t number;
	const struct syscall_name *name; /* NULL: nr:NNN without a name here */
	struct decision *list;		 /* in the order of the text */
	size_t count;
	bool proven; /* verify.c: every class of arguments was tried */
};

/* A call that the library itself makes: needs.h. */
enum need_flags {
	NEED_WIDE = 1u << 0,   /* gives the program something that it could use */
	NEED_SPARED = 1u << 1, /* a line may deny it: the lock does without */
};

struct own_need {
	const char *rule;	   /* a rule without its `allow` */
	unsigned flags;		   /* enum need_flags */
	const struct phase *later; /* whose lock makes the call; NULL: this phase's own */
};

struct implied {
	struct own_need need;
	uint32_t number;
	struct condition *condition; /* NULL: whatever the arguments are */
	const char *text;	     /* of the condition */
};

struct trigger {
	enum policyc_trigger_kind kind;
	uint32_t flags, hooks, signal, count;
	uint32_t after; /* 1 + index of the step, 0: none */
	const char *object, *function;
	uint64_t offset;
	const char *text;
	struct policyc_test *tests;
	size_t test_count;
};

/* `default` or `unknown`; kind ACTION_NONE: not said. */
struct fallback {
	struct action action;
	struct place place, conflict;
	unsigned depth; /* of the include that said it */
};

struct statement_list {
	const struct statement **list;
	size_t count;
};

/* One word of a line about a step beside the filter: a path, a port, a limit. */
struct step_item {
	enum statement_kind word; /* STEP_* */
	struct place place;
	const char *text; /* as a line of its own: "read /etc/redis" */
	bool none;	  /* the word `none`: nothing is given */
	bool optional;	  /* -PATH */
	uint64_t value;	  /* rights, a port, bits, a soft limit, the first descriptor */
	uint64_t second;  /* the hard limit, the last descriptor */
	uint32_t number;  /* the resource, the kind of descriptor */
	const char *path; /* of files, of the root; the pattern of a descriptor */
	size_t idle;	  /* 1 + index of the item that leaves this one nothing to say, 0: none */
};

struct path_rule {
	const char *path;
	bool optional;
	uint64_t rights;
};

/* As in struct policyc_phase, once all lines are put together. */
struct steps {
	struct step_item *items; /* in the order of the text */
	size_t count;

	uint32_t steps, optional;
	uint64_t detach, detach_optional, capabilities, files;
	uint32_t ports, scope;
	const char *root; /* NULL: empty, or no step */
	struct path_rule *path_rules;
	size_t path_count;
	struct policyc_port *port_rules;
	size_t port_count;
	struct policyc_limit *limits; /* ascending by resource */
	size_t limit_count;
};

struct phase {
	const char *name;
	struct place place;
	struct fallback otherwise, unknown;
	struct deadline_syntax deadline;
	struct trigger *triggers; /* steps stand before what waits for them */
	size_t trigger_count;
	struct call *calls; /* ascending by number */
	size_t call_count;
	struct implied *implied;
	size_t implied_count;
	bool traps;
	struct steps steps;
	uint32_t apart; /* bits of the phases that are never locked above, below or beside it */
	uint8_t covers, before; /* as in struct policyc_phase; stack.c */

	/* While it is put together: */
	struct statement_list rules, trigger_lines, apart_lines, step_lines;
	unsigned trigger_depth, deadline_depth;
	struct place deadline_place, deadline_conflict;
	const struct syntax *last_text;
};

struct policy {
	const char *name, *about;
	struct words programs;
	uint32_t prewarm; /* enum policyc_prewarm */
	enum arch arch;
	const struct source *source;
	const struct source **sources; /* every text read, the policy's first */
	size_t source_count;
	struct phase *phases;
	size_t phase_count;
};

enum source_kind { SOURCE_POLICY, SOURCE_GROUP };

/* Where texts come from: files (read.c) or memory (tests). The same text is the same pointer. */
struct loader {
	/* `from`: the text that names it, NULL on the command line. NULL: `*why` says what is
	 * wrong. */
	const struct source *(*load)(struct loader *loader, struct arena *arena,
				     enum source_kind kind, const char *name,
				     const struct source *from, const char **why);
	/* Tries the names that could have been meant; may be NULL. */
	void (*nearest)(struct loader *loader, enum source_kind kind, const struct source *from,
			struct nearest *nearest);
};

struct context {
	struct arena *arena;
	struct diagnostics *diagnostics;
	struct loader *loader;
};

/* Always returns a policy; it is whole only when the diagnostics have no errors.
 * `trigger`: a text that replaces the triggers of the last phase, or NULL. */
struct policy *resolve_policy(struct context *context, const struct source *source, enum arch arch,
			      const struct source *trigger);

/* The numbers of a group's calls, as `from` would find it; none when it cannot be read. */
struct numbers {
	const uint32_t *list;
	size_t count;
};

struct numbers resolve_group(struct context *context, const char *name, const struct source *from,
			     enum arch arch);

/* --- evaluate.c: what the text means, straight from the expressions --------------------------- */

enum reason {
	REASON_DECISION,
	REASON_DEFAULT,
	REASON_UNKNOWN,
	REASON_FOREIGN, /* another architecture's call, or x32 */
};

struct verdict {
	struct action action;
	enum reason reason;
	const struct decision *decision; /* REASON_DECISION */
};

struct verdict evaluate(const struct policy *policy, const struct phase *phase, uint32_t audit_arch,
			uint32_t number, const uint64_t arguments[ARGUMENTS]);
bool evaluate_condition(const struct condition *condition, const uint64_t arguments[ARGUMENTS]);
const struct call *find_call(const struct phase *phase, uint32_t number);
/* `default`, or `unknown` for numbers that are not in the table. */
struct action phase_otherwise(const struct policy *policy, const struct phase *phase,
			      uint32_t number);

/* What the kernel is told: SECCOMP_RET_*, with the errno in the data of ERRNO and TRAP. */
uint32_t action_return(struct action action);
/* "errno EPERM" */
const char *action_text(struct arena *arena, struct action action);

#endif
