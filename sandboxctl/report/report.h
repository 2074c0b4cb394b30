/* report.h - what recordings say, for people: a page, or a short text.
 *
 * What it is: words and pictures for a tally.
 * What it must not do: read or write files, count.
 */
#ifndef REPORT_H
#define REPORT_H

#include "record/tally.h"

#include <stdio.h>

struct report {
	struct arena *arena;
	const struct model *model;
	struct tally tally;
};

/* page.c: the whole page, which needs nothing beside itself. */
void report_page(FILE *page, const struct report *report);

/* summary.c */
void report_summary(FILE *out, const struct report *report);

/* timeline.c: one run's start-up and serving, for the page. */
void report_timeline(FILE *page, const struct report *report, size_t run);

/* moments.c: what happened when, in a run. */
struct moment {
	uint64_t at;	    /* after so many calls */
	const char *who;    /* "nginx/1" */
	const char *what;   /* "bind" */
	const char *detail; /* "the lock of phase serving", or "" */
	enum moment_kind { MOMENT_TRIGGER, MOMENT_SETUP, MOMENT_DANGER, MOMENT_PROCESS } kind;
	const struct fired *fired; /* MOMENT_TRIGGER */
};

struct moments {
	struct moment *list; /* by `at` */
	size_t count;
	uint64_t end; /* the place of the last call */
	uint64_t cut; /* where the last of the phases is met first; 0: none was */
};

struct moments report_moments(const struct report *report, size_t run);

/* "nginx/1" */
const char *report_who(struct arena *arena, const char *program, unsigned generation);

/* How many seconds had gone, at most, when so many calls were made; below 0: not known. */
double report_seconds(const struct run *run, uint64_t calls);

#endif
