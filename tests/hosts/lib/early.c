/* early.c - a library whose constructor waits. Preloaded after ours, it is initialised before. */
#include <poll.h>
#include <stdio.h>

__attribute__((constructor)) static void early(void)
{
	fprintf(stderr, "early poll %d\n", poll(NULL, 0, 1));
}
