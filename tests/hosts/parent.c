/* parent.c - a program that minds its children, and meets its trigger (poll) while one thread waits
 * for any of them. Usage: parent
 *
 * It has one child, and counts its SIGCHLDs. After the trigger it lets the child end. Prints
 * "undisturbed" when the waiting thread got that child and nobody else, one SIGCHLD came, and no
 * other child was ever left to wait for; else what was wrong.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static atomic_int signals;
static atomic_long waited;

static void on_child(int signal)
{
	(void)signal;
	atomic_fetch_add(&signals, 1);
}

static void *wait_for_any(void *nothing)
{
	atomic_store(&waited, waitpid(-1, NULL, __WALL));
	return nothing;
}

static const char *what_is_wrong(pid_t child)
{
	if (atomic_load(&waited) != child)
		return "another child was waited for";
	if (atomic_load(&signals) != 1)
		return "another child's signal came";
	if (waitpid(-1, NULL, __WALL | WNOHANG) != -1 || errno != ECHILD)
		return "another child is there";
	return NULL;
}

int main(void)
{
	struct sigaction action = { .sa_handler = on_child, .sa_flags = SA_RESTART };
	int gate[2];
	pthread_t thread;
	const char *wrong;
	pid_t child;
	char byte;

	if (sigaction(SIGCHLD, &action, NULL) || pipe(gate))
		return 2;
	child = fork();
	if (child == 0) {
		close(gate[1]);
		_exit(read(gate[0], &byte, 1) != 0);
	}
	if (child < 0 || pthread_create(&thread, NULL, wait_for_any, NULL))
		return 2;
	usleep(20000);
	poll(NULL, 0, 1);
	if (atomic_load(&waited) || atomic_load(&signals)) {
		puts("disturbed at the lock");
		fflush(stdout);
		_exit(1);
	}
	close(gate[1]);
	pthread_join(thread, NULL);
	for (int i = 0; i < 5000 && !atomic_load(&signals); i++)
		usleep(1000);
	wrong = what_is_wrong(child);
	puts(wrong ? wrong : "undisturbed");
	fflush(stdout);
	_exit(wrong != NULL);
}
