/* policyc.h - the compiled policy: one file, written by sandboxctl, read by libsandbox.so.
 *
 * What it is: the layout of a NAME.policyc file and a bounds-checked view of one in memory.
 * What it must not do: open or map files (constructor.c, sandboxctl do), know the policy language.
 *
 * A file is one image: this header, then tables and strings, found by offsets from the start of
 * the file. Integers are little-endian, structures are naturally aligned. Everything a reader
 * follows is checked by policyc_open(); after it succeeded, the accessors need no more checks.
 */
#ifndef POLICYC_H
#define POLICYC_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

#define POLICYC_MAGIC	"SBXPLCYC"
#define POLICYC_VERSION 4u
#define POLICYC_SIZE_MAX                                                                           \
	(1u << 20) /* bytes; a policy of every known call with tests is < 100 KiB */
#define POLICYC_PHASES_MAX   8u
#define POLICYC_TRIGGERS_MAX 32u   /* of one phase, steps included */
#define POLICYC_RULES_MAX    1024u /* of one phase: paths; ports; ranges; what may be open */
#define POLICYC_PATH_MAX     4096u /* bytes of a path, its NUL included: PATH_MAX */
#define POLICYC_LIMITS	     16u   /* RLIM_NLIMITS */
#define POLICYC_CAPABILITIES 41u   /* CAP_LAST_CAP + 1 of Linux 6.18 */

/* A run of `count` elements at `offset`; the element type is said at each use. */
struct policyc_list {
	uint32_t offset;
	uint32_t count;
};

/* Strings are offsets of NUL-terminated bytes; offset 0 means "none" (the header lives there). */
struct policyc_header {
	char magic[8];
	uint32_t version;
	uint32_t arch;	   /* AUDIT_ARCH_*, linux/audit.h */
	uint64_t checksum; /* policyc_checksum() of the whole file with this field zero */
	uint32_t size;	   /* bytes of the whole file */
	uint32_t name;	   /* string: what SANDBOX_POLICY says and reports show */
	uint32_t about;	   /* string, may be none */
	uint32_t prewarm;  /* enum policyc_prewarm */
	struct policyc_list
		programs;	     /* uint32_t: strings, executable basenames or absolute paths */
	struct policyc_list sources; /* struct policyc_source */
	struct policyc_list phases;  /* struct policyc_phase, in the order of the text */
	struct policyc_list
		syscalls; /* struct policyc_syscall, ascending by nr: names for reports */
};

/* What libc puts off until the lock would refuse it: done at load. prewarm.c has the calls. */
enum policyc_prewarm {
	POLICYC_PREWARM_UNWINDER = 1u << 0,  /* libgcc_s.so.1: pthread_exit, pthread_cancel */
	POLICYC_PREWARM_TIME_ZONE = 1u << 1, /* the file of local times: localtime */
};
#define POLICYC_PREWARMS (POLICYC_PREWARM_UNWINDER | POLICYC_PREWARM_TIME_ZONE)

/* A text this file was made from. Stale when the text is newer than the .policyc, or another one.
 */
struct policyc_source {
	uint32_t path; /* string: absolute, or relative to the directory of the .policyc */
	uint32_t size; /* bytes of the text when it was compiled */
	uint64_t sum;  /* policyc_text_sum() of it */
};

enum policyc_phase_flags {
	POLICYC_PHASE_TRAPS =
		1u << 0, /* some verdict is SECCOMP_RET_TRAP: needs the SIGSYS handler */
	POLICYC_PHASE_WRITES =
		1u << 1, /* write(2) stays allowed whatever its arguments: can report */
	POLICYC_PHASE_INVENTORY = 1u << 2, /* STEP_DESCRIPTORS: say on stderr what is open */
	POLICYC_PHASE_LOOKS = 1u << 3, /* fstat(2) stays allowed whatever its arguments: the report
					* sees whether its descriptor is still its own */
	POLICYC_PHASE_RINGS = 1u << 4, /* io_uring_enter(2), too: what a ring does is meant */
};

