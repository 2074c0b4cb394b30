/* ring.c - makes an io_uring whose submissions a thread of the kernel's takes
 * (IORING_SETUP_SQPOLL), then waits once, which fires a trigger. Prints "no io_uring" where there
 * is none, else "alive".
 */
#include <linux/io_uring.h>
#include <poll.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	struct io_uring_params params = { .flags = IORING_SETUP_SQPOLL, .sq_thread_idle = 60000 };

	if (syscall(SYS_io_uring_setup, 4, &params) < 0) {
		puts("no io_uring");
		return 0;
	}
	poll(NULL, 0, 1);
	puts("alive");
	return 0;
}
