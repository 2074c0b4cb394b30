/* probe.c - does one wait that fires a trigger, then makes the calls named on its command line and
 * prints for each "NAME RESULT ERRNO". A call that kills ends the output there.
 *
 * Bad arguments are used where a call would do harm, so that "denied" and "let through" differ by
 * errno alone. "wait" as an argument waits again (maxevents 8, 1 ms); "unfired" says what the
 * calls give before the trigger when it comes first.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define HIGH (1ul << 32)

static void fire(void)
{
	struct epoll_event events[8];

	epoll_wait(epoll_create1(EPOLL_CLOEXEC), events, 8, 1);
}

static long call_execve(void)
{
	char *const argv[] = { strdup("true"), NULL };

	return execve("/bin/true", argv, NULL);
}

static long call_ptrace(void)
{
	return syscall(SYS_ptrace, 99, -1, 0, 0);
}

static long call_socket(void)
{
	return syscall(SYS_socket, (long)AF_INET, (long)SOCK_STREAM, 0L);
}

static long call_socket_alg(void)
{
	return syscall(SYS_socket, (long)AF_ALG, (long)SOCK_SEQPACKET, 0L);
}

/* The kernel reads an int: the same call with garbage above it. */
static long call_socket_alg_high(void)
{
	return syscall(SYS_socket, AF_ALG + HIGH, (long)SOCK_SEQPACKET, 0L);
}

static long call_socket_alg_negative(void)
{
	return syscall(SYS_socket, AF_ALG | 0xffffffff00000000ul, (long)SOCK_SEQPACKET, 0L);
}

static long call_getppid(void)
{
	return syscall(SYS_getppid);
}

static long call_x32_getpid(void)
{
	return syscall(0x40000000 | SYS_getpid);
}

/* Only x86-64 has a second way into the kernel. */
static long call_int80_getpid(void)
{
	long result = -1;

#ifdef __x86_64__
	__asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory", "r8", "r9", "r10", "r11");
#endif
	return result;
}

static long call_unknown(void)
{
	return syscall(999);
}

static long call_mmap_exec(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return page == MAP_FAILED ? -1 : 0;
}

static long call_unshare(void)
{
	return syscall(SYS_unshare, CLONE_NEWUTS);
}

static long call_clone_newuser(void)
{
	long pid = syscall(SYS_clone, CLONE_NEWUSER | 17, 0, 0, 0, 0);

	if (pid == 0)
		_exit(0);
	return pid;
}

static long call_clone3(void)
{
	return syscall(SYS_clone3, NULL, 0);
}

static long call_openat(void)
{
	return open("/etc/hostname", O_RDONLY | O_CLOEXEC);
}

static long call_wait(void)
{
	fire();
	return 0;
}

static const struct {
	const char *name;
	long (*call)(void);
} calls[] = {
	{ "execve", call_execve },
	{ "ptrace", call_ptrace },
	{ "socket", call_socket },
	{ "socket-alg", call_socket_alg },
	{ "socket-alg-high", call_socket_alg_high },
	{ "socket-alg-negative", call_socket_alg_negative },
	{ "getppid", call_getppid },
	{ "x32-getpid", call_x32_getpid },
	{ "int80-getpid", call_int80_getpid },
	{ "unknown", call_unknown },
	{ "mmap-exec", call_mmap_exec },
	{ "unshare", call_unshare },
	{ "clone-newuser", call_clone_newuser },
	{ "clone3", call_clone3 },
	{ "openat", call_openat },
	{ "wait", call_wait },
};

static void run(const char *name)
{
	char line[128];
	int n = 0;

	for (unsigned i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		long result;

		if (strcmp(calls[i].name, name))
			continue;
		errno = 0;
		result = calls[i].call();
		n = snprintf(line, sizeof(line), "%s %d %d\n", name, result < 0 ? -1 : 0, errno);
	}
	if (!n)
		n = snprintf(line, sizeof(line), "%s is not a call of this probe\n", name);
	if (write(1, line, (size_t)n) != n)
		_exit(9);
}

int main(int argc, char **argv)
{
	int first = 1;

	if (argc > 1 && !strcmp(argv[1], "unfired"))
		first = 2;
	else
		fire();
	for (int i = first; i < argc; i++)
		run(argv[i]);
	return 0;
}
