/* notices.c - the calls that tell which programs run; see notices.h. */
#include "notices.h"

#include "../preload/report/mark.h"
#include "record/remote.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
/* Calls are told apart by jumping over what is not meant: to the next line, or over one. */
#define NOTIFY_IF(value)                                                                           \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, 1),                                        \
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF)

#if defined(__x86_64__)
#define NATIVE	       AUDIT_ARCH_X86_64
#define OTHER	       AUDIT_ARCH_I386
#define OTHER_EXECVE   11
#define OTHER_EXECVEAT 358
#define X32_EXECVE     0x40000208
#define X32_EXECVEAT   0x40000221
#elif defined(__aarch64__)
#define NATIVE	       AUDIT_ARCH_AARCH64
#define OTHER	       AUDIT_ARCH_ARM
#define OTHER_EXECVE   11
#define OTHER_EXECVEAT 387
#endif

static struct sock_filter filter[] = {
	LOAD(arch),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE, 7, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OTHER, 0, 5),
	LOAD(nr),
	NOTIFY_IF(OTHER_EXECVE),
	NOTIFY_IF(OTHER_EXECVEAT),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	LOAD(nr),
	NOTIFY_IF(SYS_execve),
	NOTIFY_IF(SYS_execveat),
	NOTIFY_IF(SYS_set_tid_address),
#ifdef __x86_64__
	NOTIFY_IF(X32_EXECVE),
	NOTIFY_IF(X32_EXECVEAT),
#endif
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpid, 1, 0),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	LOAD(args[0]), /* both machines are little-endian */
	NOTIFY_IF(MARK),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

const struct sock_fprog notices_filter = { sizeof(filter) / sizeof(filter[0]), filter };

static bool is_execve(const struct seccomp_data *call)
{
	if (call->arch == OTHER)
		return call->nr == OTHER_EXECVE;
#ifdef __x86_64__
	if (call->nr == X32_EXECVE)
		return true;
#endif
	return call->nr == SYS_execve;
}

enum notice notice_kind(const struct seccomp_data *call)
{
	static const enum notice marks[] = { [MARK_WATCHED] = NOTICE_MARK,
					     [MARK_FORKED] = NOTICE_FORKED,
					     [MARK_REOPEN] = NOTICE_REOPEN,
					     [MARK_LOST] = NOTICE_LOST };

	if (call->arch == NATIVE && call->nr == SYS_set_tid_address)
		return NOTICE_MAPPED;
	if (call->arch == NATIVE && call->nr == SYS_getpid)
		return call->args[1] < sizeof(marks) / sizeof(marks[0]) ? marks[call->args[1]]
									: NOTICE_OTHER;
	return NOTICE_EXECUTES;
}

static bool has_other_root(pid_t thread)
{
	char root[sizeof("/x")];

	return !remote_link(thread, "root", root, sizeof(root)) || strcmp(root, "/") != 0;
}

/* "/proc/PID/cwd", or of execveat's directory, "/proc/PID/fd/N". */
static void name_start(const struct seccomp_notif *notice, char *start, size_t size)
{
	int directory = is_execve(&notice->data) ? AT_FDCWD : (int)notice->data.args[0];

	if (directory == AT_FDCWD)
		snprintf(start, size, "/proc/%u/cwd", notice->pid);
	else
		snprintf(start, size, "/proc/%u/fd/%d", notice->pid, directory);
}

bool notice_path(const struct seccomp_notif *notice, struct notice_path *path)
{
	const struct seccomp_data *call = &notice->data;
	pid_t thread = (pid_t)notice->pid;
	uint64_t address = is_execve(call) ? call->args[0] : call->args[1];
	char start[64];

	path->root[0] = '\0';
	if (!remote_text(thread, address, path->named, sizeof(path->named)))
		return false;
	if (has_other_root(thread))
		snprintf(path->root, sizeof(path->root), "/proc/%d/root", (int)thread);
	name_start(notice, start, sizeof(start));
	if (path->named[0] == '/')
		snprintf(path->file, sizeof(path->file), "%s%s", path->root, path->named);
	else
		snprintf(path->file, sizeof(path->file), "%s%s%s", start, path->named[0] ? "/" : "",
			 path->named);
	return true;
}
