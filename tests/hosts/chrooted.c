/* chrooted.c - a daemon that changes its root before it waits.
 *
 * chrooted WORD...: does what the words say, one after another:
 *   threads       four threads that sleep for ever
 *   block         they, and all that follow, block every signal
 *   outside       opens a directory, which will lead out of the new root
 *   chroot DIR    chroot(2) as everybody does; `raw DIR`: past libc
 *   drop          becomes the user nobody
 *   close         closes all but the first three descriptors
 *   fill          opens its root until every descriptor up to 255 is taken
 *   escape        tries each descriptor as a way to /etc/passwd; says which is one
 *   lock          waits for a moment, at which the policy's trigger fires
 *   open          says which descriptors are open behind the first three
 *   stay          says so, and sleeps for ever
 */
#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NOBODY = 65534, DESCRIPTORS = 1024, FILLED = 256 };

static void must(int result, const char *what)
{
	if (result < 0)
		err(1, "%s", what);
}

static void *sleep_for_ever(void *unused)
{
	(void)unused;
	for (;;)
		pause();
	return NULL;
}

static void threads(void)
{
	pthread_t thread;

	for (int i = 0; i < 4; i++)
		if (pthread_create(&thread, NULL, sleep_for_ever, NULL))
			errx(1, "pthread_create");
}

static void block(void)
{
	sigset_t all;

	sigfillset(&all);
	if (pthread_sigmask(SIG_SETMASK, &all, NULL))
		errx(1, "pthread_sigmask");
}

static void change_root(int result)
{
	must(result, "chroot");
	must(chdir("/"), "chdir");
}

static void drop(void)
{
	must(setresgid(NOBODY, NOBODY, NOBODY), "setresgid");
	must(setresuid(NOBODY, NOBODY, NOBODY), "setresuid");
}

static void fill(void)
{
	int fd;

	do {
		fd = open("/", O_RDONLY | O_DIRECTORY);
		must(fd, "open");
	} while (fd < FILLED - 1);
}

static void escape(void)
{
	int ways = 0;

	for (int fd = 3; fd < DESCRIPTORS; fd++) {
		static const char *const paths[] = { "etc/passwd", "../etc/passwd",
						     "../../../../../../etc/passwd",
						     "1/root/etc/passwd" };

		for (unsigned i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
			int file = openat(fd, paths[i], O_RDONLY);

			if (file < 0)
				continue;
			close(file);
			printf("out by %d, %s\n", fd, paths[i]);
			ways++;
		}
	}
	if (!ways)
		puts("no way out");
}

static void say_open(void)
{
	fputs("open:", stdout);
	for (int fd = 3; fd < DESCRIPTORS; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			printf(" %d", fd);
	putchar('\n');
}

static void stay(void)
{
	puts("stays");
	fflush(stdout);
	sleep_for_ever(NULL);
}

static void act(const char *word, const char *operand)
{
	if (!strcmp(word, "threads"))
		threads();
	else if (!strcmp(word, "block"))
		block();
	else if (!strcmp(word, "outside"))
		must(open("/", O_RDONLY | O_DIRECTORY), "open");
	else if (!strcmp(word, "chroot"))
		change_root(chroot(operand));
	else if (!strcmp(word, "raw"))
		change_root((int)syscall(SYS_chroot, operand));
	else if (!strcmp(word, "drop"))
		drop();
	else if (!strcmp(word, "close"))
		must(close_range(3, ~0u, 0), "close_range");
	else if (!strcmp(word, "fill"))
		fill();
	else if (!strcmp(word, "escape"))
		escape();
	else if (!strcmp(word, "lock"))
		must(poll(NULL, 0, 1), "poll");
	else if (!strcmp(word, "open"))
		say_open();
	else if (!strcmp(word, "stay"))
		stay();
	else
		errx(1, "what is '%s'?", word);
}

int main(int argc, char *argv[])
{
	for (int i = 1; i < argc; i++) {
		bool takes = !strcmp(argv[i], "chroot") || !strcmp(argv[i], "raw");

		act(argv[i], takes && i + 1 < argc ? argv[i + 1] : "");
		i += takes;
		fflush(stdout);
	}
	return 0;
}
