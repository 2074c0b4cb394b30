/* harmless.c - the table; see harmless.h.
 *
 * A row has a value for each argument, in order; none for those that do not matter (0 is passed).
 * '=' marks what makes the call harmless: there the line must leave the argument open, or give the
 * same. All others may be anything that the line says.
 *
 *   bad     an address that is never mapped: EFAULT
 *   nofd    -1: EBADF, and for paths beside an address that is not mapped
 *   nopid   above the highest process id that Linux gives: ESRCH
 */
#include "harmless.h"

#include <stdlib.h>
#include <string.h>

enum { NO_PROCESS = 0x7ffffff0 };

static const struct row {
	const char *call, *arguments;
} rows[] = {
	/* processes and signals */
	{ "execve", "=bad bad bad" },
	{ "execveat", "nofd =bad bad bad 0" },
	{ "clone", "0x10000 =0 =0 =0 =0" }, /* CLONE_THREAD alone: EINVAL */
	{ "fork", "" },
	{ "vfork", "" },
	{ "clone3", "=bad 64" },
	{ "ptrace", "=16 =nopid bad bad" },
	{ "process_vm_readv", "=nopid bad 1 bad 1 0" },
	{ "process_vm_writev", "=nopid bad 1 bad 1 0" },
	{ "process_madvise", "=nofd bad 1 0 0" },
	{ "process_mrelease", "=nofd 0" },
	{ "kcmp", "=nopid =nopid" },
	{ "migrate_pages", "=nopid 1 bad bad" },
	{ "move_pages", "=nopid 1 bad bad bad 0" },
	{ "kill", "=nopid 0" },
	{ "tkill", "=nopid 0" },
	{ "tgkill", "=nopid =nopid 0" },
	{ "rt_sigqueueinfo", "=nopid 0 =bad" },
	{ "rt_tgsigqueueinfo", "=nopid =nopid 0 =bad" },
	{ "pidfd_open", "=nopid 0" },
	{ "pidfd_getfd", "=nofd 0 0" },
	{ "pidfd_send_signal", "=nofd 0 bad 0" },
	{ "sched_setaffinity", "=nopid 8 bad" },
	{ "sched_setattr", "=nopid bad 0" },
	{ "sched_setparam", "=nopid bad" },
	{ "sched_setscheduler", "=nopid 0 bad" },
	{ "setpriority", "0 =nopid 0" },
	{ "ioprio_set", "1 =nopid 0" },
	{ "setpgid", "=nopid 0" },
	{ "setsid", "" },
	{ "prlimit64", "nopid 0 =bad" },
	{ "setrlimit", "0 =bad" },
	{ "personality", "=0xffffffff" },
	{ "prctl", "0x7fffffff" }, /* of the calling thread; without an option: EINVAL */
	{ "arch_prctl", "0 0" },
	{ "seccomp", "=9" },
	{ "rt_sigaction", "0 =bad bad 8" },

	/* users, rights, namespaces, mounts: a child's own, or of a path that cannot be read */
	{ "setuid", "-1" },
	{ "setgid", "-1" },
	{ "setreuid", "-1 -1" },
	{ "setregid", "-1 -1" },
	{ "setresuid", "-1 -1 -1" },
	{ "setresgid", "-1 -1 -1" },
	{ "setgroups", "0x10001 =bad" },
	{ "setfsuid", "-1" },
	{ "setfsgid", "-1" },
	{ "capset", "=bad bad" },
	{ "unshare", "0x400" },
	{ "setns", "=nofd 0" },
	{ "chroot", "=bad" },
	{ "pivot_root", "=bad =bad" },
	{ "mount", "=bad =bad bad 0 bad" },
	{ "umount2", "=bad 0" },
	{ "mount_setattr", "nofd =bad 0 bad 0" },
	{ "move_mount", "=nofd bad =nofd bad 0" },
	{ "open_tree", "nofd =bad 0" },
	{ "fsopen", "=bad 0" },
	{ "fspick", "nofd =bad 0" },
	{ "fsconfig", "=nofd 0 bad bad 0" },
	{ "fsmount", "=nofd 0 0" },
	{ "quotactl", "0 =bad 0 bad" },

	/* the kernel and the machine */
	{ "bpf", "0 =bad 128" },
	{ "perf_event_open", "=bad 0 0 nofd 0" },
	{ "userfaultfd", "0" },
	{ "io_uring_setup", "1 =bad" },
	{ "io_uring_enter", "=nofd 0 0 0 0 0" },
	{ "io_uring_register", "=nofd 0 bad 0" },
	{ "io_setup", "1 =bad" },
	{ "keyctl", "=9999" },
	{ "add_key", "=bad =bad bad 0 0" },
	{ "request_key", "=bad =bad bad 0" },
	{ "init_module", "=bad =0 bad" },
	{ "finit_module", "=nofd bad 0" },
	{ "delete_module", "=bad 0" },
	{ "create_module", "=bad 0" },
	{ "query_module", "=bad =9999 bad 0 bad" },
	{ "get_kernel_syms", "=bad" },
	{ "kexec_load", "0 =0xffff =bad 0" },
	{ "kexec_file_load", "=nofd =nofd 0 bad 0" },
	{ "reboot", "=0 =0 0 bad" },
	{ "swapon", "=bad 0" },
	{ "swapoff", "=bad" },
	{ "acct", "=bad" },
	{ "syslog", "=9999 bad 0" },
	{ "settimeofday", "=bad bad" },
	{ "clock_settime", "0 =bad" },
	{ "clock_adjtime", "0 =bad" },
	{ "adjtimex", "=bad" },
	{ "sethostname", "bad =9999" },
	{ "setdomainname", "bad =9999" },
	{ "ioperm", "=0x11170 1 1" },
	{ "iopl", "=9" },
	{ "uselib", "=bad" },
	{ "ustat", "0 =bad" },
	{ "sysfs", "=9999" },
	{ "_sysctl", "=bad" },
	{ "modify_ldt", "=1 bad 0" },

	/* memory: of a child */
	{ "mmap", "0 4096 0 0x22 -1 0" },
	{ "mprotect", "=1 4096 0" },
	{ "pkey_mprotect", "=1 4096 0 0" },
	{ "mremap", "=1 4096 4096 0 0" },
	{ "madvise", "=1 4096 0" },
	{ "memfd_create", "=bad 0" },
	{ "memfd_secret", "0xffff" },

	/* sockets and descriptors */
	{ "socket", "2 1 0" },
	{ "socketpair", "1 1 0 =bad" },
	{ "bind", "=nofd bad 16" },
	{ "connect", "=nofd bad 16" },
	{ "listen", "=nofd 1" },
	{ "accept", "=nofd bad bad" },
	{ "accept4", "=nofd bad bad 0" },
	{ "getsockname", "=nofd bad bad" },
	{ "getpeername", "=nofd bad bad" },
	{ "getsockopt", "=nofd 0 0 bad bad" },
	{ "setsockopt", "=nofd 0 0 bad 4" },
	{ "shutdown", "=nofd 0" },
	{ "sendto", "=nofd bad 1 0 bad 0" },
	{ "sendmsg", "=nofd bad 0" },
	{ "sendmmsg", "=nofd bad 1 0" },
	{ "recvfrom", "=nofd bad 1 0 bad bad" },
	{ "recvmsg", "=nofd bad 0" },
	{ "recvmmsg", "=nofd bad 1 0 bad" },
	{ "ioctl", "=nofd 0 bad" },
	{ "fcntl", "=nofd 0 0" },
	{ "read", "=nofd bad 0" },
	{ "write", "=nofd bad 0" },
	{ "readv", "=nofd bad 0" },
	{ "writev", "=nofd bad 0" },
	{ "pread64", "=nofd bad 0 0" },
	{ "pwrite64", "=nofd bad 0 0" },
	{ "sendfile", "=nofd =nofd bad 0" },
	{ "splice", "=nofd bad =nofd bad 0 0" },
	{ "getdents64", "=nofd bad 0" },
	{ "pipe", "=bad" },
	{ "pipe2", "=bad 0" },
	{ "dup", "=nofd" },
	{ "dup2", "=nofd =nofd" },
	{ "dup3", "=nofd =nofd 0" },
	{ "eventfd2", "0 0" },
	{ "epoll_create1", "0" },
	{ "inotify_init1", "0" },
	{ "fanotify_init", "0 0" },
	{ "flock", "=nofd 0" },
	{ "fsync", "=nofd" },
	{ "fdatasync", "=nofd" },

	/* files: names that cannot be read */
	{ "open", "=bad 0 0" },
	{ "creat", "=bad 0" },
	{ "openat", "nofd =bad 0 0" },
	{ "openat2", "nofd =bad bad 24" },
	{ "open_by_handle_at", "=nofd bad 0" },
	{ "name_to_handle_at", "nofd =bad bad bad 0" },
	{ "access", "=bad 0" },
	{ "faccessat", "nofd =bad 0" },
	{ "stat", "=bad bad" },
	{ "lstat", "=bad bad" },
	{ "newfstatat", "nofd =bad bad 0" },
	{ "statx", "nofd =bad 0 0 bad" },
	{ "readlink", "=bad bad 0" },
	{ "readlinkat", "nofd =bad bad 0" },
	{ "chdir", "=bad" },
	{ "fchdir", "=nofd" },
	{ "chmod", "=bad 0" },
	{ "fchmod", "=nofd 0" },
	{ "fchmodat", "nofd =bad 0" },
	{ "chown", "=bad 0 0" },
	{ "lchown", "=bad 0 0" },
	{ "fchown", "=nofd 0 0" },
	{ "fchownat", "nofd =bad 0 0 0" },
	{ "link", "=bad =bad" },
	{ "linkat", "nofd =bad nofd =bad 0" },
	{ "symlink", "=bad =bad" },
	{ "symlinkat", "=bad nofd =bad" },
	{ "unlink", "=bad" },
	{ "unlinkat", "nofd =bad 0" },
	{ "rename", "=bad =bad" },
	{ "renameat", "nofd =bad nofd =bad" },
	{ "renameat2", "nofd =bad nofd =bad 0" },
	{ "mkdir", "=bad 0" },
	{ "mkdirat", "nofd =bad 0" },
	{ "rmdir", "=bad" },
	{ "mknod", "=bad 0 0" },
	{ "mknodat", "nofd =bad 0 0" },
	{ "truncate", "=bad 0" },
	{ "ftruncate", "=nofd 0" },
	{ "fallocate", "=nofd 0 0 0" },
	{ "utimensat", "nofd =bad bad 0" },
	{ "setxattr", "=bad bad bad 0 0" },
	{ "lsetxattr", "=bad bad bad 0 0" },
	{ "fsetxattr", "=nofd bad bad 0 0" },
};