/* What happens when no trigger of the phase came in time. */
enum policyc_deadline {
	POLICYC_DEADLINE_NONE,
	POLICYC_DEADLINE_LOCK,	 /* lock then */
	POLICYC_DEADLINE_KILL,	 /* end the process, status 125 */
	POLICYC_DEADLINE_REPORT, /* say so */
	POLICYC_DEADLINES
};

/* The steps of a lock beside its filter, in the order they run (lockdown/lockdown.c). */
enum policyc_step {
	POLICYC_STEP_DESCRIPTORS = 1u << 0,
	POLICYC_STEP_LIMITS = 1u << 1,
	POLICYC_STEP_ROOT = 1u << 2,
	POLICYC_STEP_DETACH = 1u << 3,
	POLICYC_STEP_FILES = 1u << 4, /* Landlock: paths */
	POLICYC_STEP_PORTS = 1u << 5, /* Landlock: TCP ports, ABI 4, Linux 6.7 */
	POLICYC_STEP_SCOPE = 1u << 6, /* Landlock: scopes, ABI 6, Linux 6.12 */
	POLICYC_STEP_CAPABILITIES = 1u << 7,
	POLICYC_STEP_NOT_DUMPABLE = 1u << 8, /* prctl(PR_SET_DUMPABLE, 0) */
	POLICYC_STEPS = (1u << 9) - 1,

	/* Only in `optional`: parts of POLICYC_STEP_FILES. */
	POLICYC_PART_TRUNCATE = 1u << 16,  /* ABI 3, Linux 6.2 */
	POLICYC_PART_IOCTL_DEV = 1u << 17, /* ABI 5, Linux 6.10 */
	POLICYC_PARTS = POLICYC_PART_TRUNCATE | POLICYC_PART_IOCTL_DEV,
};

/* LANDLOCK_ACCESS_FS_*, LANDLOCK_ACCESS_NET_* and LANDLOCK_SCOPE_*: the numbers of the kernel,
 * here because linux/landlock.h of Debian 12 lacks the later ones. */
enum policyc_right {
	POLICYC_FS_EXECUTE = 1u << 0,
	POLICYC_FS_WRITE_FILE = 1u << 1,
	POLICYC_FS_READ_FILE = 1u << 2,
	POLICYC_FS_READ_DIR = 1u << 3,
	POLICYC_FS_REMOVE_DIR = 1u << 4,
	POLICYC_FS_REMOVE_FILE = 1u << 5,
	POLICYC_FS_MAKE_CHAR = 1u << 6,
	POLICYC_FS_MAKE_DIR = 1u << 7,
	POLICYC_FS_MAKE_REG = 1u << 8,
	POLICYC_FS_MAKE_SOCK = 1u << 9,
	POLICYC_FS_MAKE_FIFO = 1u << 10,
	POLICYC_FS_MAKE_BLOCK = 1u << 11,
	POLICYC_FS_MAKE_SYM = 1u << 12,
	POLICYC_FS_REFER = 1u << 13,	 /* ABI 2, Linux 5.19 */
	POLICYC_FS_TRUNCATE = 1u << 14,	 /* ABI 3 */
	POLICYC_FS_IOCTL_DEV = 1u << 15, /* ABI 5 */
	POLICYC_FS_ALL = (1u << 16) - 1,

	POLICYC_NET_BIND_TCP = 1u << 0,
	POLICYC_NET_CONNECT_TCP = 1u << 1,
	POLICYC_NET_ALL = (1u << 2) - 1,

	POLICYC_SCOPE_ABSTRACT_UNIX_SOCKET = 1u << 0,
	POLICYC_SCOPE_SIGNAL = 1u << 1,
	POLICYC_SCOPE_ALL = (1u << 2) - 1,
};

/* landlock(7): the rights of one directory (and all beneath it) or of one file. */
struct policyc_path {
	uint32_t path;	 /* string, absolute */
	uint32_t flags;	 /* enum policyc_path_flags */
	uint64_t rights; /* LANDLOCK_ACCESS_FS_*; those of a directory are left out for a file */
};

