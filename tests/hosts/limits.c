/* limits.c - waits once (the trigger), then prints every limit ("7 1024 4096": number, soft, hard)
 * and what they do: "open N" further descriptors until none is given, "map ok" or the errno of a
 * mapping of 64 MiB, "old ok" when what was open and mapped before still works. With a number, that
 * many descriptors are open before.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

enum { MANY = 10000 };
static const size_t large = (size_t)256 << 20;

static void *map(size_t size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

int main(int argc, char **argv)
{
	int before = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 0, last = -1, opened = 0;
	char *memory = map(large);
	struct rlimit limit;

	for (int i = 0; i < before; i++)
		last = open("/dev/zero", O_RDONLY);
	poll(NULL, 0, 1);
	for (int i = 0; i < RLIM_NLIMITS; i++) {
		getrlimit(i, &limit);
		printf("%d %lld %lld\n", i, (long long)limit.rlim_cur, (long long)limit.rlim_max);
	}
	while (opened < MANY && open("/dev/null", O_RDONLY) >= 0)
		opened++;
	printf("open %d\n", opened);
	printf("map %s\n", map(large / 4) == MAP_FAILED ? strerrorname_np(errno) : "ok");
	memset(memory, 1, large);
	if (last >= 0 && read(last, memory, 1) != 1)
		return 1;
	printf("old ok\n");
	return 0;
}
