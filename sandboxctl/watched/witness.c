/* witness.c - was a signal for us alone, or for our whole process group? See witness.h.
 *
 * It blocks all signals and takes those that are pending when it is asked: each one counts once,
 * whenever it comes. What was sent to the group while we asked, it may have before we do: that is
 * kept until we have it, too.
 */
#include "watched/witness.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE_MS = 200, TRIES = 50 };

/* --- the witness ------------------------------------------------------------------------------ */

/* Only we queue one, to wake it when it was stopped with the group. */
static uint64_t take_pending(void)
{
	static const struct timespec now;
	uint64_t taken = 0;
	siginfo_t info;
	sigset_t all;
	int signal;

	sigfillset(&all);
	while ((signal = sigtimedwait(&all, &info, &now)) > 0)
		if (info.si_code != SI_QUEUE)
			taken |= 1ull << (signal - 1);
	return taken;
}

static _Noreturn void stand_by(pid_t parent, int file)
{
	uint64_t taken;
	char question;

	prctl(PR_SET_NAME, "sandboxctl-sig");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || dup2(file, STDIN_FILENO))
		_exit(0);
	syscall(SYS_close_range, STDIN_FILENO + 1, ~0u, 0);
	while (read(STDIN_FILENO, &question, 1) == 1) {
		taken = take_pending();
		if (write(STDIN_FILENO, &taken, sizeof(taken)) < 0)
			break;
	}
	_exit(0);
}

/* --- who asks --------------------------------------------------------------------------------- */

void witness_start(struct witness *witness)
{
	pid_t parent = getpid();
	sigset_t all, before;
	int ends[2];

	*witness = (struct witness){ .file = -1 };
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	witness->pid = fork();
	if (!witness->pid)
		stand_by(parent, ends[1]);
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(ends[1]);
	witness->file = ends[0];
	if (witness->pid < 0)
		witness_end(witness);
}

static bool has_answered(const struct witness *witness)
{
	struct pollfd answer = { .fd = witness->file, .events = POLLIN };
	const union sigval nothing = { 0 };

	for (int i = 0; i < TRIES; i++) {
		if (poll(&answer, 1, PATIENCE_MS) > 0)
			return true;
		sigqueue(witness->pid, SIGCONT, nothing);
	}
	return false;
}

/* Of job control nothing is kept for later: a stop and a SIGCONT take each other away, so it may
 * never come. Both do no harm when they come twice. */
bool witness_ask(struct witness *witness, uint64_t came, uint64_t *of_group)
{
	static const uint64_t job_control = 1ull << (SIGCONT - 1) | 1ull << (SIGTSTP - 1) |
					    1ull << (SIGTTIN - 1) | 1ull << (SIGTTOU - 1);
	uint64_t taken;

	if (!witness->pid)
		return false;
	if (send(witness->file, "?", 1, MSG_NOSIGNAL) != 1 || !has_answered(witness) ||
	    read(witness->file, &taken, sizeof(taken)) != sizeof(taken)) {
		witness_end(witness);
		return false;
	}
	taken |= witness->early;
	*of_group = taken & came;
	witness->early = taken & ~came & ~job_control;
	return true;
}

void witness_end(struct witness *witness)
{
	if (witness->file >= 0)
		close(witness->file);
	if (witness->pid > 0) {
		kill(witness->pid, SIGKILL);
		waitpid(witness->pid, NULL, 0);
	}
	*witness = (struct witness){ .file = -1 };
}
