/* library.c - a library's function, and one that the library calls itself (under -Bsymbolic no
 * interposition sees that call). */
#include "matrix.h"

__attribute__((noinline)) int library_function(int a, double b, struct pair c, long d, float e,
					       void *f, short g, long h)
{
	count_body();
	return a == 1 && b == 2.5 && c.a == 3 && c.b == 4.5 && d == 5 && e == 6.5f &&
	       f == (void *)0x1234 && g == -8 && h == 9;
}

__attribute__((noinline)) int inner_function(int a, double b)
{
	count_body();
	return a == 10 && b == 11.5;
}

int run_inner(void)
{
	return inner_function(10, 11.5);
}
