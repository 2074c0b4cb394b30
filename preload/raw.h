/* raw.h - system calls and strings without libc, for code that runs on the program's threads.
 *
 * What it is: the only way hook and signal code (see README.md of this folder) reaches the kernel.
 * What it must not do: touch errno, take locks, use vector registers or thread-local storage.
 *
 * Results are the kernel's: a negative errno on failure.
 */
#ifndef RAW_H
#define RAW_H

#include <asm/unistd.h>
#include <linux/futex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "machine.h"

#define RAW_PICK(_0, _1, _2, _3, _4, _5, _6, name, ...) name
#define RAW_0(nr)					machine_syscall(nr, 0, 0, 0, 0, 0, 0)
#define RAW_1(nr, a)					machine_syscall(nr, (long)(a), 0, 0, 0, 0, 0)
#define RAW_2(nr, a, b)					machine_syscall(nr, (long)(a), (long)(b), 0, 0, 0, 0)
#define RAW_3(nr, a, b, c)				machine_syscall(nr, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define RAW_4(nr, a, b, c, d)				machine_syscall(nr, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define RAW_5(nr, a, b, c, d, e)                                                                   \
	machine_syscall(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define RAW_6(nr, a, b, c, d, e, f)                                                                \
	machine_syscall(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

/* raw(openat, fd, path, flags): the call by its kernel name, one to six arguments or none. */
#define raw(name, ...)                                                                             \
	RAW_PICK(_0, ##__VA_ARGS__, RAW_6, RAW_5, RAW_4, RAW_3, RAW_2, RAW_1, RAW_0)               \
	(__NR_##name, ##__VA_ARGS__)

static inline void futex_wait(const uint32_t *word, uint32_t while_value)
{
	raw(futex, word, FUTEX_WAIT_PRIVATE, while_value, NULL);
}

static inline void futex_wake_all(const uint32_t *word)
{
	raw(futex, word, FUTEX_WAKE_PRIVATE, INT32_MAX);
}

/* True when 4 bytes at `address` (4-byte aligned) can be read. A FUTEX_WAIT that times out at once
 * reads its word and answers EFAULT where there is none: a probe that needs no other call. */
static inline bool readable(const void *address)
{
	static const int64_t at_once[2];

	return raw(futex, address, FUTEX_WAIT_PRIVATE, 0, at_once) != -14; /* EFAULT */
}

static inline size_t text_length(const char *text)
{
	size_t n = 0;

	while (text[n])
		n++;
	return n;
}

static inline bool text_equal(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

static inline const char *text_basename(const char *path)
{
	const char *base = path;

	for (; *path; path++) {
		if (*path == '/')
			base = path + 1;
	}
	return base;
}

static inline void bytes_copy(void *to, const void *from, size_t n)
{
	unsigned char *d = to;
	const unsigned char *s = from;

	while (n--)
		*d++ = *s++;
}

static inline void bytes_clear(void *to, size_t n)
{
	unsigned char *d = to;

	while (n--)
		*d++ = 0;
}

#endif
