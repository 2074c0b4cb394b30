/* functions.c - functions for the trigger `call NAME`, each called three times with arguments that
 * it checks. Usage: functions WHICH. Prints "before", then for every call whether the parent's id
 * was refused inside the body (the test policy refuses getppid), and "ok" when all arguments
 * arrived.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct small {
	long a, b;
};

struct large {
	double numbers[5];
};

int exported_function(struct small s, struct large l, long double z);
int variadic_function(const char *types, ...);

static void say(const char *text)
{
	if (write(1, text, strlen(text)) < 0)
		_exit(9);
}

static void say_locked(void)
{
	say(syscall(SYS_getppid) < 0 ? "locked\n" : "free\n");
}

__attribute__((noinline)) static int static_function(int a, long b, char c, void *d, unsigned e,
						     short f, int g, double x, float y)
{
	say_locked();
	return a == 1 && b == -2 && c == 'c' && d == &say_locked && e == 5 && f == -6 && g == 7 &&
	       x == 1.25 && y == 2.5f;
}

__attribute__((noinline)) int exported_function(struct small s, struct large l, long double z)
{
	say_locked();
	return s.a == 11 && s.b == -12 && l.numbers[0] == 0.5 && l.numbers[4] == 4.5 && z == 9.75L;
}

__attribute__((noinline)) int variadic_function(const char *types, ...)
{
	va_list list;
	int good = 1;

	say_locked();
	va_start(list, types);
	for (int i = 0; types[i]; i++) {
		if (types[i] == 'd')
			good &= va_arg(list, double) == i + 0.5;
		else
			good &= va_arg(list, int) == i;
	}
	va_end(list);
	return good;
}

static int call_once(const char *which)
{
	struct small s = { 11, -12 };
	struct large l = { { 0.5, 1.5, 2.5, 3.5, 4.5 } };

	if (!strcmp(which, "static_function"))
		return static_function(1, -2, 'c', (void *)&say_locked, 5, -6, 7, 1.25, 2.5f);
	if (!strcmp(which, "exported_function"))
		return exported_function(s, l, 9.75L);
	return variadic_function("didididididid", 0.5, 1, 2.5, 3, 4.5, 5, 6.5, 7, 8.5, 9, 10.5, 11,
				 12.5);
}

int main(int argc, char **argv)
{
	int good = 1;

	if (argc < 2)
		return 2;
	say("before ");
	say_locked();
	for (int i = 0; i < 3; i++)
		good &= call_once(argv[1]);
	say(good ? "ok\n" : "arguments were lost\n");
	return 0;
}
