/* test_shipped.c - every policy in policies/ is proven whole, for each architecture: no call of
 * theirs has so many conditions that verification is a sample. Run from the project's root.
 */
#include "policy/build.h"
#include "policy/read.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <glob.h>
#include <stdlib.h>

static void prove(const char *path, enum arch arch)
{
	struct arena arena = { 0 };
	struct diagnostics diagnostics = { .arena = &arena };
	struct files files;
	struct context context = { &arena, &diagnostics, &files.loader };
	const struct source *source;
	struct compiled compiled;
	const char *why = "";

	files_begin(&files, &arena);
	source = files_policy(&files, path, &why);
	if (!source || !build_policy(&context, source, arch, NULL, &compiled)) {
		print_error("%s: %s %s", path, why, diagnostics_text(&diagnostics));
		fail();
		return;
	}
	if (compiled.verified.sampled)
		print_error("%s: %u numbers are not proven\n", path, compiled.verified.sampled);
	assert_int_equal(compiled.verified.sampled, 0);
	assert_true(compiled.verified.tried > 10000);
	arena_free(&arena);
}

static void shipped_policies_are_proven(void **unused)
{
	glob_t found;

	(void)unused;
	assert_int_equal(glob("policies/*.policy", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++)
		for (int arch = 0; arch < ARCHES; arch++)
			prove(found.gl_pathv[i], (enum arch)arch);
	globfree(&found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shipped_policies_are_proven),
	};

	setenv("SANDBOX_POLICY_PATH", "policies", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
