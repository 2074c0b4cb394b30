/* decode.c - numbers of a call as people read them; see decode.h. */
#include "decode.h"

#include <string.h>

enum { DECIMAL_MAX = 4096 };

/* Which constants an argument is made of: the bits of `field` are one of `one`, the others are
 * flags of `flags`. A call of NULL: any. Where an argument has several rows, the first that has a
 * name for the number counts. */
static const struct vocabulary {
	const char *call, *argument;
	uint64_t field;
	const char *one, *flags;
} vocabularies[] = {
	{ NULL, "family", UINT64_MAX, "AF_", NULL },
	{ "socket", "type", 0xf, "SOCK_", "SOCK_" },
	{ "socketpair", "type", 0xf, "SOCK_", "SOCK_" },
	{ "openat", "flags", 3, "O_", "O_" },
	{ "open", "flags", 3, "O_", "O_" },
	{ "mmap", "flags", 0xf, "MAP_", "MAP_" },
	{ NULL, "prot", 0, NULL, "PROT_" },
	{ "clone", "clone_flags", 0xff, "SIG", "CLONE_" },
	{ "unshare", "unshare_flags", 0, NULL, "CLONE_" },
	{ "setns", "flags", 0, NULL, "CLONE_" },
	{ "mount", "flags", 0, NULL, "MS_" },
	{ "prctl", "option", UINT64_MAX, "PR_SET_", NULL },
	{ "prctl", "option", UINT64_MAX, "PR_GET_", NULL },
	{ "prctl", "option", UINT64_MAX, "PR_CAPBSET_", NULL },
	{ "prctl", "option", UINT64_MAX, "PR_CAP_AMBIENT", NULL },
	{ "prctl", "option", UINT64_MAX, "PR_MCE_KILL", NULL },
	{ "prctl", "option", UINT64_MAX, "PR_MPX_", NULL },
	{ "prctl", "option", UINT64_MAX, "PR_PAC_", NULL },
	{ "prctl", "option", UINT64_MAX, "PR_SCHED_CORE", NULL },
	{ "prctl", "option", UINT64_MAX, "PR_TASK_", NULL },
	{ "arch_prctl", "option", UINT64_MAX, "ARCH_", NULL },
	{ "ptrace", "request", UINT64_MAX, "PTRACE_", NULL },
	{ "fcntl", "cmd", UINT64_MAX, "F_", NULL },
	{ "bpf", "cmd", UINT64_MAX, "BPF_", NULL },
	{ "keyctl", "option", UINT64_MAX, "KEYCTL_", NULL },
	{ "ioctl", "cmd", UINT64_MAX, "FIO", NULL },
	{ "ioctl", "cmd", UINT64_MAX, "TCGET", NULL },
	{ "ioctl", "cmd", UINT64_MAX, "TCSET", NULL },
	{ "ioctl", "cmd", UINT64_MAX, "TIOC", NULL },
	{ "ioctl", "cmd", UINT64_MAX, "SIOC", NULL },
	{ "ioctl", "cmd", UINT64_MAX, "BLK", NULL },
	{ "ioctl", "cmd", UINT64_MAX, "TUN", NULL },
	{ "setsockopt", "level", UINT64_MAX, "SOL_", NULL },
	{ "setsockopt", "level", UINT64_MAX, "IPPROTO_", NULL },
	{ "getsockopt", "level", UINT64_MAX, "SOL_", NULL },
	{ "getsockopt", "level", UINT64_MAX, "IPPROTO_", NULL },
	{ "madvise", "behavior", UINT64_MAX, "MADV_", NULL },
	{ "prlimit64", "resource", UINT64_MAX, "RLIMIT_", NULL },
	{ "getrlimit", "resource", UINT64_MAX, "RLIMIT_", NULL },
	{ "setrlimit", "resource", UINT64_MAX, "RLIMIT_", NULL },
	{ "seccomp", "op", UINT64_MAX, "SECCOMP_SET_", NULL },
	{ "seccomp", "op", UINT64_MAX, "SECCOMP_GET_", NULL },
	{ "shmctl", "cmd", UINT64_MAX, "IPC_", NULL },
	{ "shmctl", "cmd", UINT64_MAX, "SHM_", NULL },
	{ "msgctl", "cmd", UINT64_MAX, "IPC_", NULL },
	{ "msgctl", "cmd", UINT64_MAX, "MSG_STAT", NULL },
	{ "msgctl", "cmd", UINT64_MAX, "MSG_INFO", NULL },
	{ "semctl", "cmd", UINT64_MAX, "IPC_", NULL },
	{ "semctl", "cmd", UINT64_MAX, "GET", NULL },
	{ "semctl", "cmd", UINT64_MAX, "SET", NULL },
	{ "semctl", "cmd", UINT64_MAX, "SEM_", NULL },
	{ "membarrier", "cmd", UINT64_MAX, "MEMBARRIER_CMD_", NULL },
	{ "reboot", "cmd", UINT64_MAX, "LINUX_REBOOT_CMD_", NULL },
	{ "syslog", "type", UINT64_MAX, "SYSLOG_ACTION_", NULL },
	{ "sched_setscheduler", "policy", UINT64_MAX, "SCHED_", NULL },
	{ NULL, "sig", UINT64_MAX, "SIG", NULL },
	{ NULL, "dfd", UINT64_MAX, "AT_FDCWD", NULL },
	{ NULL, "olddfd", UINT64_MAX, "AT_FDCWD", NULL },
	{ NULL, "newdfd", UINT64_MAX, "AT_FDCWD", NULL },
};

