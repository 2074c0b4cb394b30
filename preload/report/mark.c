/* mark.c - what the library tells `sandboxctl learn`; see mark.h.
 *
 * What it must not do: go on when nobody records: an unlocked program that believes it is being
 * recorded helps nobody.
 * Contract: hook; mark_loading, mark_loaded: load.
 */
#include "report/mark.h"

#include <sys/prctl.h>

#include "policyc.h"
#include "raw.h"
#include "report/report.h"

/* The linker's: where the library begins, and where its code ends. */
extern const char __ehdr_start[] __attribute__((visibility("hidden")));
extern const char etext[] __attribute__((visibility("hidden")));

static void mark(enum mark kind, const char *a, const char *b, unsigned threads)
{
	long answer = raw(prctl, MARK, kind, a, b, threads);

	if (answer != MARK_SEEN)
		report_fatal("SANDBOX_MODE=learn is for 'sandboxctl learn', which is not "
			     "listening here",
			     NULL);
}

void mark_loading(void)
{
	mark(MARK_LOADING, __ehdr_start, etext, 0);
}

void mark_loaded(void)
{
	mark(MARK_LOADED, NULL, NULL, 0);
}

void mark_fired(const void *image, const struct policyc_phase *phase, const char *trigger,
		unsigned threads)
{
	mark(MARK_FIRED, policyc_string(image, phase->name), trigger, threads);
}
