/* aliases.c - waits in libc's poll past the name that all objects share, and makes a call that the
 * policy denies.
 *
 * What it does: `aliases WAY PLUGIN`: shared (a plug-in's call as any other), deep (RTLD_DEEPBIND),
 * namespace (dlmopen), handle (dlsym on libc's handle), version (dlvsym), other (__poll).
 * What it must not do: wait anywhere else.
 */
#include <dlfcn.h>
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* libc exports it and no header declares it. */
extern int other_poll(struct pollfd *fds, nfds_t count, int timeout) __asm__("__poll");

union function {
	void *object;
	int (*poll)(struct pollfd *fds, nfds_t count, int timeout);
	int (*polls)(void);
};

static int wait_in(void *plugin)
{
	union function function = { .object = plugin ? dlsym(plugin, "polls") : NULL };

	if (!function.object)
		errx(2, "%s", dlerror());
	return function.polls();
}

static int wait_at(void *poll)
{
	union function function = { .object = poll };

	if (!poll)
		errx(2, "%s", dlerror());
	return function.poll(NULL, 0, 1);
}

int main(int argc, char **argv)
{
	const char *way = argc == 3 ? argv[1] : "";
	long result;

	if (!strcmp(way, "shared"))
		wait_in(dlopen(argv[2], RTLD_NOW));
	else if (!strcmp(way, "deep"))
		wait_in(dlopen(argv[2], RTLD_NOW | RTLD_DEEPBIND));
	else if (!strcmp(way, "namespace"))
		wait_in(dlmopen(LM_ID_NEWLM, argv[2], RTLD_NOW));
	else if (!strcmp(way, "handle"))
		wait_at(dlsym(dlopen("libc.so.6", RTLD_NOW), "poll"));
	else if (!strcmp(way, "version"))
		wait_at(dlvsym(RTLD_DEFAULT, "poll", "GLIBC_2.2.5"));
	else if (!strcmp(way, "other"))
		other_poll(NULL, 0, 1);
	else
		errx(2, "usage: aliases shared|deep|namespace|handle|version|other PLUGIN");
	result = syscall(SYS_getppid);
	printf("getppid %ld %d\n", result < 0 ? result : 0, result < 0 ? errno : 0);
	return 0;
}
