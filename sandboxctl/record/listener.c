/* listener.c - a program of which system calls are put to us; see listener.h.
 *
 * The child shares its table of descriptors with us until it executes the program, so that the
 * descriptor which the kernel makes with the filter is ours at once. Its number comes through
 * shared memory: from the filter on the child cannot make a call without us.
 */
#include "listener.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1ul << 5)
#endif
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif
#ifndef SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1ul << 0)
#endif

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE AUDIT_ARCH_AARCH64
#endif

enum { NOT_YET = -1, FAILED = -2, NOT_EXECUTED = 127 };

/* Memory that outlives a fork. */
struct listener_news {
	int file;  /* from the child: the descriptor, or FAILED */
	int error; /* from the child: of the filter, then of execve */
	pid_t now; /* from us */
};

/* --- in the child ----------------------------------------------------------------------------- */

/* A signal that comes while we think about a call must not make it fail with EINTR: since Linux
 * 5.19 only a deadly one does. */
static int install(const struct sock_fprog *program)
{
	unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
	long file = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			    flags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, program);

	if (file < 0 && errno == EINVAL)
		file = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, program);
	return (int)file;
}

/* A signal that comes before we have taken a call makes the call fail with EINTR, unless its
 * handler was installed with SA_RESTART. These two must never return: a program would run on into
 * whatever lies behind them. Every policy allows them, so nothing is lost. */
static struct sock_filter every_call[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE, 0, 3),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigreturn, 2, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 1, 0),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

static void run_child(const struct listener *listener, const char *path, char **argv,
		      const sigset_t *mask)
{
	static const struct sock_fprog every = { sizeof(every_call) / sizeof(every_call[0]),
						 every_call };
	const struct sock_fprog *program = listener->filter ? listener->filter : &every;
	struct listener_news *news = listener->news;
	int file;

	if (listener->dies_with_us)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigprocmask(SIG_SETMASK, mask, NULL);
	/* Without privileges a filter asks for this; with them, set-user-id programs that it starts
	 * shall be what they are without us. */
	file = install(program);
	if (file < 0 && errno == EACCES && !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		file = install(program);
	if (file < 0)
		news->error = errno;
	__atomic_store_n(&news->file, file < 0 ? FAILED : file, __ATOMIC_RELEASE);
	if (file >= 0)
		execv(path, argv);
	__atomic_store_n(&news->error, errno, __ATOMIC_RELEASE);
	_exit(NOT_EXECUTED);
}

/* --- in the recorder -------------------------------------------------------------------------- */

static bool make_room(struct listener *listener, const char **why)
{
	struct seccomp_notif_sizes sizes;

	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes)) {
		*why = "this kernel (or a container) does not offer seccomp's user notification";
		return false;
	}
	listener->notice_size = sizes.seccomp_notif;
	listener->answer_size = sizes.seccomp_notif_resp;
	if (listener->notice_size < sizeof(*listener->notice))
		listener->notice_size = sizeof(*listener->notice);
	if (listener->answer_size < sizeof(*listener->answer))
		listener->answer_size = sizeof(*listener->answer);
	listener->notice = calloc(1, listener->notice_size);
	listener->answer = calloc(1, listener->answer_size);
	listener->news = mmap(NULL, sizeof(*listener->news), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!listener->notice || !listener->answer || listener->news == MAP_FAILED) {
		*why = "out of memory";
		return false;
	}
	listener->news->file = NOT_YET;
	return true;
}

/* The child cannot say that it is ready, so we look. */
static int await_file(const struct listener_news *news, pid_t child)
{
	static const struct timespec pause = { .tv_nsec = 100000 };
	int file, status;

	while ((file = __atomic_load_n(&news->file, __ATOMIC_ACQUIRE)) == NOT_YET) {
		if (waitpid(child, &status, WNOHANG) == child)
			return NOT_YET;
		nanosleep(&pause, NULL);
	}
	return file;
}

/* Whoever follows processes needs a descriptor for each. The program, which is there already, keeps
 * its own limit. */
static void allow_more_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

bool listener_start(struct listener *listener, const char *path, char **argv, const sigset_t *mask,
		    const char **why)
{
	sigset_t all, before;

	if (!make_room(listener, why))
		return false;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	listener->pid = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	if (!listener->pid)
		run_child(listener, path, argv, mask);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (listener->pid < 0) {
		*why = strerror(errno);
		return false;
	}
	listener->file = await_file(listener->news, listener->pid);
	if (listener->file < 0) {
		*why = listener->news->error == EBUSY
			       ? "it is recorded already, and that works once only"
		       : listener->news->error ? strerror(listener->news->error)
					       : "it was killed";
		return false;
	}
	allow_more_files();
	/* Since Linux 6.6: whoever waits is woken on the processor of the one who wakes. */
	ioctl(listener->file, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
	return true;
}

int listener_exec_error(const struct listener *listener)
{
	return __atomic_load_n(&listener->news->error, __ATOMIC_ACQUIRE);
}

bool listener_over(const struct listener *listener)
{
	struct pollfd poll_ = { .fd = listener->file };

	return poll(&poll_, 1, 0) == 1 && (poll_.revents & POLLHUP);
}

enum received listener_receive(struct listener *listener)
{
	memset(listener->notice, 0, listener->notice_size);
	if (!ioctl(listener->file, SECCOMP_IOCTL_NOTIF_RECV, listener->notice)) {
		__atomic_store_n(&listener->news->now, (pid_t)listener->notice->pid,
				 __ATOMIC_RELAXED);
		return RECEIVED;
	}
	/* ENOENT: the one who called is gone again, or all are (Linux 6.11). */
	return errno != EINTR && listener_over(listener) ? ALL_GONE : INTERRUPTED;
}

static bool send_answer(struct listener *listener, int64_t value, uint32_t flags)
{
	listener->answer->id = listener->notice->id;
	listener->answer->val = value;
	listener->answer->flags = flags;
	return !ioctl(listener->file, SECCOMP_IOCTL_NOTIF_SEND, listener->answer);
}

bool listener_continue(struct listener *listener)
{
	return send_answer(listener, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
}

bool listener_return(struct listener *listener, int64_t value)
{
	return send_answer(listener, value, 0);
}

bool listener_give(struct listener *listener, int file, int number)
{
	struct seccomp_notif_addfd gift = { .id = listener->notice->id,
					    .flags = SECCOMP_ADDFD_FLAG_SETFD,
					    .srcfd = (unsigned)file,
					    .newfd = (unsigned)number,
					    .newfd_flags = O_CLOEXEC };

	return ioctl(listener->file, SECCOMP_IOCTL_NOTIF_ADDFD, &gift) == number;
}

bool listener_holds(const struct listener *listener)
{
	return !ioctl(listener->file, SECCOMP_IOCTL_NOTIF_ID_VALID, &listener->notice->id);
}

pid_t listener_now(const struct listener *listener)
{
	return __atomic_load_n(&listener->news->now, __ATOMIC_RELAXED);
}
