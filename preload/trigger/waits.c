/* waits.c - the hooked libc calls.
 *
 * What it does: exports one wrapper for each row of waits.def. A wrapper looks at one word; while
 * its bit is set it asks trigger.c, then it calls libc's function (a tail call, so that libc stays
 * the cancellation point and sets errno as ever).
 * What it must not do: make the call itself, or anything else once its bit is clear.
 *
 * Contract: hook. A wrapper may run before our constructor (another library's constructor polls):
 * then it finds libc's function by itself, which is safe where the loader runs constructors.
 */
#include <dlfcn.h>
#include <linux/capability.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#include "altstack.h"
#include "lockdown/proc.h"
#include "raw.h"
#include "report/report.h"
#include "trigger/ready.h"
#include "trigger/trigger.h"
#include "trigger/waits.h"

#define EXPORT __attribute__((visibility("default")))

/* In milliseconds, rounded up; no time given means for ever. Only consulted while armed. */
static int64_t timespec_ms(const struct timespec *t)
{
	return t ? (int64_t)t->tv_sec * 1000 + (t->tv_nsec + 999999) / 1000000 : -1;
}

static int64_t timeval_ms(const struct timeval *t)
{
	return t ? (int64_t)t->tv_sec * 1000 + (t->tv_usec + 999) / 1000 : -1;
}

typedef void (*function)(void);

/* libc's functions, resolved by the constructor. */
static function libc_functions[HOOKS];

static const char *const hook_names[HOOKS] = {
#define WAIT(name, ...) [HOOK_##name] = #name,
#include "trigger/waits.def"
#undef WAIT
};

/* The result of dlsym goes through a variable: as a tail call it would make the loader believe
 * that the caller of the wrapper asked, and RTLD_NEXT would start from there. */
static function resolve(enum hook hook)
{
	union {
		void *object;
		function code;
	} found;

	found.object = dlsym(RTLD_NEXT, hook_names[hook]);
	__atomic_store_n(&libc_functions[hook], found.code, __ATOMIC_RELAXED);
	return found.code;
}

/* A name this libc lacks (epoll_pwait2 before glibc 2.35) stays unresolved: nobody calls it. */
void waits_resolve(void)
{
	for (int hook = 0; hook < HOOKS; hook++)
		resolve((enum hook)hook);
}

static function libc_function(enum hook hook)
{
	function code = __atomic_load_n(&libc_functions[hook], __ATOMIC_RELAXED);

	if (!code)
		code = resolve(hook);
	if (!code)
		report_fatal("libc has no function ", hook_names[hook], NULL);
	return code;
}

static inline bool watched(enum hook hook)
{
	return __builtin_expect(__atomic_load_n(&trigger_hooks, __ATOMIC_RELAXED) & (1u << hook),
				0);
}

#define PARAMETERS(...) __VA_ARGS__
#define SLOTS(...)                                                                                 \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}

/* Prototypes first: the wrappers have libc's own (the headers' `nonnull` and `restrict` included),
 * and capset and the two fortified ones have none in any header. */
int capset(cap_user_header_t header, cap_user_data_t data);
int __poll_chk(struct pollfd *fds, nfds_t nfds, int timeout, size_t size);
int __ppoll_chk(struct pollfd *fds, nfds_t nfds, const struct timespec *timeout,
		const sigset_t *sigmask, size_t size);

/* `parameters` and `arguments` bring their own parentheses.
 * NOLINTBEGIN(bugprone-macro-parentheses) */
#define WAIT(name, family, blocks, fd_word, count_word, timeout_word, returns, parameters,         \
	     arguments, slots)                                                                     \
	EXPORT returns name parameters                                                             \
	{                                                                                          \
		if (watched(HOOK_##name)) {                                                        \
			const int64_t seen[WAIT_SLOTS] = SLOTS slots;                              \
                                                                                                   \
			trigger_hook(HOOK_##name, seen);                                           \
		}                                                                                  \
		return ((returns(*) parameters)libc_function(HOOK_##name))arguments;               \
	}
#include "trigger/waits.def"
#undef WAIT
/* NOLINTEND(bugprone-macro-parentheses) */
