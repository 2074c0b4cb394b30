/* step_names.c - the tables; see step_names.h. */
#include "step_names.h"

#include "policyc.h"

#include <linux/capability.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* capabilities(7) */
static const struct step_name capabilities[] = {
	{ "chown", CAP_CHOWN },
	{ "dac_override", CAP_DAC_OVERRIDE },
	{ "dac_read_search", CAP_DAC_READ_SEARCH },
	{ "fowner", CAP_FOWNER },
	{ "fsetid", CAP_FSETID },
	{ "kill", CAP_KILL },
	{ "setgid", CAP_SETGID },
	{ "setuid", CAP_SETUID },
	{ "setpcap", CAP_SETPCAP },
	{ "linux_immutable", CAP_LINUX_IMMUTABLE },
	{ "net_bind_service", CAP_NET_BIND_SERVICE },
	{ "net_broadcast", CAP_NET_BROADCAST },
	{ "net_admin", CAP_NET_ADMIN },
	{ "net_raw", CAP_NET_RAW },
	{ "ipc_lock", CAP_IPC_LOCK },
	{ "ipc_owner", CAP_IPC_OWNER },
	{ "sys_module", CAP_SYS_MODULE },
	{ "sys_rawio", CAP_SYS_RAWIO },
	{ "sys_chroot", CAP_SYS_CHROOT },
	{ "sys_ptrace", CAP_SYS_PTRACE },
	{ "sys_pacct", CAP_SYS_PACCT },
	{ "sys_admin", CAP_SYS_ADMIN },
	{ "sys_boot", CAP_SYS_BOOT },
	{ "sys_nice", CAP_SYS_NICE },
	{ "sys_resource", CAP_SYS_RESOURCE },
	{ "sys_time", CAP_SYS_TIME },
	{ "sys_tty_config", CAP_SYS_TTY_CONFIG },
	{ "mknod", CAP_MKNOD },
	{ "lease", CAP_LEASE },
	{ "audit_write", CAP_AUDIT_WRITE },
	{ "audit_control", CAP_AUDIT_CONTROL },
	{ "setfcap", CAP_SETFCAP },
	{ "mac_override", CAP_MAC_OVERRIDE },
	{ "mac_admin", CAP_MAC_ADMIN },
	{ "syslog", CAP_SYSLOG },
	{ "wake_alarm", CAP_WAKE_ALARM },
	{ "block_suspend", CAP_BLOCK_SUSPEND },
	{ "audit_read", CAP_AUDIT_READ },
	{ "perfmon", CAP_PERFMON },
	{ "bpf", CAP_BPF },
	{ "checkpoint_restore", CAP_CHECKPOINT_RESTORE },
};

_Static_assert(COUNT(capabilities) == POLICYC_CAPABILITIES, "unnamed capability");

/* getrlimit(2) */
static const struct step_name limits[] = {
	{ "as", RLIMIT_AS },
	{ "core", RLIMIT_CORE },
	{ "cpu", RLIMIT_CPU },
	{ "data", RLIMIT_DATA },
	{ "fsize", RLIMIT_FSIZE },
	{ "locks", RLIMIT_LOCKS },
	{ "memlock", RLIMIT_MEMLOCK },
	{ "msgqueue", RLIMIT_MSGQUEUE },
	{ "nice", RLIMIT_NICE },
	{ "nofile", RLIMIT_NOFILE },
	{ "nproc", RLIMIT_NPROC },
	{ "rss", RLIMIT_RSS },
	{ "rtprio", RLIMIT_RTPRIO },
	{ "rttime", RLIMIT_RTTIME },
	{ "sigpending", RLIMIT_SIGPENDING },
	{ "stack", RLIMIT_STACK },
};

_Static_assert(COUNT(limits) == POLICYC_LIMITS, "unnamed resource");

/* namespaces(7) */
static const struct step_name namespaces[] = {
	{ "mount", CLONE_NEWNS },      { "ipc", CLONE_NEWIPC }, { "uts", CLONE_NEWUTS },
	{ "net", CLONE_NEWNET },       { "pid", CLONE_NEWPID }, { "user", CLONE_NEWUSER },
	{ "cgroup", CLONE_NEWCGROUP },
};

/* landlock(7) */
static const struct step_name scopes[] = {
	{ "abstract-unix-socket", POLICYC_SCOPE_ABSTRACT_UNIX_SOCKET },
	{ "signal", POLICYC_SCOPE_SIGNAL },
};

