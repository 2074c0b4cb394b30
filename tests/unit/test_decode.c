/* test_decode.c - the names that numbers of a call are given: those of the argument, not of what
 * else begins alike in the kernel's headers. */
#include "policy/arena.h"
#include "policy/decode.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

static const struct {
	const char *call;
	unsigned slot;
	uint64_t value;
	const char *text;
} cases[] = {
	{ "prctl", 0, 1, "PR_SET_PDEATHSIG" },
	{ "prctl", 0, 2, "PR_GET_PDEATHSIG" },
	{ "prctl", 0, 4, "PR_SET_DUMPABLE" },
	{ "prctl", 0, 8, "PR_SET_KEEPCAPS" },
	{ "prctl", 0, 15, "PR_SET_NAME" },
	{ "prctl", 0, 16, "PR_GET_NAME" },
	{ "prctl", 0, 24, "PR_CAPBSET_DROP" },
	{ "prctl", 0, 33, "PR_MCE_KILL" },
	{ "prctl", 0, 35, "PR_SET_MM" },
	{ "prctl", 0, 38, "PR_SET_NO_NEW_PRIVS" },
	{ "prctl", 0, 47, "PR_CAP_AMBIENT" },
	{ "prctl", 0, 62, "PR_SCHED_CORE" },
	{ "prctl", 0, 0x53564d41, "PR_SET_VMA" },
	{ "prctl", 0, 0, "0" }, /* no option has it */
	{ "shmctl", 1, 0, "IPC_RMID" },
	{ "shmctl", 1, 13, "SHM_STAT" },
	{ "msgctl", 1, 2, "IPC_STAT" },
	{ "semctl", 2, 12, "GETVAL" },
	{ "semctl", 2, 17, "SETALL" },
	{ "bpf", 0, 2, "BPF_MAP_UPDATE_ELEM" },
	{ "bpf", 0, 8, "BPF_PROG_ATTACH" },
	{ "keyctl", 0, 16, "KEYCTL_ASSUME_AUTHORITY" },
	{ "keyctl", 0, 2, "KEYCTL_UPDATE" },
	{ "ptrace", 0, 1, "PTRACE_PEEKTEXT" },
	{ "ptrace", 0, 16, "PTRACE_ATTACH" },
	{ "ptrace", 0, 128, "128" },
	{ "fcntl", 1, 0, "F_DUPFD" },
	{ "fcntl", 1, 8, "F_SETOWN" },
	{ "fcntl", 1, 1033, "F_ADD_SEALS" },
	{ "prlimit64", 1, 7, "RLIMIT_NOFILE" },
	{ "membarrier", 0, 1, "MEMBARRIER_CMD_GLOBAL" },
	{ "sched_setscheduler", 1, 2, "SCHED_RR" },
	{ "seccomp", 0, 2, "SECCOMP_GET_ACTION_AVAIL" },
	{ "syslog", 0, 3, "SYSLOG_ACTION_READ_ALL" },
	{ "kill", 1, 6, "SIGABRT" },
	{ "kill", 1, 0, "0" },
	{ "socket", 0, 1, "AF_UNIX" },
	{ "socket", 1, 02000001, "SOCK_STREAM|SOCK_CLOEXEC" },
	{ "mmap", 3, 0x22, "MAP_PRIVATE|MAP_ANONYMOUS" },
};

static void each_number_has_the_name_of_its_argument(void **state)
{
	struct arena arena = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(decode_value(&arena, ARCH_X86_64, names_syscall(cases[i].call),
						 cases[i].slot, cases[i].value),
				    cases[i].text);
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_number_has_the_name_of_its_argument),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
