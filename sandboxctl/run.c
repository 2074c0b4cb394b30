/* run.c - sandboxctl run: start a program under a policy.
 *
 * A program that the library cannot be in is not started (exit status 125).
 */
#include "launch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
	"usage: sandboxctl run [-p POLICY] -- PROGRAM [ARGUMENTS]\n"
	"\n"
	"Starts PROGRAM with libsandbox.so in it. Refuses, with exit status 125, what could not "
	"be\n"
	"sandboxed this way: static, set-user-id and foreign programs.\n"
	"\n"
	"  -p, --policy POLICY   name or path; otherwise the policy that names the program\n";

/* The policy as the library will look for it: a path is made absolute, a name is left a name. */
static bool find_policy(struct session *session, const char *name, const char **policy)
{
	const struct source *source;

	*policy = NULL;
	if (!name)
		return true;
	source = session_policy(session, name);
	if (!source)
		return false;
	*policy = strchr(name, '/') || strstr(name, ".policy") ? source->path : name;
	return true;
}

static int run(struct session *session, const char *policy_name, char **argv)
{
	const char *program = launch_find(session, argv[0]), *why, *library, *policy;

	if (!find_policy(session, policy_name, &policy))
		return EXIT_SETUP;
	if (!program) {
		complain("%s: no such program", argv[0]);
		return EXIT_SETUP;
	}
	why = launch_check(session, program);
	if (why) {
		complain("%s: %s", program, why);
		return EXIT_SETUP;
	}
	library = launch_library(session);
	if (!library) {
		complain("libsandbox.so is neither beside sandboxctl nor in ../lib: install it");
		return EXIT_SETUP;
	}
	if (!launch_environment(session, library, policy))
		return EXIT_SETUP;
	execvp(argv[0], argv);
	complain("%s: cannot be started: %s", program, strerror(errno));
	return EXIT_SETUP;
}

int run_main(int argc, char **argv)
{
	static const struct option words[] = {
		{ "policy", required_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct session session;
	const char *policy = NULL;
	int option, result;

	/* "+": what follows PROGRAM belongs to it. */
	while ((option = getopt_long(argc, argv, "+p:h", words, NULL)) != -1) {
		if (option == 'h') {
			fputs(help, stdout);
			return EXIT_GOOD;
		}
		if (option != 'p')
			return usage_error("run");
		policy = optarg;
	}
	if (optind == argc) {
		complain("run: name a program");
		return usage_error("run");
	}
	session_begin(&session);
	result = run(&session, policy, argv + optind);
	session_end(&session);
	return result;
}
