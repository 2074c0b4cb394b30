/* own-filter.c - one thread puts a filter on itself alone; then the main thread meets the trigger.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

static int ready[2];

static void *sandbox_myself(void *unused)
{
	struct sock_filter allow[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
	struct sock_fprog program = { 1, allow };
	char byte = 'x';

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		byte = 'e';
	if (write(ready[1], &byte, 1) != 1)
		_exit(9);
	pause();
	return unused;
}

int main(void)
{
	struct epoll_event events[8];
	pthread_t thread;
	char byte;

	if (pipe(ready) || pthread_create(&thread, NULL, sandbox_myself, NULL) ||
	    read(ready[0], &byte, 1) != 1 || byte != 'x')
		return 2;
	epoll_wait(epoll_create1(0), events, 8, 1);
	return 0;
}
