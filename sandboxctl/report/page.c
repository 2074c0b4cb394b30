/* page.c - the page of a report; see report.h.
 *
 * Plain HTML, and pictures in SVG, written here: the page must be one file that loads nothing, and
 * a library that draws charts would be a script in it, many times as long as what it draws. There
 * is no script at all: what folds is <details>. Whatever a recording says goes through put(), and a
 * policy in the head forbids the page to load or run anything, should that ever fail.
 */
#include "html.h"
#include "pieces.h"

#ifndef VERSION
#define VERSION "unknown"
#endif

static const char *const style[] = {
#include "style.inc"
};

/* --- the time line ---------------------------------------------------------------------------- */

static void put_times(FILE *page, const struct report *report)
{
	size_t count = report->model->run_count;

	put(page,
	    "<p class=\"about\">From the left the program starts, with all its rights; from the "
	    "trigger on the lock would hold. Either half has a scale of its own, in calls. A "
	    "<code>/1</code> behind a name is a process that was forked once: mostly a "
	    "worker.</p>\n");
	for (size_t i = 0; i < count; i++) {
		const struct run *run = &report->model->runs[i];

		if (count > 1)
			put(page, "<details%s><summary>Run %zu: <code>%s</code></summary>\n",
			    i ? "" : " open", i + 1, run->program);
		report_timeline(page, report, i);
		if (count > 1)
			put(page, "</details>\n");
	}
}

/* --- where it is from ------------------------------------------------------------------------- */

static void put_run(FILE *page, const struct run *run)
{
	put(page,
	    "<tr><th scope=\"row\" class=\"path mono\">%s</th><td class=\"path mono\">%s</td>",
	    run->file, run->program);
	put(page, "<td class=\"nowrap\">%s</td><td class=\"nowrap\">%s</td>",
	    run->started ? run->started : "?", run->kernel ? run->kernel : "?");
	put(page, "<td class=\"nowrap\">%s</td><td class=\"path\">",
	    run->policy ? run->policy : "");
	for (size_t i = 0; i < run->trigger_count; i++)
		put(page, "%s%s: <code>%s</code>", i ? "; " : "", run->triggers[i].phase,
		    run->triggers[i].text);
	put(page, "</td><td class=\"nowrap\">%s</td>", run->end ? run->end : "cut off");
	put_count(page, run->calls);
	put_count(page, run->processes);
	put(page, "<td class=\"nowrap\">%s</td></tr>\n", run->version ? run->version : "?");
}

static void put_runs(FILE *page, const struct report *report)
{
	static const char *const heads[] = { "Recording", "Command",   "Started",    "Kernel",
					     "Policy",	  "Triggers",  "Ended with", "Calls",
					     "Processes", "By version" };

	begin_table(page, "Runs", true);
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		put_head(page, heads[i]);
	begin_rows(page);
	for (size_t i = 0; i < report->model->run_count; i++)
		put_run(page, &report->model->runs[i]);
	end_table(page);
}

/* --- the page --------------------------------------------------------------------------------- */

static const struct {
	const char *id, *title;
	void (*put)(FILE *page, const struct report *report);
} sections[] = {
	{ "time", "Time line", put_times },
	{ "lock", "What the lock removes", put_lock },
	{ "calls", "Calls per phase", put_calls },
	{ "files", "Files", put_files },
	{ "addresses", "Addresses", put_addresses },
	{ "objects", "Whose code called", put_objects },
	{ "runs", "Where this is from", put_runs },
};

enum { SECTIONS = sizeof(sections) / sizeof(sections[0]) };

static void put_beginning(FILE *page, const struct report *report)
{
	put(page, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		  "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		  "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n"
		  "<meta name=\"referrer\" content=\"no-referrer\">\n"
		  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		  "<meta name=\"color-scheme\" content=\"light dark\">\n");
	put(page, "<title>%s: what its lock leaves</title>\n<style>\n", title_of(report));
	for (size_t i = 0; i < sizeof(style) / sizeof(style[0]); i++)
		fputs(style[i], page);
	put(page, "</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to the "
		  "report</a>\n<svg class=\"defs\" aria-hidden=\"true\"><defs><pattern "
		  "id=\"hatch\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
		  "patternTransform=\"rotate(45)\"><path class=\"hatch-ground\" "
		  "d=\"M0 0h6v6H0z\"/><path class=\"hatch-line\" d=\"M0 0v6\"/></pattern></defs>"
		  "</svg>\n<div class=\"frame\">\n");
}

static void put_navigation(FILE *page)
{
	put(page, "<nav aria-label=\"Sections\"><ul>\n");
	for (size_t i = 0; i < SECTIONS; i++)
		put(page, "<li><a href=\"#%s\">%s</a></li>\n", sections[i].id, sections[i].title);
	put(page, "</ul></nav>\n");
}

void report_page(FILE *page, const struct report *report)
{
	put_beginning(page, report);
	put_top(page, report);
	put_navigation(page);
	put(page, "<main id=\"main\" tabindex=\"-1\">\n");
	for (size_t i = 0; i < SECTIONS; i++) {
		put(page,
		    "<section id=\"%s\" aria-labelledby=\"%s-title\">\n<h2 "
		    "id=\"%s-title\">%s</h2>\n",
		    sections[i].id, sections[i].id, sections[i].id, sections[i].title);
		sections[i].put(page, report);
		put(page, "</section>\n");
	}
	put(page,
	    "</main>\n<footer>Written by sandboxctl %s. Counted is what these runs did; what they "
	    "did not do is not here.</footer>\n</div>\n</body>\n</html>\n",
	    VERSION);
}
