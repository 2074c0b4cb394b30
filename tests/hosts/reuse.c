/* reuse.c - gives a descriptor that the library writes to another meaning.
 *
 * What it does: `reuse WHEN NUMBER WHAT`: puts WHAT at descriptor NUMBER, before or after the
 * poll(2) that is its trigger, makes a call that the policy denies, and prints what has come into
 * WHAT: "socket" (one end of a pair), "database" (a file that is written at places), "log" (one
 * that is appended to). What it must not do: write to NUMBER itself.
 */
#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int other_end;

static int make(const char *what)
{
	char path[] = "/tmp/reuse.XXXXXX";
	int pair[2], file;

	if (!strcmp(what, "socket")) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair))
			err(2, "socketpair");
		other_end = pair[0];
		return pair[1];
	}
	file = mkstemp(path);
	if (file < 0)
		err(2, "%s", path);
	other_end = open(path, O_RDONLY);
	if (!strcmp(what, "log"))
		fcntl(file, F_SETFL, O_APPEND);
	unlink(path);
	return file;
}

int main(int argc, char **argv)
{
	char got[4096];
	bool after;
	int number, file;
	ssize_t n;

	if (argc != 4)
		errx(2, "usage: reuse before|after NUMBER socket|database|log");
	after = !strcmp(argv[1], "after");
	number = (int)strtol(argv[2], NULL, 10);
	file = make(argv[3]);
	if (after)
		poll(NULL, 0, 1);
	if (dup2(file, number) < 0)
		return 2;
	if (!after)
		poll(NULL, 0, 1);
	syscall(SYS_getppid);
	n = read(other_end, got, sizeof(got));
	printf("got %zd bytes: %.*s\n", n < 0 ? 0 : n, n < 0 ? 0 : (int)n, got);
	return 0;
}
