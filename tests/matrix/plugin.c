/* plugin.c - a function of an object that the program of the build matrix opens itself. */
#include "matrix.h"

__attribute__((noinline)) int plugin_function(int a, double b)
{
	count_body();
	return a == 41 && b == 42.5;
}
