/* remote.h - the memory and the /proc of a program that waits for an answer.
 *
 * What it is: bytes, texts and links of another process.
 * What it must not do: trust them. Another thread may write what is read here.
 */
#ifndef REMOTE_H
#define REMOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* How many of `size` bytes could be read. */
size_t remote_read(pid_t thread, uint64_t address, void *bytes, size_t size);

/* A text with its NUL, of `size` bytes at most; false when there is none. */
bool remote_text(pid_t thread, uint64_t address, char *text, size_t size);

/* /proc/THREAD/NAME, as far as it goes, with a NUL behind it; its length, 0 when there is none. */
size_t remote_file(pid_t thread, const char *name, char *text, size_t size);

/* What the link /proc/THREAD/NAME says. */
bool remote_link(pid_t thread, const char *name, char *text, size_t size);

/* The number behind "Name:" of a /proc/THREAD/status that was read, or -1. */
long status_number(const char *status, const char *name);

/* Where the stack of a waiting thread ends, or 0. */
uint64_t remote_stack(pid_t thread);

#endif
