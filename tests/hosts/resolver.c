/* resolver.c - listens, takes a client (itself), and only then binds a socket to ask others, as
 * resolvers do for each question; then waits otherwise than before. */
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

static int bound(int type, struct sockaddr_in *address)
{
	socklen_t size = sizeof(*address);
	int fd = socket(AF_INET, type, 0);

	*address = (struct sockaddr_in){ .sin_family = AF_INET,
					 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	if (bind(fd, (struct sockaddr *)address, sizeof(*address)) ||
	    getsockname(fd, (struct sockaddr *)address, &size))
		perror("bind");
	return fd;
}

int main(void)
{
	struct timeval moment = { .tv_usec = 1000 };
	struct sockaddr_in address;
	struct pollfd ready = { .events = POLLIN };
	int client = socket(AF_INET, SOCK_STREAM, 0), asking;
	char byte = 0;

	ready.fd = bound(SOCK_STREAM, &address);
	if (listen(ready.fd, 1) || connect(client, (struct sockaddr *)&address, sizeof(address)) ||
	    poll(&ready, 1, 10000) != 1 || accept(ready.fd, NULL, NULL) < 0)
		return 1;
	asking = bound(SOCK_DGRAM, &address);
	select(0, NULL, NULL, NULL, &moment);
	if (sendto(asking, &byte, 1, 0, (struct sockaddr *)&address, sizeof(address)) != 1)
		return 1;
	return recvfrom(asking, &byte, 1, 0, NULL, NULL) != 1;
}
