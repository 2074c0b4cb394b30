/* crowd.c - 64 threads: with all signals blocked, in read, on a futex, in epoll, one that computes,
 * while another makes and ends threads without a pause, and the main thread meets the trigger.
 * A process made before looks on from outside: every line "FIELD VALUE" of the command line must be
 * in /proc/PID/task/TID/status of every thread, and with "empty" its root must be empty. With "shut
 * PATH" every thread, those too that are born later, tries to open PATH, which must fail with
 * EACCES. Usage: crowd [empty] [shut PATH] [FIELD VALUE]... Prints "all" or what it found, and what
 * was broken.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 64

static int words;
static char **word;
static bool want_empty;
static int pipes[2], quiet;
static sem_t turn;
static const char *shut;
static atomic_int stop, broken, woken, computed, born, locked, opened, refused;

/* --- the crowd -------------------------------------------------------------------------------- */

/* Landlock shows in no file of /proc: each thread has to try. */
static void try_path(void)
{
	int fd;

	if (!shut)
		return;
	fd = open(shut, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == EACCES)
		atomic_fetch_add(&refused, 1);
	else
		atomic_fetch_add(&opened, 1);
	if (fd >= 0)
		close(fd);
}

/* A read that a lock interrupts must be made again by the kernel. */
static void wait_in_read(void)
{
	char byte;

	if (read(pipes[0], &byte, 1) != 1)
		atomic_store(&broken, 1);
	atomic_fetch_add(&woken, 1);
}

static void wait_on_futex(void)
{
	if (sem_wait(&turn))
		atomic_store(&broken, 1);
	atomic_fetch_add(&woken, 1);
}

static void wait_in_epoll(void)
{
	struct epoll_event event;

	while (!atomic_load(&locked)) {
		if (epoll_wait(quiet, &event, 1, 50) < 0 && errno != EINTR)
			atomic_store(&broken, 1);
	}
}

static void compute(void)
{
	while (!atomic_load(&locked))
		atomic_fetch_add(&computed, 1);
	try_path();
	while (!atomic_load(&stop))
		atomic_fetch_add(&computed, 1);
}

static void *live(void *number)
{
	static void (*const lives[])(void) = { wait_in_read, wait_on_futex, wait_in_epoll };
	long n = (long)number;
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	if (n == THREADS - 1)
		compute();
	else
		lives[n % 3]();
	if (n != THREADS - 1)
		try_path();
	while (!atomic_load(&stop))
		usleep(1000);
	return NULL;
}

static void *short_life(void *nothing)
{
	atomic_fetch_add(&born, 1);
	if (atomic_load(&locked))
		try_path();
	return nothing;
}

static void *churn(void *nothing)
{
	pthread_t thread;

	while (!atomic_load(&stop)) {
		if (pthread_create(&thread, NULL, short_life, NULL) || pthread_join(thread, NULL))
			atomic_store(&broken, 1);
	}
	return nothing;
}

/* --- the one who looks on --------------------------------------------------------------------- */

static bool has_line(const char *status, const char *field, const char *value)
{
	char line[128];

	snprintf(line, sizeof(line), "\n%s:\t%s\n", field, value);
	return strstr(status, line);
}

static bool is_gone(const char *path)
{
	return access(path, F_OK) != 0;
}

static bool root_is_empty(const char *path)
{
	DIR *root = opendir(path);
	bool empty = true;

	if (!root)
		return is_gone(path);
	for (struct dirent *entry; (entry = readdir(root)) != NULL;)
		empty = empty && entry->d_name[0] == '.';
	closedir(root);
	return empty;
}

/* A thread may end while it is looked at. */
static bool thread_is_right(const char *task, const char *tid)
{
	char path[128], status[4096];
	size_t n;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s/root", task, tid);
	if (want_empty && !root_is_empty(path)) {
		printf("thread %s has a root\n", tid);
		return false;
	}
	snprintf(path, sizeof(path), "%s/%s/status", task, tid);
	file = fopen(path, "r");
	if (!file)
		return true;
	n = fread(status, 1, sizeof(status) - 1, file);
	fclose(file);
	status[n] = '\0';
	for (int i = 0; n && i + 1 < words; i += 2) {
		if (!has_line(status, word[i], word[i + 1])) {
			printf("thread %s: not %s %s:\n%s", tid, word[i], word[i + 1], status);
			return false;
		}
	}
	return true;
}

static int look_on(pid_t pid, int start)
{
	char task[64], byte;
	unsigned seen = 0;
	DIR *directory;

	if (read(start, &byte, 1) != 1)
		return 1;
	snprintf(task, sizeof(task), "/proc/%d/task", (int)pid);
	directory = opendir(task);
	if (!directory)
		return 1;
	for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
		if (entry->d_name[0] == '.')
			continue;
		seen++;
		if (!thread_is_right(task, entry->d_name))
			return 1;
	}
	closedir(directory);
	return seen > THREADS ? 0 : 1;
}

/* --- both ------------------------------------------------------------------------------------- */

/* Everybody who waits must come through. */
static void wake_all(void)
{
	for (int i = 0; i < THREADS; i++) {
		if (i % 3 == 0 && write(pipes[1], "", 1) != 1)
			atomic_store(&broken, 1);
		if (i % 3 == 1)
			sem_post(&turn);
	}
	for (int i = 0; i < 5000 && atomic_load(&woken) < 2 * (THREADS / 3); i++)
		usleep(1000);
	if (atomic_load(&woken) < 2 * (THREADS / 3))
		atomic_store(&broken, 1);
}

/* Life goes on for those who compute and those who are born. */
static void see_them_live(void)
{
	int before = atomic_load(&computed), births = atomic_load(&born);

	for (int i = 0; i < 5000; i++) {
		if (atomic_load(&computed) != before && atomic_load(&born) != births)
			return;
		usleep(1000);
	}
	atomic_store(&broken, 1);
}

/* Every thread of the crowd, and some that were born under the lock. */
static void await_tries(void)
{
	for (int i = 0; shut && i < 5000; i++) {
		if (atomic_load(&opened) + atomic_load(&refused) > THREADS)
			return;
		usleep(1000);
	}
	if (shut)
		atomic_store(&broken, 1);
}

int main(int argc, char **argv)
{
	int start[2], status = 1;
	pthread_t thread;
	pid_t outsider;

	words = argc - 1;
	word = argv + 1;
	if (words > 0 && !strcmp(word[0], "empty")) {
		want_empty = true;
		words--;
		word++;
	}
	if (words > 1 && !strcmp(word[0], "shut")) {
		shut = word[1];
		words -= 2;
		word += 2;
	}
	quiet = epoll_create1(EPOLL_CLOEXEC);
	if (pipe(pipes) || pipe(start) || sem_init(&turn, 0, 0))
		return 2;
	outsider = fork();
	if (outsider == 0) {
		status = look_on(getppid(), start[0]);
		fflush(stdout);
		_exit(status);
	}
	for (long i = 0; i < THREADS; i++) {
		if (pthread_create(&thread, NULL, live, (void *)i))
			return 2;
	}
	if (pthread_create(&thread, NULL, churn, NULL))
		return 2;
	while (!atomic_load(&born))
		usleep(100);
	poll(NULL, 0, 1);
	if (write(start[1], "", 1) != 1 || waitpid(outsider, &status, 0) != outsider)
		return 2;
	atomic_store(&locked, 1);
	wake_all();
	see_them_live();
	await_tries();
	printf("%s%s\n", status || atomic_load(&opened) ? "not all" : "all",
	       atomic_load(&broken) ? ", something broke" : "");
	fflush(stdout);
	_exit(0);
}
