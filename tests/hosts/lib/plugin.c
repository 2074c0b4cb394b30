/* plugin.c - an object for tests/hosts/loads.c to load: its functions say whether they run locked
 * (the test policy refuses getppid) and whether their arguments arrived. Its constructor says so of
 * itself, and where PLUGIN_CONSTRUCTOR is set, calls a function, too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int plugin_run(int a, double b);
int plugin_other(void);

static void say(const char *what)
{
	char line[64];
	int n = snprintf(line, sizeof(line), "%s %s\n", what,
			 syscall(SYS_getppid) < 0 ? "locked" : "free");

	if (write(1, line, (size_t)n) != n)
		_exit(9);
}

__attribute__((noinline)) static int plugin_static(int a, double b)
{
	say(a == 1 && b == 2.5 ? "run" : "run without its arguments");
	return a;
}

__attribute__((noinline)) int plugin_run(int a, double b)
{
	return plugin_static(a, b) + 1;
}

__attribute__((noinline)) int plugin_other(void)
{
	say("other");
	return 1;
}

__attribute__((constructor)) static void constructed(void)
{
	say("constructor");
	if (getenv("PLUGIN_CONSTRUCTOR"))
		plugin_run(1, 2.5);
}

typedef int (*chosen)(void);

int plugin_chosen(void) __attribute__((ifunc("choose")));

__attribute__((used)) static chosen choose(void)
{
	return plugin_other;
}
