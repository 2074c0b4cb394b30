/* worker.c - a small daemon's life for sandboxctl ci: it waits once (a trigger), then does what its
 * arguments say, in order:
 *   version        says its version and ends before it waits; abort: dies there
 *   large          before it waits, maps so much memory that the kernel needs a while to end it
 *   read PATH      opens it to read
 *   ask N          getppid, N times, by a function of its own
 *   socket         a UDP socket
 *   shut           closes all descriptors but the first three
 *   small          may not make files any larger
 *   fork           a child that goes on with the next arguments; its parent waits for it and ends
 *   daemon         the same before it waits, and nobody waits for the child
 * Built with ADDED_EXECVE it has gained a feature: it then starts /bin/true.
 */
#include "large.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static __attribute__((noinline)) void ask_for_parent(long times)
{
	while (times--)
		syscall(SYS_getppid);
	__asm__ volatile(""); /* no tail call: its own frame is what is looked for */
}

#ifdef ADDED_EXECVE
static __attribute__((noinline)) void new_feature(void)
{
	char path[] = "/bin/true", *words[] = { path, NULL };

	execve(path, words, NULL);
	perror(path);
}
#endif

static void read_it(const char *path)
{
	int file = open(path, O_RDONLY);

	if (file < 0)
		perror(path);
	else
		close(file);
}

static void go_on_in_child(int waits)
{
	pid_t pid = fork();

	if (!pid)
		return;
	if (waits)
		waitpid(pid, NULL, 0);
	exit(0);
}

static void stop_growing(void)
{
	const struct rlimit none = { 0, 0 };

	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &none);
}

static int begin(char **words)
{
	struct epoll_event event;

	for (; *words; words++) {
		if (!strcmp(*words, "version")) {
			puts("worker 1");
			return 0;
		}
		if (!strcmp(*words, "abort"))
			abort();
		if (!strcmp(*words, "daemon"))
			go_on_in_child(0);
		if (!strcmp(*words, "large"))
			become_large();
	}
	epoll_wait(epoll_create1(0), &event, 1, 1);
	return 1;
}

int main(int argc, char **argv)
{
	if (!begin(argv + 1))
		return 0;
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "read") && i + 1 < argc)
			read_it(argv[++i]);
		else if (!strcmp(argv[i], "ask") && i + 1 < argc)
			ask_for_parent(strtol(argv[++i], NULL, 10));
		else if (!strcmp(argv[i], "socket"))
			close(socket(AF_INET, SOCK_DGRAM, 0));
		else if (!strcmp(argv[i], "shut"))
			closefrom(STDERR_FILENO + 1);
		else if (!strcmp(argv[i], "small"))
			stop_growing();
		else if (!strcmp(argv[i], "fork"))
			go_on_in_child(1);
	}
#ifdef ADDED_EXECVE
	new_feature();
#endif
	return 0;
}
