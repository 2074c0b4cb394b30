/* becomes.c - waits once, which fires a trigger, then executes the program of its command line. */
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	poll(NULL, 0, 1);
	execvp(argv[1], argv + 1);
	perror(argv[1]);
	return 127;
}
