/* ready.h - the trigger `ready`: is this message the program's READY=1? See ready.c. */
#ifndef READY_H
#define READY_H

#include <stdint.h>
#include <sys/socket.h>

/* load: remembers NOTIFY_SOCKET. */
void ready_prepare(void);

/* hook: 1 when the bytes say READY=1 and go to NOTIFY_SOCKET: by `address`, or where `fd` is
 * connected to when there is none. */
int64_t ready_bytes(int fd, const void *bytes, size_t size, const struct sockaddr *address,
		    socklen_t length);
int64_t ready_message(int fd, const struct msghdr *message);

#endif