/* Masks, second names, and parts of other vocabularies under the same beginning; one that ends in
 * "_" stands for every name that begins so. */
static const char *const unusual[] = {
	"AF_FILE",
	"AF_LOCAL",
	"AF_MAX",
	"AF_ROUTE",
	"BPF_F_",
	"F_EXLCK",
	"F_LOCK",
	"F_OK",
	"F_OWNER_",
	"F_RDLCK",
	"F_SEAL_",
	"F_SHLCK",
	"F_TEST",
	"F_TLOCK",
	"F_ULOCK",
	"F_UNLCK",
	"F_WRLCK",
	"IPC_PRIVATE",
	"KEYCTL_CAPS0_",
	"KEYCTL_CAPS1_",
	"KEYCTL_MOVE_",
	"MAP_ANON",
	"MAP_FILE",
	"MAP_HUGE_1GB",
	"MAP_HUGE_2MB",
	"MAP_HUGE_MASK",
	"MAP_TYPE",
	"MEMBARRIER_CMD_FLAG_",
	"O_ACCMODE",
	"O_FSYNC",
	"O_NDELAY",
	"O_RSYNC",
	"PR_MCE_KILL_CLEAR",
	"PR_MCE_KILL_LATE",
	"PR_SCHED_CORE_",
	"PR_SET_MM_",
	"PR_SET_PTRACER_",
	"PR_SET_VMA_",
	"PTRACE_EVENTMSG_",
	"PTRACE_EVENT_",
	"PTRACE_O_",
	"PTRACE_PEEKSIGINFO_",
	"PTRACE_SYSCALL_INFO_",
	"RLIMIT_OFILE",
	"SCHED_FLAG_",
	"SIGCLD",
	"SIGEV_",
	"SIGIOT",
	"SIGPOLL",
	"SIGRTMAX",
	"SIGRTMIN",
	"SIGSTKSZ",
	"SIGUNUSED",
	"SIG_",
	"SOCK_MAX",
};

static bool is_usual(const char *name)
{
	for (size_t i = 0; i < sizeof(unusual) / sizeof(unusual[0]); i++) {
		size_t length = strlen(unusual[i]);

		if (!strncmp(unusual[i], name, length) &&
		    (!name[length] || unusual[i][length - 1] == '_'))
			return false;
	}
	return true;
}

static bool is_of(const struct vocabulary *words, const struct syscall_name *name, unsigned slot)
{
	return slot < name->count && !strcmp(words->argument, name->arguments[slot].name) &&
	       (!words->call || !strcmp(words->call, name->name));
}

uint64_t decode_mask(const struct syscall_name *name, unsigned slot)
{
	unsigned width = name && slot < name->count ? name->arguments[slot].width : 64;

	return width >= 64 ? UINT64_MAX : ((uint64_t)1 << width) - 1;
}

/* --- names ------------------------------------------------------------------------------------ */

/* The shortest name of a number: longer ones are mostly of something else. */
static const char *one_name(enum arch arch, const char *prefix, uint64_t mask, uint64_t value)
{
	const char *best = NULL;
	size_t count;
	const struct constant_name *constants = names_constants(&count);

	for (size_t i = 0; i < count; i++) {
		const char *name = constants[i].name;

		if (!strncmp(name, prefix, strlen(prefix)) && is_usual(name) &&
		    (constants[i].value[arch] & mask) == value &&
		    !((constants[i].value[arch] & ~mask) && !constants[i].is_negative) &&
		    (!best || strlen(name) < strlen(best)))
			best = name;
	}
	return best;
}

