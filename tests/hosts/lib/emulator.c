/* emulator.c - preloaded into qemu-user itself, not into what it runs. The emulator has a thread of
 * its own from its start on, with all signals blocked; /proc/self/task shows it to the program,
 * which has no such thread and could never hold it. This takes it out of what getdents64 answers.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static char
	hidden[12]; /* its id in decimal; qemu waits for its first words, so nobody reads early */

static struct start {
	void *(*routine)(void *);
	void *argument;
} own;

static void *run_own(void *unused)
{
	snprintf(hidden, sizeof(hidden), "%d", (int)gettid());
	return own.routine(own.argument);
}

typedef int (*create_function)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

/* The first thread is the emulator's own: it is made before the program is loaded. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*routine)(void *),
		   void *argument)
{
	create_function create = (create_function)dlsym(RTLD_NEXT, "pthread_create");

	if (own.routine)
		return create(thread, attributes, routine, argument);
	own = (struct start){ routine, argument };
	return create(thread, attributes, run_own, NULL);
}

static long without_hidden(char *entries, long size)
{
	long kept = 0;

	for (long at = 0; at < size;) {
		struct dirent64 *entry = (struct dirent64 *)(entries + at);
		long length = entry->d_reclen;

		if (strcmp(entry->d_name, hidden) != 0) {
			memmove(entries + kept, entry, (size_t)length);
			kept += length;
		}
		at += length;
	}
	return kept;
}

typedef long (*syscall_function)(long, ...);

long syscall(long number, ...)
{
	syscall_function call = (syscall_function)dlsym(RTLD_NEXT, "syscall");
	long a[6], result;
	va_list list;

	va_start(list, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(list, long);
	va_end(list);
	do
		result = call(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	while (number == SYS_getdents64 && result > 0 &&
	       (result = without_hidden((char *)a[1], result)) == 0);
	return result;
}
