/* large.h - for hosts: a process whose end takes the kernel a while, for all that it has mapped. */
#ifndef LARGE_H
#define LARGE_H

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static void become_large(void)
{
	enum { SIZE = 16 << 20, TIMES = 256 };
	int file = memfd_create("large", MFD_CLOEXEC);

	if (file < 0 || ftruncate(file, SIZE))
		exit(1);
	for (int i = 0; i < TIMES; i++)
		if (mmap(NULL, SIZE, PROT_READ, MAP_SHARED | MAP_POPULATE, file, 0) == MAP_FAILED)
			exit(1);
}

#endif