static uint64_t value_of(const char *word)
{
	if (!strncmp(word, "bad", 3))
		return 1;
	if (!strncmp(word, "nofd", 4))
		return UINT64_MAX;
	if (!strncmp(word, "nopid", 5))
		return NO_PROCESS;
	return (uint64_t)strtoll(word, NULL, 0);
}

static const struct row *find_row(const char *name)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!strcmp(rows[i].call, name))
			return &rows[i];
	return NULL;
}

/* The kernel looks at as many bits as the argument's type has. */
static bool same_value(const struct query *query, int slot, uint64_t a, uint64_t b)
{
	bool named = query->name && slot < query->name->count;
	unsigned width = named ? query->name->arguments[slot].width : 64;
	uint64_t mask = width >= 64 ? UINT64_MAX : ((uint64_t)1 << width) - 1;

	return !((a ^ b) & mask);
}

/* A number that no kernel has: it fails with ENOSYS whatever is passed. */
static bool is_nobodys(const struct query *query)
{
	return !query->name && query->number > TABLE_NUMBERS / 2 && query->number <= NUMBER_MAX;
}

bool harmless_forks(const struct query *query)
{
	static const char *const forking[] = { "clone", "fork", "vfork" };

	for (size_t i = 0; query->name && i < sizeof(forking) / sizeof(forking[0]); i++)
		if (!strcmp(query->name->name, forking[i]))
			return true;
	return false;
}

bool harmless_call(const struct query *query, uint64_t arguments[ARGUMENTS])
{
	const struct row *row = query->name ? find_row(query->name->name) : NULL;
	const char *word = row ? row->arguments : "";

	if (!row && !is_nobodys(query))
		return false;
	for (int i = 0; i < ARGUMENTS; i++) {
		const struct query_argument *given = &query->arguments[i];
		bool must = *word == '=';

		arguments[i] = *word ? value_of(word + must) : 0;
		if (given->is_given && must && !same_value(query, i, given->value, arguments[i]))
			return false;
		if (given->is_given)
			arguments[i] = given->value;
		word += strcspn(word, " ");
		word += *word == ' ';
	}
	return true;
}
