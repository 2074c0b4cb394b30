/* report.c - sandboxctl report: what recordings say, as a page or a short text. */
#include "report/report.h"

#include "learned.h"
#include "options.h"
#include "save.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char help[] =
	"usage: sandboxctl report [--html FILE] RECORDING...\n"
	"\n"
	"Says what the lock removes from a program that 'sandboxctl learn' recorded: its calls\n"
	"before and after the trigger, which dangerous ones are closed, files and addresses.\n"
	"Several recordings are put together.\n"
	"\n"
	"  -w, --html FILE    write a page for a browser, with a time line and all details; it is\n"
	"                     one file and loads nothing\n";

struct options {
	const char *html;
	const char *const *recordings;
	size_t count;
};

/* The page must not take the place of what it is made from. */
static bool is_recording(const struct options *options)
{
	struct stat page, recording;

	if (stat(options->html, &page))
		return false;
	for (size_t i = 0; i < options->count; i++)
		if (!stat(options->recordings[i], &recording) && recording.st_dev == page.st_dev &&
		    recording.st_ino == page.st_ino)
			return true;
	return false;
}

static bool write_page(struct session *session, const struct options *options,
		       const struct report *report)
{
	char *text = NULL;
	size_t size = 0;
	bool good = false;
	FILE *page = open_memstream(&text, &size);

	if (page) {
		report_page(page, report);
		good = !ferror(page);
		good = !fclose(page) && good;
	}
	if (!good)
		complain("%s: no memory for a page", options->html);
	good = good && save_file(&session->arena, options->html, text, size);
	free(text);
	return good;
}

static int make_report(struct session *session, const struct options *options)
{
	struct report report = { .arena = &session->arena };
	struct model model;

	if (options->html && is_recording(options)) {
		complain("%s is one of the recordings: name another file for the page",
			 options->html);
		return EXIT_SETUP;
	}
	if (!has_groups(session) ||
	    !read_recordings(session, options->recordings, options->count, &model))
		return EXIT_SETUP;
	report.model = &model;
	report.tally = tally(&session->context, &model);
	if (options->html)
		return write_page(session, options, &report) ? EXIT_GOOD : EXIT_SETUP;
	report_summary(stdout, &report);
	return EXIT_GOOD;
}

int report_main(int argc, char **argv)
{
	struct options options = { 0 };
	const struct command command = {
		.name = "report",
		.help = help,
		.options = { { 'w', "html", .text = &options.html } },
		.arguments = { 1, MANY, "name a recording" },
	};
	struct session session;
	int result = read_options(&command, &argc, &argv);

	if (result >= 0)
		return result;
	options.recordings = (const char *const *)argv;
	options.count = (size_t)argc;
	session_begin(&session);
	result = make_report(&session, &options);
	session_end(&session);
	return result;
}
