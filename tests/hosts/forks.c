/* forks.c - a child meets the trigger before its parent does. Usage: forks fork|vfork.
 * Prints for the child, then for the parent before and after its own wait, "locked" or "free" (the
 * test policy refuses getppid).
 */
#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(const char *who)
{
	const char *state = syscall(SYS_getppid) < 0 ? " locked\n" : " free\n";

	if (write(1, who, strlen(who)) < 0 || write(1, state, strlen(state)) < 0)
		_exit(9);
}

int main(int argc, char **argv)
{
	pid_t child;

	if (argc < 2)
		return 2;
	/* What the child does is more than vfork(2) promises, but it is what shells and spawners
	 * do, and the kernel gives it a stack frame to do it in. */
	/* NOLINTNEXTLINE(clang-analyzer-*) */
	child = strcmp(argv[1], "vfork") ? fork() : vfork();
	if (child == 0) {
		poll(NULL, 0, 1);
		say("child");
		_exit(0);
	}
	waitpid(child, NULL, 0);
	say("parent");
	poll(NULL, 0, 1);
	say("parent");
	return 0;
}
