/* waits.c - makes one hooked libc call and says whether it was locked then ("CALL locked", "CALL
 * free"; the test policy refuses getppid). Usage: waits CALL [TIMEOUT_MS]. No call waits longer
 * than a moment: where none can be given a time, a signal or a ready descriptor ends it.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

int __poll_chk(struct pollfd *fds, nfds_t nfds, int timeout, size_t size);
int __ppoll_chk(struct pollfd *fds, nfds_t nfds, const struct timespec *timeout,
		const sigset_t *sigmask, size_t size);

static int timeout_ms = 1;

static void on_alarm(int signal)
{
}

/* A SIGALRM in a moment, and again, for calls that only a signal ends. */
static void wake_later(void)
{
	struct itimerval soon = { { 0, 20000 }, { 0, 20000 } };

	signal(SIGALRM, on_alarm);
	setitimer(ITIMER_REAL, &soon, NULL);
}

/* The set {SIGALRM}, blocked, with one on its way. */
static sigset_t alarm_set(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	wake_later();
	return set;
}

/* A listening socket with one connection waiting. */
static int listener(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0), peer = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (struct sockaddr *)&address, size) || syscall(SYS_listen, fd, 4) ||
	    getsockname(fd, (struct sockaddr *)&address, &size) ||
	    connect(peer, (struct sockaddr *)&address, size))
		exit(3);
	return fd;
}

static int call(const char *name)
{
	struct timespec ts = { timeout_ms / 1000, timeout_ms % 1000 * 1000000L };
	struct timeval tv = { timeout_ms / 1000, timeout_ms % 1000 * 1000L };
	struct epoll_event events[4];
	sigset_t set;
	int sig;

	if (!strcmp(name, "epoll_wait"))
		return epoll_wait(epoll_create1(0), events, 4, timeout_ms);
	if (!strcmp(name, "epoll_pwait"))
		return epoll_pwait(epoll_create1(0), events, 4, timeout_ms, NULL);
	if (!strcmp(name, "epoll_pwait2"))
		return epoll_pwait2(epoll_create1(0), events, 4, &ts, NULL);
	if (!strcmp(name, "poll"))
		return poll(NULL, 0, timeout_ms);
	if (!strcmp(name, "__poll_chk"))
		return __poll_chk(NULL, 0, timeout_ms, 0);
	if (!strcmp(name, "ppoll"))
		return ppoll(NULL, 0, &ts, NULL);
	if (!strcmp(name, "__ppoll_chk"))
		return __ppoll_chk(NULL, 0, &ts, NULL, 0);
	if (!strcmp(name, "select"))
		return select(0, NULL, NULL, NULL, &tv);
	if (!strcmp(name, "pselect"))
		return pselect(0, NULL, NULL, NULL, &ts, NULL);
	if (!strcmp(name, "accept"))
		return accept(listener(), NULL, NULL);
	if (!strcmp(name, "accept4"))
		return accept4(listener(), NULL, NULL, SOCK_CLOEXEC);
	if (!strcmp(name, "listen"))
		return listen(socket(AF_INET, SOCK_STREAM, 0), 4);
	set = alarm_set();
	if (!strcmp(name, "sigwait"))
		return sigwait(&set, &sig);
	if (!strcmp(name, "sigwaitinfo"))
		return sigwaitinfo(&set, NULL);
	if (!strcmp(name, "sigtimedwait"))
		return sigtimedwait(&set, NULL, &ts);
	sigemptyset(&set);
	if (!strcmp(name, "sigsuspend"))
		return sigsuspend(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
	return pause();
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	if (argc > 2)
		timeout_ms = (int)strtol(argv[2], NULL, 10);
	call(argv[1]);
	printf("%s %s\n", argv[1], syscall(SYS_getppid) < 0 ? "locked" : "free");
	return 0;
}
