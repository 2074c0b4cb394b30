/* outer.c - a sandbox around us: answers one system call with an error, then runs a program.
 * Usage: outer CALL[:N][=ERROR] PROGRAM ARGUMENTS...
 * ERROR: EPERM unless said, ENOSYS, EOPNOTSUPP ...; with N only when N is the first argument.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ERRORS = 134 };

#define CALL(name)                                                                                 \
	{                                                                                          \
#name, SYS_##name                                                                  \
	}
static const struct {
	const char *name;
	unsigned number;
} calls[] = {
	CALL(capset),
	CALL(landlock_add_rule),
	CALL(landlock_create_ruleset),
	CALL(landlock_restrict_self),
	CALL(mount),
	CALL(mount_setattr),
	CALL(pivot_root),
	CALL(prctl),
	CALL(prlimit64),
	CALL(seccomp),
	CALL(setns),
	CALL(unshare),
	CALL(close_range),
};

static int number_of(const char *text, size_t length)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (strlen(calls[i].name) == length && !strncmp(calls[i].name, text, length))
			return (int)calls[i].number;
	return -1;
}

static int error_of(const char *text)
{
	for (int error = 1; error < ERRORS; error++) {
		const char *name = strerrorname_np(error);

		if (name && !strcmp(name, text))
			return error;
	}
	return -1;
}

int main(int argc, char **argv)
{
	const char *equals = argc < 3 ? NULL : strchr(argv[1], '=');
	const char *colon = argc < 3 ? NULL : strchr(argv[1], ':');
	int number = argc < 3 ? -1 : number_of(argv[1], strcspn(argv[1], ":="));
	int error = equals ? error_of(equals + 1) : EPERM;
	unsigned first = colon ? (unsigned)strtoul(colon + 1, NULL, 10) : 0;
	struct sock_filter deny[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, first, 0, colon ? 1 : 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { 6, deny };

	if (number < 0 || error < 0) {
		fprintf(stderr, "outer: which call, and which error?\n");
		return 2;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program)) {
		perror("outer");
		return 2;
	}
	execvp(argv[2], argv + 2);
	perror(argv[2]);
	return 127;
}
