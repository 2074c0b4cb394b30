/* keeper.c - who answers when we are gone and the command's daemons are not; see keeper.h. */
#include "watched/keeper.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { STANDARD = 3 };

/* Of all but `file` and the one behind it. */
static void let_go_of_all_but(int file)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int i = 0; i < STANDARD && null >= 0; i++)
		dup2(null, i);
	if (file > STANDARD)
		syscall(SYS_close_range, STANDARD, file - 1, 0);
	syscall(SYS_close_range, file + 2, ~0u, 0);
}

/* The first behind the standard ones, the other, whose lock says that the file is in use, next to
 * it. Nothing else that is open counts any more. */
static int keep_both(int file, int lock)
{
	int high = fcntl(file, F_DUPFD_CLOEXEC, lock + 1 + STANDARD);

	return high < 0 || dup2(lock, high + 1) < 0 ? -1 : high;
}

static void answer_all(struct listener *listener)
{
	struct pollfd calls = { .fd = listener->file, .events = POLLIN };

	while (poll(&calls, 1, -1) < 0 || !(calls.revents & (POLLHUP | POLLERR)))
		if ((calls.revents & POLLIN) && listener_receive(listener) == RECEIVED)
			listener_continue(listener);
}

void keeper_start(struct listener *listener, struct news *news)
{
	/* Without a listener nobody needs an answer, but daemons may open the file again. */
	if (listener->file < 0 || fork())
		return;
	prctl(PR_SET_NAME, "sandboxctl-keep");
	setsid();
	if (chdir("/"))
		_exit(1);
	signal(SIGPIPE, SIG_IGN);
	listener->file = keep_both(listener->file, news->end);
	if (listener->file < 0)
		_exit(1);
	let_go_of_all_but(listener->file);
	answer_all(listener);
	unlink(news->path);
	rmdir(news->directory);
	_exit(0);
}
