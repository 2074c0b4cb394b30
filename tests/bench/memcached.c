/* memcached.c - how fast a memcached answers: gets over one connection, so many at once.
 * Usage: memcached PORT COUNT    Prints nanoseconds per get.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"

enum { AT_ONCE = 64 };

#define VALUE "0123456789abcdef0123456789abcdef"

static const char set[] = "set key 0 0 32\r\n" VALUE "\r\n";
static const char stored[] = "STORED\r\n";
static const char get[] = "get key\r\n";
static const char answer[] = "VALUE key 0 32\r\n" VALUE "\r\nEND\r\n";

static _Noreturn void fail(const char *what)
{
	perror(what);
	exit(1);
}

static int connect_to(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
		fail("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

static void send_all(int fd, const char *bytes, size_t size)
{
	while (size) {
		ssize_t n = write(fd, bytes, size);

		if (n <= 0)
			fail("write");
		bytes += n;
		size -= (size_t)n;
	}
}

/* Exactly so many bytes, which end as they must. */
static void expect(int fd, size_t size, const char *end)
{
	char bytes[AT_ONCE * sizeof(answer)];
	size_t got = 0, length = strlen(end);

	while (got < size) {
		ssize_t n = read(fd, bytes + got, size - got);

		if (n <= 0)
			fail("read");
		got += (size_t)n;
	}
	if (memcmp(bytes + size - length, end, length) != 0) {
		fputs("memcached: another answer than expected\n", stderr);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	char batch[AT_ONCE * sizeof(get)] = "";
	long count, rounds;
	double start;
	int fd;

	if (argc != 3)
		return 2;
	fd = connect_to((int)strtol(argv[1], NULL, 10));
	count = strtol(argv[2], NULL, 10);
	send_all(fd, set, strlen(set));
	expect(fd, strlen(stored), stored);
	for (int i = 0; i < AT_ONCE; i++)
		memcpy(batch + (size_t)i * strlen(get), get, strlen(get));
	rounds = count / AT_ONCE + 1;
	start = now();
	for (long i = 0; i < rounds; i++) {
		send_all(fd, batch, AT_ONCE * strlen(get));
		expect(fd, AT_ONCE * strlen(answer), answer);
	}
	printf("%.1f\n", (now() - start) * 1e9 / (double)(rounds * AT_ONCE));
	return 0;
}
