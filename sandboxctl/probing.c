/* probing.c - see probing.h. */
#include "probing.h"

#include "save.h"
#include "test.h"

#include <stdlib.h>
#include <unistd.h>

bool probing_begin(struct session *session, struct probing *probing, const char *test,
		   const char *policy)
{
	struct test_options options = { .arch = ARCH_NATIVE,
					.out = stderr,
					.quiet = true,
					.name_unprobed = true,
					.policy = policy };

	probing->directory = temporary_directory(&session->arena);
	if (!probing->directory)
		return false;
	probing->file = arena_printf(&session->arena, "%s/probes", probing->directory);
	options.probes = probing->file;
	if (test_file(test, &options) && !setenv("SANDBOX_PROBES", probing->file, 1))
		return true;
	complain("%s gives no probes for %s, so the program was not started", test, policy);
	probing_end(probing);
	return false;
}

void probing_end(const struct probing *probing)
{
	unlink(probing->file);
	rmdir(probing->directory);
}
