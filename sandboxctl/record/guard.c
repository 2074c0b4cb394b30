/* guard.c - what becomes of the program when the recorder is killed; see guard.h.
 *
 * Without the recorder every call of the program would fail with ENOSYS, exit_group too: it would
 * run wild, and few programs stop on that by themselves. The guard holds the descriptor as well,
 * and when the recorder is gone it ends each process at its next call.
 */
#include "guard.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FIRST_FREE = 3, LOOK_AGAIN_MS = 1000 };

/* Descriptors of ours would keep pipes open that others wait on. */
static void let_go_of_all_but(int a, int b)
{
	int low = a < b ? a : b, high = a < b ? b : a;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int file = 0; file < FIRST_FREE && null >= 0; file++)
		if (file != low && file != high)
			dup2(null, file);
	syscall(SYS_close_range, FIRST_FREE, low - 1, 0);
	syscall(SYS_close_range, low + 1, high - 1, 0);
	syscall(SYS_close_range, high + 1, ~0u, 0);
}

static void ignore_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGTSTP };
	sigset_t none;

	for (unsigned i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		signal(signals[i], SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Until the recorder is gone: false when everybody else is. */
static bool wait_for_need(const struct listener *listener, int recorder)
{
	struct pollfd files[] = { { recorder, POLLIN, 0 }, { listener->file, 0, 0 } };

	for (;;) {
		poll(files, 2, -1);
		if (files[1].revents & (POLLHUP | POLLERR | POLLNVAL))
			return false;
		if (files[0].revents)
			return true;
	}
}

static void end_all(struct listener *listener)
{
	struct pollfd calls = { listener->file, POLLIN, 0 };

	/* The recorder had taken this one's call, so it will not come to us. */
	if (listener_now(listener))
		kill(listener_now(listener), SIGKILL);
	while (!listener_over(listener))
		if (poll(&calls, 1, LOOK_AGAIN_MS) == 1 && (calls.revents & POLLIN) &&
		    listener_receive(listener) == RECEIVED)
			kill((pid_t)listener->notice->pid, SIGKILL);
}

pid_t guard_start(struct listener *listener)
{
	int recorder = (int)syscall(SYS_pidfd_open, getpid(), 0);
	pid_t pid;

	if (recorder < 0)
		return -1;
	pid = fork();
	if (pid) {
		close(recorder);
		return pid;
	}
	prctl(PR_SET_NAME, "sandboxctl-guard");
	ignore_signals();
	let_go_of_all_but(listener->file, recorder);
	if (wait_for_need(listener, recorder))
		end_all(listener);
	_exit(0);
}
