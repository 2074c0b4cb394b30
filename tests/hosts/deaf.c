/* deaf.c - a thread that no signal reaches, not even those that libc keeps for itself, and few
 * descriptors. Usage: deaf FREE. So many are left at the first wait, which fires a trigger; 300 ms
 * later the thread hears again. Then it says what capabilities it has: "none" or "some".
 */
#include <err.h>
#include <linux/capability.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { LIMIT = 64, SIG_SETMASK_RAW = 2, MASK_SIZE = 8 };

static int go[2], deaf[2]; /* pipes */

static void wait_for(int fd)
{
	char byte;

	if (read(fd, &byte, 1) != 1)
		err(1, "read");
}

static void set_mask(uint64_t mask)
{
	if (syscall(SYS_rt_sigprocmask, SIG_SETMASK_RAW, &mask, NULL, MASK_SIZE))
		err(1, "rt_sigprocmask");
}

static void *listen_late(void *unused)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	set_mask(UINT64_MAX);
	if (write(deaf[1], "", 1) != 1)
		err(1, "write");
	usleep(300000);
	set_mask(0);
	wait_for(go[0]);
	if (syscall(SYS_capget, &header, data))
		err(1, "capget");
	puts(data[0].effective | data[0].permitted ? "some" : "none");
	return unused;
}

static void leave_free(int count)
{
	const struct rlimit limit = { LIMIT, LIMIT };
	int last = -1, fd;

	if (setrlimit(RLIMIT_NOFILE, &limit))
		err(1, "setrlimit");
	while ((fd = dup(1)) >= 0)
		last = fd;
	for (int i = 0; i < count; i++)
		close(last - i);
}

int main(int argc, char *argv[])
{
	pthread_t thread;

	if (argc != 2)
		errx(2, "usage: deaf FREE");
	if (pipe(go) || pipe(deaf))
		err(1, "pipe");
	if (pthread_create(&thread, NULL, listen_late, NULL))
		errx(1, "pthread_create");
	wait_for(deaf[0]);
	leave_free((int)strtol(argv[1], NULL, 10));
	poll(NULL, 0, 1);
	if (write(go[1], "", 1) != 1)
		err(1, "write");
	pthread_join(thread, NULL);
	return 0;
}
