/* probefile.h - the file of SANDBOX_PROBES: calls that a locked process must not be able to make.
 *
 * What it is: the layout that `sandboxctl test --probes` writes and lockdown/probes.c reads: this
 * header, the probes, then strings. Strings are offsets from the start of the file; the last byte
 * of a file is a NUL, so each of them ends. Everything else is checked when the file is read. What
 * it must not do: outlive a version. It is made where it is used, for one run of tests.
 */
#ifndef PROBEFILE_H
#define PROBEFILE_H

#include <stdbool.h>
#include <stdint.h>

#define PROBES_MAGIC	"SBXPROBE"
#define PROBES_VERSION	3u
#define PROBES_SIZE_MAX (1u << 18)

enum probe_kind {
	PROBE_CALL,    /* number and arguments */
	PROBE_FORK,    /* the same; a child that it makes ends at once */
	PROBE_OPEN,    /* openat(AT_FDCWD, path, arguments[0]) */
	PROBE_CONNECT, /* a TCP socket to 255.255.255.255, where nobody is, and this port */
	PROBE_BIND,    /* a TCP socket at 192.0.2.1, which nobody has, and this port */
	PROBE_CREATE,  /* an empty file without permissions at path, and it is removed again */
	PROBE_EXECUTE, /* path, in a process that is too small to begin it */
	PROBE_KINDS
};

struct probe {
	uint32_t kind; /* enum probe_kind */
	uint32_t number;
	uint32_t phase; /* string: the phase whose lock must deny it */
	uint32_t text;	/* string: the line of the .test file */
	uint32_t line;	/* its number: a line about all phases is a probe for each */
	uint32_t error; /* of a call: what it must fail with; 0: the child must die of SIGSYS */
	uint32_t port;
	uint32_t path;	  /* string, of the kinds that have one */
	uint32_t beneath; /* PROBE_CREATE: string: a name in the directory that `path` is */
	uint32_t beside;  /* PROBE_CREATE: string: a name where `path` is another file */
	uint32_t tried;	  /* 0; the library notes here that it was */
	uint32_t reserved;
	uint64_t arguments[6];
};

static inline bool probe_is_call(const struct probe *probe)
{
	return probe->kind == PROBE_CALL || probe->kind == PROBE_FORK;
}

static inline bool probe_has_path(const struct probe *probe)
{
	return probe->kind == PROBE_OPEN || probe->kind == PROBE_CREATE ||
	       probe->kind == PROBE_EXECUTE;
}

struct probes {
	char magic[8];
	uint32_t version;
	uint32_t arch; /* AUDIT_ARCH_* */
	uint32_t size; /* bytes of the file */
	uint32_t count;
	struct probe list[];
};

#endif
