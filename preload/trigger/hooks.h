/* hooks.h - the hooked libc calls by number, shared by the library and the compiler.
 *
 * What it is: enum hook and enum wait_slot, made from waits.def.
 * What it must not do: declare or define the hooks (waits.c does).
 */
#ifndef HOOKS_H
#define HOOKS_H

enum hook {
#define WAIT(name, family, ...) HOOK_##name,
#include "waits.def"
#undef WAIT
	HOOKS
};

/* What a `where` condition on a hooked call can look at. All hooks share these places, so that
 * one condition works for every call of a family. */
enum wait_slot {
	SLOT_FD,      /* the descriptor waited on: epfd, fd */
	SLOT_COUNT,   /* maxevents, nfds, backlog, flags */
	SLOT_TIMEOUT, /* milliseconds, rounded up; -1 = for ever; 0 = does not block */
	WAIT_SLOTS
};

#endif
