/* witness.c - was a signal for us alone, or for our whole process group? See witness.h. */
#include "watched/witness.h"

#include "record/remote.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STATUS_SIZE = 4096 };

static _Noreturn void stand_by(pid_t parent)
{
	prctl(PR_SET_NAME, "sandboxctl-sig");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	syscall(SYS_close_range, 0, ~0u, 0);
	for (;;)
		pause();
}

/* Whoever blocks a signal keeps it, even one that would be ignored. */
pid_t witness_start(void)
{
	pid_t parent = getpid(), child;
	sigset_t all, before;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	child = fork();
	if (!child)
		stand_by(parent);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return child > 0 ? child : 0;
}

bool witness_ask(pid_t *witness, uint64_t *signals)
{
	static const char field[] = "\nShdPnd:";
	char status[STATUS_SIZE];
	const char *at;
	pid_t old = *witness;

	if (!old || !remote_file(old, "status", status, sizeof(status)) ||
	    !(at = strstr(status, field)))
		return false;
	*signals = strtoull(at + sizeof(field) - 1, NULL, 16);
	if (*signals) {
		*witness = witness_start();
		witness_end(&old);
	}
	return true;
}

void witness_end(pid_t *witness)
{
	if (!*witness)
		return;
	kill(*witness, SIGKILL);
	waitpid(*witness, NULL, 0);
	*witness = 0;
}
