/* matrix.h - what the program and the libraries of the build matrix share. */
#ifndef MATRIX_H
#define MATRIX_H

#include <sys/syscall.h>
#include <unistd.h>

struct pair {
	long a;
	double b;
};

/* How often a function found itself locked, and free (the test policy refuses getppid). */
extern int locked_bodies, free_bodies;

static inline void count_body(void)
{
	if (syscall(SYS_getppid) < 0)
		locked_bodies++;
	else
		free_bodies++;
}

int library_function(int a, double b, struct pair c, long d, float e, void *f, short g, long h);
int run_inner(void);
int inner_function(int a, double b);
int plugin_function(int a, double b);

#endif
