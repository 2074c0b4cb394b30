/* many-polls.c - polls N times without waiting, and exits. */
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	for (int i = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 1; i > 0; i--)
		poll(NULL, 0, 0);
	_exit(0);
}
