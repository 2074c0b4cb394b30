/* family.c - a master and two workers, as nginx has them: each worker waits once, which fires a
 * trigger in it; the master never does. Usage: family single|threads [user=N]
 * A worker prints whether it and, with "threads", a thread of its own can open /etc/passwd and
 * ./here; then the master prints the same of itself: "WHO NAME ok|ERRNO", WHO is master, worker,
 * thread. Afterwards the master makes another worker, to see that it still can.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static sem_t go, done;

static void say(const char *who, const char *path)
{
	const char *word = open(path, O_RDONLY | O_CLOEXEC) < 0 ? strerrorname_np(errno) : "ok";

	printf("%s %s %s\n", who, path, word);
	fflush(stdout);
}

static void look(const char *who)
{
	say(who, "/etc/passwd");
	say(who, "here");
}

static void *other(void *nothing)
{
	sem_wait(&go);
	look("thread");
	sem_post(&done);
	return nothing;
}

static void become(unsigned user)
{
	if (user && (setgroups(0, NULL) || setgid(user) || setuid(user)))
		_exit(3);
}

static int work(int threads, unsigned user)
{
	pthread_t thread;

	become(user);
	if (threads && pthread_create(&thread, NULL, other, NULL))
		return 2;
	poll(NULL, 0, 1);
	look("worker");
	if (threads) {
		sem_post(&go);
		sem_wait(&done);
	}
	return 0;
}

static int one_worker(int threads, unsigned user)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0)
		_exit(work(threads, user));
	if (child < 0 || waitpid(child, &status, 0) != child || status) {
		printf("the worker ended with status %d\n", WEXITSTATUS(status));
		return 1;
	}
	look("master");
	return 0;
}

int main(int argc, char **argv)
{
	int threads = argc > 1 && !strcmp(argv[1], "threads");
	unsigned user = 0;

	if (argc > 2 && !strncmp(argv[2], "user=", 5))
		user = (unsigned)strtoul(argv[2] + 5, NULL, 10);
	sem_init(&go, 0, 0);
	sem_init(&done, 0, 0);
	return one_worker(threads, user) || one_worker(threads, user);
}
