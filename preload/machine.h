/* machine.h - what differs between the processors that the library runs on.
 *
 * What it is: one header for each, with the same names: how a system call is made and recognised,
 * and where a signal frame keeps registers. The rest of preload/ is neutral, but for the code that
 * patches functions (trigger/patch-*.c, trigger/entry-*.S).
 * What it must not do: call anything else, or know what the values are for.
 *
 *   MACHINE_NAME              what sandboxctl calls it
 *   MACHINE_ARCH              AUDIT_ARCH_* of linux/audit.h
 *   MACHINE_SYSCALL_SIZE      bytes of the instruction that makes a system call
 *   MACHINE_SA_RESTORER       what rt_sigaction(2) wants in sa_flags, beside its restorer
 *   machine_restorer          the way back from a signal handler, NULL: the kernel has its own
 *   machine_syscall           makes a system call; the kernel's result
 *   machine_fork              makes one that may make a child, with five arguments: the child, or
 *                             thread, touches no memory and ends at once
 *   machine_is_syscall        is there such an instruction at `code`?
 *   machine_ip, machine_sp    of a signal frame
 *   machine_link              a return address that may be in a register still, or 0
 *   machine_result, _set_result   what the system call of a frame returned, or shall return
 *   machine_arguments         of the system call that the frame broke off
 *   machine_repeat            lets the frame make its system call `nr` again
 *   machine_return_address    a word of a stack, without what is no address in it
 *   machine_follows_call      does a call instruction end at `address`? Reads up to
 *                             MACHINE_CALL_SIZE bytes before it
 *   machine_choose            asks the resolver of an IFUNC symbol for its function, as ld.so does
 */
#ifndef MACHINE_H
#define MACHINE_H

#if defined(__x86_64__) && !defined(__ILP32__)
#include "machine-x86_64.h"
#elif defined(__aarch64__) && defined(__LP64__) && !defined(__AARCH64EB__)
#include "machine-aarch64.h"
#else
#error "libsandbox.so knows x86-64 and aarch64 (64-bit, little-endian): write a machine-*.h"
#endif

#endif
