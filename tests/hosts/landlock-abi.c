/* landlock-abi.c - a kernel whose Landlock has another ABI, for the program that it runs.
 * Usage: landlock-abi ABI ERRATA PROGRAM ARGUMENTS...
 * A seccomp listener answers landlock_create_ruleset's two questions, refuses the rights that this
 * ABI does not know as such a kernel would (E2BIG, EINVAL), and lets the rest through to the real
 * kernel. From ABI 8 on landlock_restrict_self takes the TSYNC flag: the real kernel may not know
 * it, so the call is answered with success and counted, and the program is NOT restricted.
 * At the end it says on stderr: "landlock-abi: restrict_self N TSYNC N".
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static int abi, errata;
static unsigned restricted, synced;

static int install(void)
{
	struct sock_filter watch[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_landlock_create_ruleset, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_landlock_restrict_self, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(watch) / sizeof(*watch), watch };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
			    &program);
}

/* --- the kernel ------------------------------------------------------------------------------- */

static size_t attribute_size(void)
{
	return abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
}

static int check_attribute(pid_t pid, uint64_t address, uint64_t size)
{
	static const int fs_bits[] = { 0, 13, 14, 15, 15, 16 };
	uint64_t denied[3] = { 0 };
	uint64_t known[3] = { (1ull << fs_bits[abi > 5 ? 5 : abi]) - 1, abi >= 4 ? 3 : 0,
			      abi >= 6 ? 3 : 0 };
	struct iovec local = { denied, size }, remote = { (void *)(uintptr_t)address, size };

	if (size > attribute_size() ||
	    process_vm_readv(pid, &local, 1, &remote, 1, 0) != (ssize_t)size)
		return -E2BIG;
	for (int i = 0; i < 3; i++)
		if (denied[i] & ~known[i])
			return -EINVAL;
	return 0;
}

static void decide(const struct seccomp_notif *call, struct seccomp_notif_resp *answer)
{
	const uint64_t *arg = (const uint64_t *)call->data.args;

	if (call->data.nr == SYS_landlock_restrict_self) {
		restricted++;
		if (arg[1] & 8) {
			synced++;
			answer->error = abi >= 8 ? 0 : -EINVAL;
			return;
		}
	} else if (arg[2] == 1) {
		answer->val = abi;
		return;
	} else if (arg[2] == 2) {
		answer->val = errata;
		answer->error = errata < 0 ? -EINVAL : 0;
		return;
	} else {
		answer->error = check_attribute((pid_t)call->pid, arg[0], arg[1]);
		if (answer->error)
			return;
	}
	answer->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
}

static int serve(int listener, pid_t child)
{
	struct pollfd fd = { .fd = listener, .events = POLLIN };
	int status;

	while (waitpid(child, &status, WNOHANG) == 0) {
		struct seccomp_notif call = { 0 };
		struct seccomp_notif_resp answer = { 0 };

		if (poll(&fd, 1, 20) <= 0 || ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call))
			continue;
		answer.id = call.id;
		decide(&call, &answer);
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
	}
	fprintf(stderr, "landlock-abi: restrict_self %u TSYNC %u\n", restricted, synced);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* --- the program ------------------------------------------------------------------------------ */

static void run(int out, int in, char **argv)
{
	int listener = install();
	char go;

	if (listener < 0 || write(out, &listener, sizeof(listener)) != sizeof(listener) ||
	    read(in, &go, 1) != 1)
		_exit(2);
	execvp(argv[0], argv);
	_exit(127);
}

int main(int argc, char **argv)
{
	int up[2], down[2], number, listener;
	pid_t child;

	if (argc < 4 || pipe2(up, O_CLOEXEC) || pipe2(down, O_CLOEXEC))
		return 2;
	abi = (int)strtol(argv[1], NULL, 10);
	errata = (int)strtol(argv[2], NULL, 10);
	child = fork();
	if (!child)
		run(up[1], down[0], argv + 3);
	if (read(up[0], &number, sizeof(number)) != sizeof(number))
		return 2;
	listener = (int)syscall(SYS_pidfd_getfd, (int)syscall(SYS_pidfd_open, child, 0), number, 0);
	if (listener < 0 || write(down[1], "", 1) != 1)
		return 2;
	return serve(listener, child);
}
