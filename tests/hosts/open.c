/* open.c - opens one descriptor of every type, at the numbers below, waits once (the trigger), and
 * prints the numbers that are open then ("open: 0 1 2 10 ...").
 * Usage: open DIRECTORY PORT [own-table]   own-table: a thread takes a table of its own before.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <net/ethernet.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

enum { FIRST = 10, LAST = 60 };

static void put(int number, int fd)
{
	int flags = fd < 0 ? 0 : fcntl(fd, F_GETFD);

	if (fd < 0) {
		fprintf(stderr, "open: %d: %s\n", number, strerror(errno));
		exit(2);
	}
	if (dup3(fd, number, flags & FD_CLOEXEC ? O_CLOEXEC : 0) != number)
		exit(2);
	close(fd);
}

static int bound_unix(const char *name, size_t length)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(address.sun_path, name, length);
	if (bind(fd, (struct sockaddr *)&address, (socklen_t)(sizeof(sa_family_t) + length)) ||
	    listen(fd, 5))
		return -1;
	return fd;
}

static int connected_unix(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	return connect(fd, (struct sockaddr *)&address, sizeof(address)) ? -1 : fd;
}

static int bound_v4(int type, int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, type, 0), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	return bind(fd, (struct sockaddr *)&address, sizeof(address)) ? -1 : fd;
}

static int connected_v4(int type, int from, int to)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)to),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = bound_v4(type, from);

	return connect(fd, (struct sockaddr *)&address, sizeof(address)) ? -1 : fd;
}

/* Not connected to anybody: bound only. */
static int bound_v6(int type, const char *text, int port)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6,
					.sin6_port = htons((uint16_t)port) };
	int fd = socket(AF_INET6, type, 0), on = 1;

	inet_pton(AF_INET6, text, &address.sin6_addr);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, IPPROTO_IPV6, 75 /* IPV6_TRANSPARENT */, &on, sizeof(on));
	setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof(on));
	return bind(fd, (struct sockaddr *)&address, sizeof(address)) ? -1 : fd;
}

static void open_files(const char *directory)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/log file", directory);
	put(10, open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
	put(11, open("/etc/passwd", O_RDONLY));
	put(12, open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	put(13, open("/dev/null", O_RDWR | O_NONBLOCK));
	put(14, posix_openpt(O_RDWR | O_NOCTTY));
	snprintf(path, sizeof(path), "%s/gone", directory);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	unlink(path);
	put(15, fd);
	put(16, memfd_create("secret", MFD_CLOEXEC));
	put(17, open("/etc/passwd", O_PATH));
	snprintf(path, sizeof(path), "%s/fifo", directory);
	put(18, open(path, O_RDWR));
	put(19, open("/proc/self/ns/net", O_RDONLY));
}

static void open_pairs(void)
{
	int pair[2];

	if (pipe2(pair, O_NONBLOCK | O_CLOEXEC))
		exit(2);
	put(20, pair[0]);
	put(21, pair[1]);
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair))
		exit(2);
	put(22, pair[0]);
	put(23, pair[1]);
}

static void open_sockets(const char *directory, int port)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/socket", directory);
	put(30, bound_unix(path, strlen(path) + 1));
	put(31, connected_unix(path));
	put(32, accept4(30, NULL, NULL, SOCK_CLOEXEC));
	put(33, bound_unix("\0abstract\0name", 14));
	put(34, bound_v4(SOCK_STREAM, port));
	if (listen(34, 5))
		exit(2);
	put(35, connected_v4(SOCK_STREAM, port + 1, port));
	put(36, accept4(34, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
	put(37, bound_v4(SOCK_DGRAM, port));
	put(38, connected_v4(SOCK_DGRAM, port + 1, port));
	put(39, bound_v6(SOCK_STREAM, "::1", port));
	put(40, bound_v6(SOCK_DGRAM, "::", port + 2));
	put(41, bound_v6(SOCK_STREAM, "::ffff:127.0.0.1", port + 3));
	put(42, bound_v6(SOCK_DGRAM, "2001:db8:0:0:1::", port + 4));
	put(43, socket(AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT));
	put(44, socket(AF_INET, SOCK_STREAM, 0));
	put(45, socket(AF_UNIX, SOCK_STREAM, 0));
	put(46, socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)));
}

static void open_anonymous(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	put(50, epoll_create1(EPOLL_CLOEXEC));
	put(51, eventfd(0, 0));
	put(52, signalfd(-1, &signals, SFD_NONBLOCK));
	put(53, timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
	put(54, inotify_init1(IN_CLOEXEC));
	put(55, (int)syscall(SYS_pidfd_open, getpid(), 0));
}

static pthread_barrier_t ready;

static void *own_table(void *argument)
{
	if (unshare(CLONE_FILES))
		exit(2);
	pthread_barrier_wait(&ready);
	pause();
	return argument;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	if (argc < 3)
		return 2;
	open_files(argv[1]);
	open_pairs();
	open_sockets(argv[1], (int)strtol(argv[2], NULL, 10));
	open_anonymous();
	if (argc > 3) {
		pthread_barrier_init(&ready, NULL, 2);
		pthread_create(&thread, NULL, own_table, NULL);
		pthread_barrier_wait(&ready);
	}
	poll(NULL, 0, 1);
	printf("open:");
	for (int fd = 0; fd <= LAST; fd++)
		if (fcntl(fd, F_GETFD) >= 0 && (fd < 3 || fd >= FIRST))
			printf(" %d", fd);
	printf("\n");
	return 0;
}
