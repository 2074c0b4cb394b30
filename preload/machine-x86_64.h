/* machine-x86_64.h - see machine.h. */
#ifndef MACHINE_X86_64_H
#define MACHINE_X86_64_H

#include <asm/unistd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ucontext.h>

#define MACHINE_NAME	     "x86_64"
#define MACHINE_ARCH	     0xc000003eu
#define MACHINE_SYSCALL_SIZE 2
#define MACHINE_CALL_SIZE    7
#define MACHINE_SA_RESTORER  0x04000000ul /* asm/signal.h, not in libc's headers */

/* entry-x86_64.S; the bytes are those that debuggers and unwinders know a signal frame by. */
void signal_restorer(void);
#define machine_restorer signal_restorer

static inline long machine_syscall(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

static inline long machine_fork(long nr, long a, long b, long c, long d, long e)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	long result;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xor %%edi, %%edi\n\t"
			 "mov %[exit], %%eax\n\t"
			 "syscall\n\t"
			 "mov %[exit_group], %%eax\n\t"
			 "syscall\n\t"
			 "ud2\n"
			 "1:"
			 : "=a"(result)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10),
			   "r"(r8), [exit] "i"(__NR_exit), [exit_group] "i"(__NR_exit_group)
			 : "rcx", "r11", "cc", "memory");
	return result;
}

static inline bool machine_is_syscall(uintptr_t code)
{
	const unsigned char *byte = (const unsigned char *)code;

	return byte[0] == 0x0f && byte[1] == 0x05;
}

static inline uintptr_t machine_ip(const ucontext_t *context)
{
	return (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
}

static inline uintptr_t machine_sp(const ucontext_t *context)
{
	return (uintptr_t)context->uc_mcontext.gregs[REG_RSP];
}

static inline uintptr_t machine_link(const ucontext_t *context)
{
	return 0; /* a call pushes it */
}

static inline long machine_result(const ucontext_t *context)
{
	return context->uc_mcontext.gregs[REG_RAX];
}

static inline void machine_set_result(ucontext_t *context, long result)
{
	context->uc_mcontext.gregs[REG_RAX] = result;
}

static inline void machine_arguments(const ucontext_t *context, uint64_t arguments[6])
{
	static const unsigned char order[6] = {
		REG_RDI, REG_RSI, REG_RDX, REG_R10, REG_R8, REG_R9
	};

	for (int i = 0; i < 6; i++)
		arguments[i] = (uint64_t)context->uc_mcontext.gregs[order[i]];
}

static inline void machine_repeat(ucontext_t *context, uint32_t nr)
{
	context->uc_mcontext.gregs[REG_RIP] -= MACHINE_SYSCALL_SIZE;
	context->uc_mcontext.gregs[REG_RAX] = nr;
}

static inline uintptr_t machine_return_address(uintptr_t word)
{
	return word;
}

/* e8 rel32, or ff /2 with its usual lengths */
static inline bool machine_follows_call(uintptr_t address)
{
	const unsigned char *p = (const unsigned char *)address;

	return p[-5] == 0xe8 || (p[-6] == 0xff && p[-5] == 0x15) ||
	       (p[-2] == 0xff && (p[-1] & 0x38) == 0x10) ||
	       (p[-3] == 0xff && (p[-2] & 0x38) == 0x10) ||
	       (p[-4] == 0xff && (p[-3] & 0x38) == 0x10);
}

static inline uintptr_t machine_choose(uintptr_t resolver, uint64_t hwcap, uint64_t hwcap2)
{
	(void)hwcap; /* resolvers ask the processor */
	(void)hwcap2;
	return ((uintptr_t(*)(void))resolver)();
}

#endif
