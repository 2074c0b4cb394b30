/* learn.c - sandboxctl learn: run a program, see what it does, write the policy for it.
 *
 * The run leaves a recording; the policy is made from the recording alone, so that both can be made
 * on different machines, and from many runs.
 */
#include "learned.h"
#include "options.h"
#include "prepare.h"
#include "record/cover.h"
#include "record/watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static const char help[] =
	"usage: sandboxctl learn [OPTIONS] -- PROGRAM [ARGUMENTS]\n"
	"       sandboxctl learn [OPTIONS] --merge FILE...\n"
	"       sandboxctl learn --check POLICY [OPTIONS] [-- PROGRAM [ARGUMENTS]]\n"
	"\n"
	"Runs PROGRAM, records the system calls of it and of all that it starts, and writes a\n"
	"policy that allows what it did after the trigger. Nothing is refused meanwhile. Exercise\n"
	"every feature, end the program (Ctrl-C does), and read the policy through before use.\n"
	"Run again to add to the recording.\n"
	"\n"
	"  -t, --trigger TEXT     lock here: 'epoll_wait where timeout != 0' (wait, the first "
	"call\n"
	"                         that blocks)\n"
	"  -p, --policy POLICY    the phases and triggers of this policy (one that names PROGRAM)\n"
	"  -o, --output FILE      the policy (PROGRAM.policy)\n"
	"  -r, --recording FILE   the recording (beside the policy, .recording)\n"
	"  -m, --merge FILE       what this recording saw, too; may be said several times\n"
	"  -e, --exact            name single calls; no groups but @base and @abort\n"
	"  -l, --landlock         read, write, create, execute, bind, connect lines, too, for the\n"
	"                         files and ports that were used, folded to directories\n"
	"  -c, --check POLICY     write none: say what POLICY would have denied, and what it "
	"gives\n"
	"                         that was not used; exit status 1 when it would have denied any\n"
	"  -q, --quiet            say only what went wrong\n"
	"\n"
	"Exit status: that of PROGRAM; 128 + N when signal N ended it; 0 when it ended because we\n"
	"were told to; 125 when something failed here. The messages say what.\n";

enum { MERGES_MAX = 64, SIGNALLED = 128 };

struct options {
	const char *trigger, *policy, *output, *recording, *check;
	const char *merges[MERGES_MAX + 1]; /* and what is recorded now */
	size_t merge_count;
	bool exact, landlock, quiet;
	char **argv; /* of the program; NULL: none is run */
};

/* -1: they go together. */
static int check_options(const struct options *options)
{
	if (!options->argv && !options->merge_count) {
		complain("learn: name a program, or recordings with --merge");
		return usage_error("learn");
	}
	if (options->check &&
	    (options->output || options->policy || options->exact || options->landlock)) {
		complain("learn: --check writes no policy, so it goes without --output, --policy, "
			 "--exact and --landlock");
		return usage_error("learn");
	}
	if (!options->argv && !options->output && !options->check) {
		complain("learn: without a program, name the policy with --output");
		return usage_error("learn");
	}
	return -1;
}

static bool take_merge(void *to, const char *recording)
{
	struct options *options = to;

	if (options->merge_count == MERGES_MAX) {
		complain("learn: more than %d recordings", MERGES_MAX);
		return false;
	}
	options->merges[options->merge_count++] = recording;
	return true;
}

/* --- files ------------------------------------------------------------------------------------ */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* redis-server.policy, redis-server.recording */
static void name_files(struct session *session, struct options *options)
{
	const char *program = options->argv ? options->argv[0] : "", *suffix;
	int length;

	if (options->check || (!options->output && !options->argv))
		return;
	if (!options->output)
		options->output = arena_printf(&session->arena, "%s.policy", base_name(program));
	suffix = strrchr(options->output, '.');
	length = suffix && !strcmp(suffix, ".policy") ? (int)(suffix - options->output)
						      : (int)strlen(options->output);
	if (!options->recording)
		options->recording =
			arena_printf(&session->arena, "%.*s.recording", length, options->output);
}

/* --- the run ---------------------------------------------------------------------------------- */

static int exit_status(const struct watch *watch)
{
	if (!watch->is_complete)
		return EXIT_SETUP;
	if (watch->was_asked)
		return EXIT_GOOD;
	if (WIFSIGNALED(watch->status))
		return SIGNALLED + WTERMSIG(watch->status);
	return WEXITSTATUS(watch->status);
}

/* False: there is nothing to go on with; `*status` is ours then. */
static bool record(struct options *options, const struct preparation *preparation, int *status)
{
	static struct watch watch;
	struct recording_head head = { .argv = options->argv,
				       .policy = preparation->policy,
				       .armed = preparation->armed };
	bool good = recorder_begin(&watch.recorder, false);

	*status = EXIT_SETUP;
	watch.quiet = options->quiet;
	if (!good)
		complain("no memory for a recording");
	if (good && options->check)
		cover_shapes(preparation->armed, &watch.recorder.shapes);
	good = good && watch_run(&watch, options->recording, preparation->program, &head);
	if (good) {
		*status = exit_status(&watch);
		good = watch.is_complete;
		if (!options->quiet)
			tell_run(&watch);
	}
	recorder_end(&watch.recorder);
	return good;
}

/* What becomes of the recordings: the exit status, `status` when nothing is wrong. */
static int use_recordings(struct session *session, const struct options *options, int status)
{
	const struct learned learned = { .output = options->output,
					 .check = options->check,
					 .recordings = options->merges,
					 .recording_count = options->merge_count,
					 .exact = options->exact,
					 .landlock = options->landlock,
					 .quiet = options->quiet };

	if (options->check)
		return check_learned(session, &learned, status);
	return write_learned(session, &learned) ? status : EXIT_SETUP;
}

static int run_and_learn(struct session *session, struct options *options)
{
	struct preparation preparation = { .mode = "learn",
					   .trigger = options->trigger,
					   .policy = options->check ? options->check
								    : options->policy };
	int status;

	if (!prepare(session, &preparation, options->argv[0]))
		return EXIT_SETUP;
	if (!options->recording)
		options->recording = preparation.recording;
	if (record(options, &preparation, &status)) {
		options->merges[options->merge_count++] = options->recording;
		status = use_recordings(session, options, status);
	}
	unprepare(&preparation);
	return status;
}

int learn_main(int argc, char **argv)
{
	struct options options = { 0 };
	const struct command command = {
		.name = "learn",
		.help = help,
		.options = { { 't', "trigger", .text = &options.trigger },
			     { 'p', "policy", .text = &options.policy },
			     { 'o', "output", .text = &options.output },
			     { 'r', "recording", .text = &options.recording },
			     { 'm', "merge", .take = take_merge, .to = &options },
			     { 'e', "exact", .flag = &options.exact },
			     { 'l', "landlock", .flag = &options.landlock },
			     { 'c', "check", .text = &options.check },
			     { 'q', "quiet", .flag = &options.quiet } },
		.arguments = { 0, MANY, NULL },
		.starts_program = true,
	};
	struct session session;
	int result = read_options(&command, &argc, &argv);

	if (result < 0) {
		options.argv = argc ? argv : NULL;
		result = check_options(&options);
	}
	if (result >= 0)
		return result;
	session_begin(&session);
	name_files(&session, &options);
	result = options.argv ? run_and_learn(&session, &options)
			      : use_recordings(&session, &options, EXIT_GOOD);
	session_end(&session);
	return result;
}
