/* sigsys.c - after the trigger, tries to ignore SIGSYS, then makes a call that the policy denies.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	char line[32];
	int n;

	poll(NULL, 0, 1);
	n = snprintf(line, sizeof(line), "sigaction %d\n", sigaction(SIGSYS, &ignore, NULL));
	if (write(1, line, (size_t)n) != n)
		return 9;
	syscall(SYS_getppid);
	return 0;
}
