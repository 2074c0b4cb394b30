/* main.c - the program of the build matrix. Usage: PROGRAM FUNCTION [PLUGIN]. Calls the function,
 * perhaps of an object that it opens, three times and prints "locked 3 free 0 ok" when every body
 * ran locked and saw all its arguments.
 */
#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "matrix.h"

int locked_bodies, free_bodies;

int exported_function(struct pair a, long double b, int c);
int variadic_function(int n, ...);
int vector_function(void);

__attribute__((noinline)) static int static_function(int a, double b, const char *c)
{
	count_body();
	return a == 21 && b == 22.5 && !strcmp(c, "x");
}

__attribute__((noinline)) int exported_function(struct pair a, long double b, int c)
{
	count_body();
	return a.a == 31 && a.b == 32.5 && b == 33.25L && c == 34;
}

__attribute__((noinline)) int variadic_function(int n, ...)
{
	double sum = 0;
	va_list list;

	count_body();
	va_start(list, n);
	for (int i = 0; i < n; i++)
		sum += va_arg(list, double);
	va_end(list);
	return sum == 55;
}

#ifdef VECTOR_BYTES
typedef double vector __attribute__((vector_size(VECTOR_BYTES)));
#define LANES (VECTOR_BYTES / 8)

__attribute__((noinline)) static int vectors(vector a, vector b, vector c, vector d, vector e,
					     vector f, vector g, vector h)
{
	int good = 1;

	count_body();
	for (int i = 0; i < (int)LANES; i++)
		good &= a[i] == 1 + i && b[i] == 2 + i && c[i] == 3 + i && d[i] == 4 + i &&
			e[i] == 5 + i && f[i] == 6 + i && g[i] == 7 + i && h[i] == 8 + i;
	return good;
}

int vector_function(void)
{
	vector v[8];

	for (int i = 0; i < 8; i++) {
		for (int j = 0; j < (int)LANES; j++)
			v[i][j] = i + 1 + j;
	}
	return vectors(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]);
}
#else
int vector_function(void)
{
	return 0;
}
#endif

static int call_plugin(const char *path)
{
	union {
		void *object;
		int (*code)(int, double);
	} function;
	void *plugin = path ? dlopen(path, RTLD_NOW) : NULL;

	function.object = plugin ? dlsym(plugin, "plugin_function") : NULL;
	return function.object && function.code(41, 42.5);
}

static int call(const char *name, const char *path)
{
	struct pair p = { 31, 32.5 }, q = { 3, 4.5 };

	if (!strcmp(name, "static_function"))
		return static_function(21, 22.5, "x");
	if (!strcmp(name, "exported_function"))
		return exported_function(p, 33.25L, 34);
	if (!strcmp(name, "variadic_function"))
		return variadic_function(10, 1., 2., 3., 4., 5., 6., 7., 8., 9., 10.);
	if (!strcmp(name, "library_function"))
		return library_function(1, 2.5, q, 5, 6.5f, (void *)0x1234, -8, 9);
	if (!strcmp(name, "inner_function"))
		return run_inner();
	if (!strcmp(name, "plugin_function"))
		return call_plugin(path);
	return vector_function();
}

int main(int argc, char **argv)
{
	int good = argc > 1;

	for (int i = 0; i < 3 && good; i++)
		good = call(argv[1], argv[2]);
	printf("locked %d free %d %s\n", locked_bodies, free_bodies,
	       good ? "ok" : "arguments lost");
	return 0;
}
