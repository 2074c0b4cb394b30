/* keeper.c - who answers when we are gone and the command's daemons are not; see keeper.h. */
#include "watched/keeper.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { STANDARD = 3 };

static void let_go_of_all_but(int file)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int i = 0; i < STANDARD && null >= 0; i++)
		if (i != file)
			dup2(null, i);
	if (file > STANDARD)
		syscall(SYS_close_range, STANDARD, file - 1, 0);
	syscall(SYS_close_range, (file < STANDARD ? STANDARD : file + 1), ~0u, 0);
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
	let_go_of_all_but(listener->file);
	answer_all(listener);
	unlink(news->path);
	rmdir(news->directory);
	_exit(0);
}
