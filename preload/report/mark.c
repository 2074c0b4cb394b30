/* mark.c - what the library tells `sandboxctl`; see mark.h.
 *
 * What it must not do: go on when nobody records: an unlocked program that believes it is being
 * recorded helps nobody.
 * Contract: hook; mark_reopen, mark_lost: any; mark_loading, mark_arming, mark_loaded,
 * mark_watched: load.
 */
#include "report/mark.h"

#include <sys/prctl.h>

#include "policyc.h"
#include "raw.h"
#include "report/report.h"

/* The linker's: where the library begins, and where its code ends. */
extern const char __ehdr_start[] __attribute__((visibility("hidden")));
extern const char etext[] __attribute__((visibility("hidden")));

static void mark(enum mark kind, uintptr_t a, uintptr_t b, uintptr_t c)
{
	long answer = raw(prctl, MARK, kind, a, b, c);

	if (answer != MARK_SEEN)
		report_fatal(
			"SANDBOX_MODE=learn and triggers are for the commands of sandboxctl of "
			"these names, which are not listening here",
			NULL);
}

void mark_loading(void)
{
	mark(MARK_LOADING, (uintptr_t)__ehdr_start, (uintptr_t)etext, 0);
}

void mark_arming(void)
{
	mark(MARK_ARMING, 0, 0, 0);
}

void mark_loaded(void)
{
	mark(MARK_LOADED, 0, 0, 0);
}

static int descriptor_in(long answer)
{
	return answer <= MARK_IMAGE ? -1 : (int)(answer >> MARK_FILE) - 1;
}

struct mark_watch mark_watched(const char *path)
{
	long answer = raw(getpid, MARK, MARK_WATCHED, path);
	struct mark_watch watch = { .file = -1 };

	if (answer <= MARK_IMAGE)
		return watch;
	watch.number = (uint32_t)answer;
	watch.file = descriptor_in(answer);
	watch.under_lock = answer & MARK_UNDER_LOCK;
	return watch;
}

void mark_forked(void)
{
	raw(getpid, MARK, MARK_FORKED);
}

int mark_reopen(const char *path)
{
	return descriptor_in(raw(getpid, MARK, MARK_REOPEN, path));
}

void mark_lost(void)
{
	raw(getpid, MARK, MARK_LOST);
}

void mark_fired(const void *image, const struct policyc_phase *phase, const char *trigger,
		unsigned threads)
{
	mark(MARK_FIRED, (uintptr_t)policyc_string(image, phase->name), (uintptr_t)trigger,
	     threads);
}

void mark_hook(unsigned hook, int64_t count, int64_t timeout)
{
	mark(MARK_HOOK, hook, (uintptr_t)count, (uintptr_t)timeout);
}
