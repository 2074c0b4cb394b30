/* bpf.h - classic BPF as seccomp runs it.
 *
 * What it is: an interpreter of our own, so that a compiled filter is judged by what it does.
 * What it must not do: accept what seccomp(2) refuses.
 */
#ifndef BPF_MACHINE_H
#define BPF_MACHINE_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* NULL when seccomp(2) takes the program, otherwise what is wrong. */
const char *bpf_check(const struct sock_filter *code, size_t count);

/* The return value for one call. Only for programs that bpf_check() passed. */
uint32_t bpf_run(const struct sock_filter *code, size_t count, const struct seccomp_data *data);

#endif
