/* again.c - removes its own file and executes itself once more, as daemons do that were upgraded
 * and reload; then waits, which fires a trigger, and makes a call that the policy denies. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	long result;

	if (argc < 2 || strcmp(argv[1], "again") != 0) {
		if (unlink(argv[0]))
			perror(argv[0]);
		execl("/proc/self/exe", argv[0], "again", (char *)NULL);
		perror("/proc/self/exe");
		return 127;
	}
	poll(NULL, 0, 1);
	result = syscall(SYS_getppid);
	printf("getppid %ld %d\n", result < 0 ? result : 0, result < 0 ? errno : 0);
	return 0;
}
