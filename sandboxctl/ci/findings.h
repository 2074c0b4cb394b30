/* findings.h - what a run of a test suite has shown: findings, and whether they make it fail.
 *
 * What it is: the list that every output is made of. The same thing found again counts once more.
 * What it must not do: know where findings come from, or how an output looks.
 */
#ifndef CI_FINDINGS_H
#define CI_FINDINGS_H

#include "policy/policy.h"

#include <sys/types.h>

enum finding_kind {
	FINDING_COMMAND,   /* the suite itself failed */
	FINDING_NOTHING,   /* no process was locked */
	FINDING_REFUSED,   /* the library could not set the lock up, and ended the process */
	FINDING_VIOLATION, /* a call that the policy denies */
	FINDING_UNLOCKED,  /* a process with the library that never met its trigger */
	FINDING_FORK,	   /* a forked process that was not locked beside others that were */
	FINDING_UNREACHED, /* a process of a program that the policy names, without the library */
	FINDING_ANSWERED,  /* a call that a line answers with an errno on purpose */
	FINDING_UNUSED,	   /* a line that gave nothing that was used */
	FINDING_NEW,	   /* against the baseline */
	FINDING_GONE,
	FINDING_YOUNG, /* as FINDING_FORK, but it may have been told to end while it was starting */
	FINDING_KINDS
};

struct finding {
	enum finding_kind kind;
	const char *title;	/* one line that says it all */
	const char *detail;	/* why, or NULL */
	const char *suggestion; /* the line of a policy that would allow it, or NULL */
	const char *program, *phase;
	const char *call, *action;     /* of calls, files and ports */
	const char *object, *function; /* whose code: "redis-server+0x11bb", "loadDataFromDisk" */
	struct place place;	       /* in the policy; source NULL: nowhere */
	const char *test;	       /* seen first in it; NULL: the harness does not tell */
	const char *command;	       /* the command line of the process */
	pid_t pid;
	uint64_t count;
	const char **tests; /* all of them */
	size_t test_count;
};

/* What a kind is called: for --fail-on, and in every output. */
struct kind {
	const char *word, *id, *about, *none;
};

extern const struct kind kinds[FINDING_KINDS];

struct findings {
	struct arena *arena;
	struct arena *live; /* of whoever takes things down while the run goes */
	const struct policy *policy;
	bool observed;	 /* nothing was denied */
	uint32_t looked; /* bits: kinds that this run could find */
	uint32_t fails;	 /* bits: kinds that make it fail */

	struct finding *list;
	size_t count;

	unsigned images;  /* program images that ran, in all */
	unsigned named;	  /* ... of programs that the policy names */
	unsigned reached; /* ... with the library in them */
	unsigned locked;  /* ... that met their trigger */
	uint64_t calls;	  /* observed: that were put to the policy */
	double seconds;
	const char *ended; /* how the command did: "exit 0" */
};

/* "violations,unlocked", "all", "none". False: `*wrong` is the word that is not known. */
bool read_kinds(struct arena *arena, const char *text, uint32_t *kinds, const char **wrong);

/* Adds one or counts it; its texts must be plain (text.h) and stay. */
void findings_add(struct findings *findings, const struct finding *finding);

bool finding_fails(const struct findings *findings, const struct finding *finding);
bool findings_fails(const struct findings *findings);

/* What outputs of test results list: each finding that fails, and each kind of which none does. */
struct check {
	const struct kind *kind;
	const struct finding *finding; /* NULL: none fails */
	const char *title;
};

struct checks {
	struct check *list;
	size_t count, failed;
};

struct checks findings_checks(const struct findings *findings);

/* Title, detail, suggestion, where and when, as lines. */
const char *finding_text(struct arena *arena, const struct finding *finding);

/* The file of a place as others find it: relative to the current directory when it is below. */
const char *place_file(struct arena *arena, struct place place);

/* Where to point for a finding: its line, else the policy's first. */
struct place finding_place(const struct findings *findings, const struct finding *finding);

#endif
