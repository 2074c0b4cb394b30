/* sandboxctl.h - what the subcommands share: exit codes, a session, messages.
 *
 * What it is: everything one invocation needs, from first allocation to last message.
 * What it must not do: know the language (policy/ does).
 */
#ifndef SANDBOXCTL_H
#define SANDBOXCTL_H

#include "policy/build.h"
#include "policy/read.h"

enum {
	EXIT_GOOD = 0,
	EXIT_POLICY = 1, /* the policy has errors, or the answer is no */
	EXIT_USAGE = 2,
	EXIT_SETUP = 125, /* run: the program was not started */
};

struct session {
	struct arena arena;
	struct diagnostics diagnostics;
	struct files files;
	struct context context;
};

void session_begin(struct session *session);
/* Prints what the diagnostics say so far, on standard error, and forgets it. */
void session_report(struct session *session);
void session_end(struct session *session);

/* A policy by name or path; NULL after saying what is wrong, on standard error. */
const struct source *session_policy(struct session *session, const char *name);

/* The same with every name looked up; NULL after saying what is wrong, on standard error. */
const struct policy *session_resolve(struct session *session, const char *name, enum arch arch);
/* Whether the policy has the phase (NULL: any); says so when not. */
bool has_phase(const struct policy *policy, const char *name);

/* How every command that answers questions about policies is asked: see VIEW_OPTIONS. */
struct view {
	const char *phase; /* NULL: all */
	enum arch arch;
	bool json;
};

void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

int compile_main(int argc, char **argv);
int check_main(int argc, char **argv);
int show_main(int argc, char **argv);
int list_main(int argc, char **argv);
int functions_main(int argc, char **argv);
int run_main(int argc, char **argv);
int explain_main(int argc, char **argv);
int test_main(int argc, char **argv);
int diff_main(int argc, char **argv);
int learn_main(int argc, char **argv);
int triggers_main(int argc, char **argv);
int report_main(int argc, char **argv);
int ci_main(int argc, char **argv);

#endif
