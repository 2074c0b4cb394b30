/* loads.c - loads and unloads objects as its command line says, in that order:
 *
 *   open=PATH     dlopen(3)          new=PATH      dlmopen(3) into a namespace of its own
 *   thread=PATH   open, in another thread            close    the last one that was opened
 *   run, other    plugin_run() or plugin_other() of the last one that was opened
 *   threads       starts 16 threads, some that compute and some that wait
 *   elsewhere     takes the memory where the object was that was closed last, fills it, and
 *                 from then on ends with "memory changed" when it is not as it was filled
 *   over          the same with the one that was opened last, which stays listed as loaded
 *   poll          poll(2)
 */
#include <dlfcn.h>
#include <link.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static void *opened[64];
static unsigned count;
static unsigned char *taken;

enum { TAKEN = 0x4000 };

static void die(const char *why)
{
	fprintf(stderr, "loads: %s\n", why);
	exit(2);
}

static void keep(void *object)
{
	if (!object)
		die(dlerror());
	opened[count++] = object;
}

static void *open_in_thread(void *path)
{
	keep(dlopen(path, RTLD_NOW));
	return NULL;
}

static void in_thread(char *path)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, open_in_thread, path) || pthread_join(thread, NULL))
		die("no thread");
}

static void *work(void *wait)
{
	for (;;) {
		if (wait)
			poll(NULL, 0, 1);
		else
			getuid();
	}
	return NULL;
}

static void start_threads(void)
{
	pthread_t thread;

	for (uintptr_t i = 0; i < 16; i++) {
		if (pthread_create(&thread, NULL, work, (void *)(i % 4)))
			die("no thread");
	}
}

static uintptr_t last_base;

static void find_last(void)
{
	struct link_map *map = NULL;

	if (!count || dlinfo(opened[count - 1], RTLD_DI_LINKMAP, &map))
		die("nothing is open");
	last_base = map->l_addr;
}

static void close_last(void)
{
	find_last();
	if (dlclose(opened[--count]))
		die(dlerror());
}

static void take_memory(int how)
{
	taken = mmap((void *)last_base, TAKEN, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | how, -1, 0);
	if (taken != (unsigned char *)last_base)
		die("the object is still there");
	memset(taken, 0x5a, TAKEN);
}

static void look_at_memory(void)
{
	for (unsigned i = 0; taken && i < TAKEN; i++) {
		if (taken[i] != 0x5a)
			die("memory changed");
	}
}

static void call(const char *name)
{
	union {
		void *object;
		int (*code)(int, double);
	} function;

	function.object = count ? dlsym(opened[count - 1], name) : NULL;
	if (!function.object)
		die("no such function");
	function.code(1, 2.5);
}

static void act(char *what)
{
	char *path = strchr(what, '=');

	if (path)
		path++;
	if (!strncmp(what, "open=", 5))
		keep(dlopen(path, RTLD_NOW));
	else if (!strncmp(what, "new=", 4))
		keep(dlmopen(LM_ID_NEWLM, path, RTLD_NOW));
	else if (!strncmp(what, "thread=", 7))
		in_thread(path);
	else if (!strcmp(what, "close"))
		close_last();
	else if (!strcmp(what, "threads"))
		start_threads();
	else if (!strcmp(what, "elsewhere"))
		take_memory(MAP_FIXED_NOREPLACE);
	else if (!strcmp(what, "over")) {
		find_last();
		take_memory(MAP_FIXED);
	} else if (!strcmp(what, "poll"))
		poll(NULL, 0, 1);
	else
		call(!strcmp(what, "other") ? "plugin_other" : "plugin_run");
}

int main(int argc, char **argv)
{
	static const char free_text[] = "end free\n", locked_text[] = "end locked\n";
	int free;

	for (int i = 1; i < argc; i++) {
		act(argv[i]);
		look_at_memory();
	}
	free = syscall(SYS_getppid) >= 0;
	if (write(1, free ? free_text : locked_text,
		  free ? sizeof(free_text) - 1 : sizeof(locked_text) - 1) < 0)
		return 9;
	_exit(0);
}