enum policyc_path_flags {
	POLICYC_PATH_OPTIONAL = 1u << 0, /* need not exist when the lock happens */
};

struct policyc_port {
	uint32_t port;	 /* 0..65535, host byte order */
	uint32_t rights; /* LANDLOCK_ACCESS_NET_* */
};

/* getrlimit(2) */
struct policyc_limit {
	uint32_t resource; /* RLIMIT_* */
	uint32_t reserved;
	uint64_t soft, hard; /* in the resource's own unit; UINT64_MAX: no limit */
};

/* Descriptors first..last; last UINT32_MAX: all from `first`. */
struct policyc_range {
	uint32_t first, last;
};

enum policyc_descriptor { /* what an open descriptor is */
			  POLICYC_FD_ANY,
			  POLICYC_FD_FILE, /* regular */
			  POLICYC_FD_DIRECTORY,
			  POLICYC_FD_DEVICE, /* character or block */
			  POLICYC_FD_TTY,
			  POLICYC_FD_PIPE,
			  POLICYC_FD_UNIX, /* sockets by family and type */
			  POLICYC_FD_TCP,
			  POLICYC_FD_UDP,
			  POLICYC_FD_NETLINK,
			  POLICYC_FD_SOCKET, /* any socket */
			  POLICYC_FD_EPOLL,  /* anonymous inodes */
			  POLICYC_FD_EVENTFD,
			  POLICYC_FD_SIGNALFD,
			  POLICYC_FD_TIMERFD,
			  POLICYC_FD_INOTIFY,
			  POLICYC_FD_ANON, /* any other anonymous inode */
			  POLICYC_FDS
};

/* An open descriptor is expected when one of these matches it. */
struct policyc_expected {
	uint32_t kind;	  /* enum policyc_descriptor */
	uint32_t pattern; /* string: of its path or name, `*` is any text; none = any */
	struct policyc_range numbers;
};

struct policyc_phase {
	uint32_t name;		      /* string */
	uint32_t flags;		      /* enum policyc_phase_flags */
	uint32_t deadline;	      /* enum policyc_deadline */
	uint32_t deadline_ms;	      /* milliseconds after the library was loaded */
	struct policyc_list triggers; /* struct policyc_trigger: whichever comes first */
	struct policyc_list bpf; /* struct sock_filter, 1..BPF_MAXINSNS, as seccomp(2) takes it */

	uint32_t steps; /* enum policyc_step */
	uint32_t
		optional; /* enum policyc_step, of `steps`: what may fail; STEP_DETACH: all of it */
	uint64_t detach, detach_optional; /* STEP_DETACH: CLONE_NEW*; of these, what may fail */
	uint64_t capabilities;		  /* STEP_CAPABILITIES: those kept; bit n = capability n */
	uint64_t files;			  /* STEP_FILES: LANDLOCK_ACCESS_FS_* denied elsewhere */
	uint32_t ports;			  /* STEP_PORTS: LANDLOCK_ACCESS_NET_* denied elsewhere */
	uint32_t scope;			  /* STEP_SCOPE: LANDLOCK_SCOPE_* */
	uint32_t root; /* STEP_ROOT: string, the directory; none = an empty, read-only one.
			* Goes with CLONE_NEWNS in `detach`. */
	/* Bits of earlier phases, when this one locks first: */
	uint8_t covers; /* this one denies all that they do, so they are locked with it */
	uint8_t before; /* they are locked right before it */
	uint16_t reserved;
	struct policyc_list path_rules; /* struct policyc_path */
	struct policyc_list port_rules; /* struct policyc_port */
	struct policyc_list limits;	/* struct policyc_limit, ascending by resource */
	struct policyc_list close;	/* STEP_DESCRIPTORS: struct policyc_range, closed */
	struct policyc_list expected;	/* struct policyc_expected; none = anything may be open */
};

/* SECCOMP_RET_TRAP carries in its 16 data bits what happens after the report:
 * 0: die of SIGSYS at the call; otherwise the errno the call fails with. */

