/* prefork.c - a master that keeps two workers, as servers do. Usage: prefork PORT epoll|accept
 *
 * A worker answers each connection with its pid. The byte 'd' makes it call getppid first, which a
 * test's policy denies. The master waits in sigsuspend, and replaces a worker that died; it writes
 * "worker PID signal N" on standard output. SIGUSR1 makes the master itself call getppid,
 * SIGUSR2 getpgrp; it writes "master went on" behind it.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORKERS = 2 };

static volatile sig_atomic_t wants_end, wants_call;

static void on_signal(int signal)
{
	wants_end |= signal == SIGTERM;
	if (signal == SIGUSR1 || signal == SIGUSR2)
		wants_call = signal == SIGUSR1 ? SYS_getppid : SYS_getpgrp;
}

static int listen_on(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) || listen(listener, 16))
		exit(9);
	return listener;
}

static void serve(int connection)
{
	char byte = 0, line[32];
	int n;

	if (read(connection, &byte, 1) == 1 && byte == 'd')
		syscall(SYS_getppid);
	n = snprintf(line, sizeof(line), "%d\n", getpid());
	if (write(connection, line, (size_t)n) != n)
		_exit(9);
	close(connection);
}

static _Noreturn void work(int listener, int by_epoll)
{
	struct epoll_event event = { .events = EPOLLIN };
	int events = epoll_create1(EPOLL_CLOEXEC);

	epoll_ctl(events, EPOLL_CTL_ADD, listener, &event);
	for (;;) {
		int connection;

		if (by_epoll && epoll_wait(events, &event, 1, -1) < 1)
			continue;
		connection = accept(listener, NULL, NULL); /* another may have been faster: waits */
		if (connection >= 0)
			serve(connection);
	}
}

static pid_t add_worker(int listener, int by_epoll)
{
	sigset_t none;
	pid_t worker = fork();

	if (worker)
		return worker;
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* where the master dies, the test is over */
	signal(SIGTERM, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	work(listener, by_epoll);
}

static void bury(pid_t worker, int status)
{
	printf("worker %d signal %d\n", worker, WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	pid_t workers[WORKERS] = { 0 };
	int listener, by_epoll, status;
	sigset_t all, none;

	if (argc < 3)
		return 2;
	listener = listen_on((int)strtol(argv[1], NULL, 10));
	by_epoll = !strcmp(argv[2], "epoll");
	sigfillset(&all);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &all, NULL);
	sigaction(SIGCHLD, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGUSR2, &action, NULL);
	while (!wants_end) {
		pid_t dead = waitpid(-1, &status, WNOHANG);

		if (dead > 0)
			bury(dead, status);
		for (int i = 0; i < WORKERS; i++)
			if (!workers[i] || workers[i] == dead)
				workers[i] = add_worker(listener, by_epoll);
		if (dead <= 0)
			sigsuspend(&none);
		if (wants_call) {
			syscall(wants_call);
			wants_call = 0;
			puts("master went on");
			fflush(stdout);
		}
	}
	for (int i = 0; i < WORKERS; i++)
		kill(workers[i], SIGTERM);
	return 0;
}
