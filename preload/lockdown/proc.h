/* proc.h - /proc at the lock, also for a program that has left it behind.
 *
 * A program that called chroot(2) before its lock has no /proc in most roots, but the barrier must
 * list its threads there. So the hook of chroot() keeps /proc, as a mount of its own that is
 * attached nowhere: its ".." leads to itself, where a plain descriptor would lead out of the new
 * root. It is closed before the lock holds. Without CAP_SYS_ADMIN there is no such mount
 * (Linux 5.2, open_tree(2)), so nothing is kept and the lock says what it lacks.
 *
 * Contract: hook.
 */
#ifndef PROC_H
#define PROC_H

#include <linux/capability.h>
#include <stdint.h>

/* Before the root changes: keeps /proc, unless it is kept already. */
void proc_keep(void);

/* 1 when capset(2) is about to give CAP_SYS_ADMIN up but not CAP_SYS_CHROOT (named -t): the last
 * moment at which /proc can be kept. Else 0. */
int64_t proc_is_leaving(const struct __user_cap_header_struct *header,
			const struct __user_cap_data_struct *data);

/* openat(2) of `path` below /proc, with O_CLOEXEC: "self/task". A negative errno on failure. */
long proc_open(const char *path, int flags);

/* The descriptor that is kept, -1: none. */
int proc_kept(void);

/* No lock is to come: what was kept is closed. */
void proc_forget(void);

#endif
