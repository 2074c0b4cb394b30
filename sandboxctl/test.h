/* test.h - hold a policy against a .test file.
 *
 * What it is: `sandboxctl test`, for other commands.
 * What it must not do: run a program.
 */
#ifndef TEST_H
#define TEST_H

#include "sandboxctl.h"

#include <stdio.h>

struct test_options {
	enum arch arch;
	FILE *out;
	bool quiet;	    /* say only what fails, */
	bool name_unprobed; /* and which lines have no probe */
	const char *policy; /* instead of the file's own; NULL: that one */
	const char *probes; /* where to write them; NULL: not asked for */
};

/* False after saying what fails, or what is wrong. */
bool test_file(const char *file, const struct test_options *options);

#endif
