/* ifunc.c - functions whose code is chosen when the program is loaded (STT_GNU_IFUNC).
 * Usage: ifunc [elsewhere]. Calls chosen_function three times and says for every body whether it is
 * locked (the test policy refuses getppid) and whether the arguments arrived; with an argument it
 * calls elsewhere_function, whose code is libc's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef int (*chosen)(int a, double b);

int chosen_function(int a, double b) __attribute__((ifunc("choose")));
int elsewhere_function(int a) __attribute__((ifunc("choose_elsewhere")));

static int body(int a, double b, const char *which)
{
	printf("%s %s %s\n", which, syscall(SYS_getppid) < 0 ? "locked" : "free",
	       a == 1 && b == 2.5 ? "ok" : "arguments lost");
	return a;
}

static int first(int a, double b)
{
	return body(a, b, "first") + 1;
}

static int second(int a, double b)
{
	return body(a, b, "second") + 2;
}

/* Runs before the program's relocations are all done: it may call nothing. */
__attribute__((used)) static chosen choose(void)
{
	static volatile int number = 2;

	return number == 1 ? first : second;
}

__attribute__((used)) static int (*choose_elsewhere(void))(int)
{
	return abs;
}

int main(int argc, char **argv)
{
	int sum = 0;

	(void)argv;
	for (int i = 0; argc < 2 && i < 3; i++)
		sum += chosen_function(1, 2.5);
	if (argc > 1)
		printf("%d\n", elsewhere_function(-3));
	return sum == (argc < 2 ? 9 : 0) ? 0 : 1;
}
