/* spawner.c - starts /bin/true by posix_spawn, says how that ended, and becomes /bin/true itself.
 */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	char name[] = "true";
	char *const arguments[] = { name, NULL };
	char *const environment[] = { NULL };
	int status = -1;
	pid_t child;

	if (!posix_spawn(&child, "/bin/true", NULL, NULL, arguments, environment))
		waitpid(child, &status, 0);
	printf("spawned: %d\n", status);
	fflush(stdout);
	execve("/bin/true", arguments, environment);
	printf("execve: %s\n", strerror(errno));
	return 0;
}
