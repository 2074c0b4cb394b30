/* daemon.c - a daemon as they are made: its first process ends, its child runs on in a session of
 * its own, without a descriptor of its parent's.
 *   daemon PIDFILE [wait] SECONDS   writes its id, meets the trigger (poll) if told to, ends then
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void write_pid(const char *path)
{
	FILE *file = fopen(path, "w");

	if (!file)
		exit(1);
	fprintf(file, "%d\n", (int)getpid());
	fclose(file);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	if (fork())
		return 0;
	setsid();
	if (fork())
		_exit(0);
	closefrom(0);
	open("/dev/null", O_RDWR);
	write_pid(argv[1]);
	if (!strcmp(argv[2], "wait"))
		poll(NULL, 0, 1);
	sleep((unsigned)strtoul(argv[argc - 1], NULL, 10));
	return 0;
}