#define KIND(name, kind) [POLICYC_FD_##kind] = { name, POLICYC_FD_##kind }

/* By number. */
static const struct step_name descriptors[] = {
	KIND("any", ANY),	  KIND("file", FILE),	      KIND("directory", DIRECTORY),
	KIND("device", DEVICE),	  KIND("tty", TTY),	      KIND("pipe", PIPE),
	KIND("unix", UNIX),	  KIND("tcp", TCP),	      KIND("udp", UDP),
	KIND("netlink", NETLINK), KIND("socket", SOCKET),     KIND("epoll", EPOLL),
	KIND("eventfd", EVENTFD), KIND("signalfd", SIGNALFD), KIND("timerfd", TIMERFD),
	KIND("inotify", INOTIFY), KIND("anon", ANON),
};

_Static_assert(COUNT(descriptors) == POLICYC_FDS, "unnamed kind");

static const struct step_name prewarms[] = {
	{ "unwinder", POLICYC_PREWARM_UNWINDER },
	{ "time-zone", POLICYC_PREWARM_TIME_ZONE },
};

#define FILES	    (POLICYC_STEP_FILES | POLICYC_PARTS)
#define PORTS	    (OPTIONAL_BIND | OPTIONAL_CONNECT)
#define DETACH(bit) ((uint64_t)(bit) << 32)
#define NAMESPACES                                                                                 \
	(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWUSER | \
	 CLONE_NEWCGROUP)

static const struct step_name optionals[] = {
	{ "landlock", FILES | PORTS | POLICYC_STEP_SCOPE },
	{ "files", FILES },
	{ "truncate", POLICYC_PART_TRUNCATE },
	{ "ioctl-dev", POLICYC_PART_IOCTL_DEV },
	{ "bind", OPTIONAL_BIND },
	{ "connect", OPTIONAL_CONNECT },
	{ "scope", POLICYC_STEP_SCOPE },
	{ "root", POLICYC_STEP_ROOT },
	{ "detach", DETACH(NAMESPACES) },
	{ "mount", DETACH(CLONE_NEWNS) },
	{ "ipc", DETACH(CLONE_NEWIPC) },
	{ "uts", DETACH(CLONE_NEWUTS) },
	{ "net", DETACH(CLONE_NEWNET) },
	{ "pid", DETACH(CLONE_NEWPID) },
	{ "user", DETACH(CLONE_NEWUSER) },
	{ "cgroup", DETACH(CLONE_NEWCGROUP) },
	{ "capabilities", POLICYC_STEP_CAPABILITIES },
	{ "limit", POLICYC_STEP_LIMITS },
};

#define NAMES(word, header, table)                                                                 \
	{                                                                                          \
		.what = (word), .prefix = (header), .rows = (table), .count = COUNT(table)         \
	}

const struct step_names capability_names = NAMES("capability", "CAP_", capabilities);
const struct step_names limit_names = NAMES("resource", "RLIMIT_", limits);
const struct step_names namespace_names = NAMES("namespace", NULL, namespaces);
const struct step_names scope_names = NAMES("scope", NULL, scopes);
const struct step_names descriptor_names = NAMES("descriptor kind", NULL, descriptors);
const struct step_names prewarm_names = NAMES("thing to prewarm", NULL, prewarms);
const struct step_names optional_names = NAMES("optional part", NULL, optionals);

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* CAP_NET_RAW for net_raw: as a whole, or not at all. */
static bool is_header_name(const struct step_names *names, const char *text, const char *name)
{
	size_t length = names->prefix ? strlen(names->prefix) : 0;

	if (!length || strncmp(text, names->prefix, length) != 0)
		return false;
	for (text += length; *text; text++, name++)
		if ((*text >= 'a' && *text <= 'z') || lower(*text) != *name)
			return false;
	return !*name;
}

const struct step_name *find_step_name(const struct step_names *names, const char *text)
{
	for (size_t i = 0; i < names->count; i++)
		if (!strcmp(names->rows[i].name, text) ||
		    is_header_name(names, text, names->rows[i].name))
			return &names->rows[i];
	return NULL;
}

void nearest_step_name(struct nearest *nearest, const struct step_names *names, const char *text)
{
	nearest_begin(nearest, text);
	for (size_t i = 0; i < names->count; i++)
		nearest_try(nearest, names->rows[i].name);
}