enum policyc_trigger_kind {
	POLICYC_TRIGGER_LOAD = 1,   /* in the library's constructor */
	POLICYC_TRIGGER_MAIN = 2,   /* before main() */
	POLICYC_TRIGGER_HOOK = 3,   /* before one of the hooked libc calls in `hooks` */
	POLICYC_TRIGGER_CALL = 4,   /* before the body of a function */
	POLICYC_TRIGGER_SIGNAL = 5, /* when `signal` is delivered */
};

enum policyc_trigger_flags {
	POLICYC_TRIGGER_MAIN_THREAD = 1u << 0, /* HOOK, CALL: only on the thread that ran main() */
	POLICYC_TRIGGER_STEP = 1u << 1,	       /* locks nothing: only what an `after` waits for */
};

struct policyc_trigger {
	uint32_t kind;	   /* enum policyc_trigger_kind */
	uint32_t flags;	   /* enum policyc_trigger_flags */
	uint32_t hooks;	   /* KIND_HOOK: bit n = hook n of trigger/waits.def */
	uint32_t object;   /* KIND_CALL: string, basename of the object; none = any */
	uint32_t function; /* KIND_CALL: string, the symbol's name; none = `offset` counts */
	uint32_t signal;   /* KIND_SIGNAL: number, signal(7) */
	uint32_t count;	   /* met at the count-th time; from 1; 1 unless KIND_HOOK */
	uint32_t after;	   /* 1 + index of the phase's STEP to be met before; 0 = none */
	uint32_t text;	   /* string: the trigger as the policy wrote it */
	uint32_t reserved;
	struct policyc_list
		tests;	 /* struct policyc_test: the `where` of KIND_HOOK; none = always */
	uint64_t offset; /* KIND_CALL without function: address in the object's file */
};

enum policyc_op {
	POLICYC_EQ,
	POLICYC_NE,
	POLICYC_LT,
	POLICYC_LE,
	POLICYC_GT,
	POLICYC_GE,
	POLICYC_OPS
};

/* One comparison: (slot & mask) OP value, as signed 64-bit numbers. A `where` is an OR of clauses,
 * a clause is an AND of consecutive tests, `last` ends a clause (and is set on the final test). */
struct policyc_test {
	uint8_t slot; /* enum wait_slot of trigger/hooks.h */
	uint8_t op;   /* enum policyc_op */
	uint8_t last;
	uint8_t reserved[5];
	uint64_t mask;
	uint64_t value;
};

/* A system call as a report shows it. `arguments` is "name:T name:T ..." where T is
 * d signed int, u unsigned int, l long, x flags or address (printed in hex). */
struct policyc_syscall {
	uint32_t nr;
	uint32_t name;	    /* string */
	uint32_t arguments; /* string, may be none (no arguments) */
};

/* FNV-1a over 64-bit words (the tail padded with zeros), checksum field taken as zero.
 * Every step is a bijection of the state, so a change within one word is always found.
 * It finds damage, not malice: who may write the file may write its checksum. */
uint64_t policyc_checksum(const void *image, size_t size);

/* FNV-1a over bytes, for texts: begins with POLICYC_TEXT_SUM, and goes on with what comes next. */
#define POLICYC_TEXT_SUM 0xcbf29ce484222325u
uint64_t policyc_text_sum(uint64_t sum, const void *bytes, size_t size);

/* Checks `size` bytes at `image` (8-byte aligned) completely. Returns NULL when all is well,
 * otherwise a static phrase that says what is wrong, fit for "PATH: phrase". */
const char *policyc_check(const void *image, size_t size, uint32_t arch);

static inline const struct policyc_header *policyc_header(const void *image)
{
	return (const struct policyc_header *)image;
}

static inline const char *policyc_string(const void *image, uint32_t offset)
{
	return offset ? (const char *)image + offset : "";
}

static inline const void *policyc_at(const void *image, struct policyc_list list)
{
	return (const char *)image + list.offset;
}

#endif
