/* report.h - words to people: one line an event, to stderr or (as JSON) to a file.
 *
 * What it is: the only output of the library.
 * What it must not do: allocate, use stdio or strerror, or write in pieces: a line is one write(2),
 * so that lines of many processes into one file do not mix.
 */
#ifndef REPORT_H
#define REPORT_H

#include <stdbool.h>
#include <stdint.h>

struct config;

/* load: from now on lines name this program (a basename that stays valid), and standard error is
 * what it is now. */
void report_program(const char *program);

/* load: opens what SANDBOX_REPORT names. */
void report_open(const struct config *config);

/* any: does `sandboxctl run` or the like follow this process? Then every event goes to its file. */
bool report_watched(void);

/* load: how the watcher calls this program in this process; 0: it gave it no number. */
uint64_t report_number(void);

/* hook, before any lock: opens the report file again if the program closed it, and looks what
 * became of descriptor 2. When the file cannot be opened, machines are told no more until
 * report_seal(). */
void report_find_again(void);

/* load: from now on lines name this policy. */
void report_policy(const void *image);

/* any: writes "libsandbox: PROGRAM: A B C...\n" (a NULL-terminated list of strings) to stderr, and
 * an event to the report, and ends the process with status 125. For what cannot be done as the
 * policy says, while the program has not yet run on. */
_Noreturn void report_fatal(const char *text, ...) __attribute__((sentinel));

/* as report_fatal, with a negative errno named behind the text: "...: EPERM (operation ...)". */
_Noreturn void report_fatal_errno(long error, const char *text, ...) __attribute__((sentinel));

/* What a lock consists of beside its filter. */
struct report_step {
	const char *name;
	long error; /* 0: it took effect; else why it was left out */
};
struct report_lock {
	unsigned threads;
	const char *verb; /* what happened to the steps without an error: "steps", "without" */
	const struct report_step *steps;
	unsigned count;
};

/* load, hook: says what happened: event is "armed", "not armed", "would lock", "locked" ... phase,
 * trigger and lock may be NULL. */
void report_phase(const char *event, const char *phase, const char *trigger,
		  const struct report_lock *lock);

/* load, hook: the same of what people are told only when SANDBOX_VERBOSE says so, and machines then
 * or when the process is watched. */
void report_aside(const char *event, const char *phase, const char *trigger,
		  const struct report_lock *lock);

/* hook: an event of its own shape. Fields end with a NULL name; people read `people` instead, when
 * SANDBOX_VERBOSE or `asked` says so. */
struct report_field {
	const char *name;
	const char *text; /* NULL: it is a number */
	uint64_t number;
};
void report_event(const char *event, const struct report_field *fields, const char *people,
		  bool asked);

/* hook: a filter is in force: report_seal opens nothing any more. `may_look`: it allows fstat(2).
 */
void report_locked(bool may_look);

/* hook: what came of a call that must be denied, in a child made for it (lockdown/probes.c). */
enum probe_end { PROBE_DIED, PROBE_FAILED, PROBE_WAS_MADE };
struct report_probe {
	const char *phase, *text; /* the line of the test */
	bool is_call;		  /* of this number; else a path or a port */
	uint32_t number;
	unsigned error; /* expected of a call; 0: to die of SIGSYS */
	enum probe_end end;
	unsigned value; /* the signal, 0: none; or the errno */
	bool ok;
};
void report_probe(const struct report_probe *probe);

/* hook: the report's own descriptor, which is none of the program's; -1: it has none. */
int report_descriptor(void);

/* hook: the program's descriptors first..last are about to be closed. */
void report_closing(uint32_t first, uint32_t last);

/* hook: the size of the largest plain file that reports are appended to; -1: there is none. */
int64_t report_file_size(void);

/* hook: decides whether descriptor 2 may still be written to after the lock. */
void report_seal(void);

/* signal: a denied call. `ip` is the address behind the syscall instruction, `caller` the first
 * return address on the stack that lies in another object (or 0). */
struct report_violation {
	uint32_t nr;
	uint64_t arguments[6];
	uintptr_t ip;
	uintptr_t caller;
	uint16_t error; /* 0: the program dies of SIGSYS; else the errno the call fails with */
	const char *phase;
};
void report_violation(const struct report_violation *violation);

#endif
