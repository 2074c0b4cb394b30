/* check.c - sandboxctl check: read a policy, prove its filters, warn of what is unwise. */
#include "sandboxctl.h"

#include <stdio.h>

static const char help[] =
	"usage: sandboxctl check [OPTIONS] POLICY...\n"
	"\n"
	"Reads each policy, compiles it in memory, runs the filters against the text, and warns.\n"
	"Exit status 1 when one has errors; warnings do not count.\n"
	"\n"
	"  -a, --arch ARCH   for x86_64 or aarch64 (this machine's)\n";

static void print_summary(const struct compiled *compiled)
{
	const struct policy *policy = compiled->policy;

	printf("%s: ok,", policy->name);
	for (size_t i = 0; i < policy->phase_count; i++) {
		const struct phase *phase = &policy->phases[i];

		printf(" phase %s: %zu calls, %zu instructions%s,", phase->name, phase->call_count,
		       compiled->phases[i].program.count,
		       phase->traps && !compiled->phases[i].writes ? ", cannot report" : "");
	}
	printf(" %lu calls compared\n", compiled->tried);
}

static bool check(const char *name, enum arch arch)
{
	struct session session;
	struct compiled compiled;
	const struct source *source;
	bool good = false;

	session_begin(&session);
	source = session_policy(&session, name);
	if (source) {
		good = build_policy(&session.context, source, arch, NULL, &compiled);
		if (good)
			lint_policy(&session.context, &compiled);
		session_report(&session);
		if (good)
			print_summary(&compiled);
	}
	session_end(&session);
	return good;
}

int check_main(int argc, char **argv)
{
	static const struct option words[] = {
		{ "arch", required_argument, NULL, 'a' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	enum arch arch = ARCH_NATIVE;
	int option, result = EXIT_GOOD;

	while ((option = getopt_long(argc, argv, "a:h", words, NULL)) != -1) {
		switch (option) {
		case 'a':
			if (!read_arch(optarg, &arch))
				return EXIT_USAGE;
			break;
		case 'h':
			fputs(help, stdout);
			return EXIT_GOOD;
		default:
			return usage_error("check");
		}
	}
	if (optind == argc) {
		complain("check: name a policy");
		return usage_error("check");
	}
	for (int i = optind; i < argc; i++)
		if (!check(argv[i], arch))
			result = EXIT_POLICY;
	return result;
}
