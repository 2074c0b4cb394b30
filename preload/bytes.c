/* bytes.c - the functions that a compiler calls without being told to.
 *
 * What it does: gcc may clear, copy or compare a structure by a call of libc's function of that
 * name (on aarch64 it does), and libc's use vector registers, in which a patched function's
 * arguments still are. These are hidden: only the library itself calls them.
 * What it must not do: be fast. Compiled as all of the library is, without vector registers, and
 * with no loop turned into a call of the very function it is in.
 *
 * Contract: any.
 */
#include <stddef.h>
#include <string.h>

#include "raw.h"

void *memset(void *to, int value, size_t n)
{
	unsigned char *d = to;

	while (n--)
		*d++ = (unsigned char)value;
	return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	bytes_copy(to, from, n);
	return to;
}

void *memmove(void *to, const void *from, size_t n)
{
	unsigned char *d = to;
	const unsigned char *s = from;

	if (d <= s)
		return memcpy(to, from, n);
	while (n--)
		d[n] = s[n];
	return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *x = a, *y = b;

	for (size_t i = 0; i < n; i++) {
		if (x[i] != y[i])
			return x[i] - y[i];
	}
	return 0;
}