/* The name that covers the most of the bits that are left. */
static const struct constant_name *next_flag(enum arch arch, const char *prefix, uint64_t field,
					     uint64_t left)
{
	const struct constant_name *best = NULL;
	size_t count;
	const struct constant_name *constants = names_constants(&count);

	for (size_t i = 0; i < count; i++) {
		uint64_t value = constants[i].value[arch];

		if (!value || value & field || value & ~left || !is_usual(constants[i].name) ||
		    strncmp(constants[i].name, prefix, strlen(prefix)) != 0)
			continue;
		if (!best || __builtin_popcountll(value) > __builtin_popcountll(best->value[arch]))
			best = &constants[i];
	}
	return best;
}

static const char *join(struct arena *arena, const char *a, const char *b)
{
	return *a ? arena_printf(arena, "%s|%s", a, b) : b;
}

static const char *names_of(struct arena *arena, enum arch arch, const struct vocabulary *words,
			    uint64_t mask, uint64_t value)
{
	const struct constant_name *flag;
	const char *text = "", *one;
	uint64_t left;

	left = value & mask & ~words->field;
	one = words->one
		      ? one_name(arch, words->one, mask & words->field, value & mask & words->field)
		      : NULL;
	if (one)
		text = one;
	else if (value & mask & words->field)
		return NULL;
	while (words->flags && (flag = next_flag(arch, words->flags, words->field, left))) {
		text = join(arena, text, flag->name);
		left &= ~flag->value[arch];
	}
	if (!*text)
		return NULL;
	return left ? arena_printf(arena, "%s|0x%llx", text, (unsigned long long)left) : text;
}

const char *decode_names(struct arena *arena, enum arch arch, const struct syscall_name *name,
			 unsigned slot, uint64_t value)
{
	const char *text = NULL;

	for (size_t i = 0; name && !text && i < sizeof(vocabularies) / sizeof(vocabularies[0]); i++)
		if (is_of(&vocabularies[i], name, slot))
			text = names_of(arena, arch, &vocabularies[i], decode_mask(name, slot),
					value);
	return text;
}

/* --- numbers ---------------------------------------------------------------------------------- */

static int64_t sign_extend(uint64_t value, unsigned width)
{
	return (int64_t)(value << (64 - width)) >> (64 - width);
}

const char *decode_number(struct arena *arena, const struct syscall_name *name, unsigned slot,
			  uint64_t value)
{
	uint64_t read = value & decode_mask(name, slot);
	const struct argument_name *argument =
		name && slot < name->count ? &name->arguments[slot] : NULL;

	if (argument && argument->is_signed && argument->letter != 'x')
		return arena_printf(arena, "%lld", (long long)sign_extend(read, argument->width));
	return arena_printf(arena, read < DECIMAL_MAX ? "%llu" : "0x%llx",
			    (unsigned long long)read);
}

const char *decode_value(struct arena *arena, enum arch arch, const struct syscall_name *name,
			 unsigned slot, uint64_t value)
{
	const char *names = decode_names(arena, arch, name, slot, value);

	return names ? names : decode_number(arena, name, slot, value);
}

const char *decode_cut(struct arena *arena, const struct syscall_name *name, unsigned slot,
		       uint64_t value)
{
	uint64_t mask = decode_mask(name, slot);
	unsigned width = (unsigned)__builtin_popcountll(mask);

	if (value == (value & mask) ||
	    (name->arguments[slot].is_signed && (int64_t)value == sign_extend(value & mask, width)))
		return NULL;
	return arena_printf(arena, "the kernel reads the low %u bits of 0x%llx", width,
			    (unsigned long long)value);
}

/* --- calls ------------------------------------------------------------------------------------ */

const char *call_name(struct arena *arena, const struct syscall_name *name, uint32_t number)
{
	return name ? name->name : arena_printf(arena, "nr:%u", number);
}

const char *decode_call(struct arena *arena, enum arch arch, uint32_t number,
			const struct cube *witness)
{
	const struct syscall_name *name = names_number(arch, number);
	unsigned count = name ? name->count : 0;
	const char *text = "";

	for (unsigned i = 0; i < ARGUMENTS; i++)
		if (witness->mask[i] && i >= count)
			count = i + 1; /* argN of a call that takes fewer */
	for (unsigned i = 0; i < count; i++)
		text = arena_printf(
			arena, "%s%s%s%s", text, i ? ", " : "",
			name && i >= name->count ? arena_printf(arena, "arg%u=", i) : "",
			witness->mask[i] ? decode_value(arena, arch, name, i, witness->value[i])
					 : "_");
	return arena_printf(arena, "%s(%s)", call_name(arena, name, number), text);
}
