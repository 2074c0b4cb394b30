/* machine-aarch64.h - see machine.h. */
#ifndef MACHINE_AARCH64_H
#define MACHINE_AARCH64_H

#include <asm/unistd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ucontext.h>

#define MACHINE_NAME	     "aarch64"
#define MACHINE_ARCH	     0xc00000b7u
#define MACHINE_SYSCALL_SIZE 4
#define MACHINE_CALL_SIZE    4
#define MACHINE_SA_RESTORER  0ul /* the kernel comes back through its vdso */
#define machine_restorer     NULL

static inline long machine_syscall(long nr, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc #0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
}

static inline long machine_fork(long nr, long a, long b, long c, long d, long e)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;

	__asm__ volatile("svc #0\n\t"
			 "cbnz x0, 1f\n\t"
			 "mov x8, %[exit]\n\t"
			 "svc #0\n\t"
			 "mov x0, #0\n\t"
			 "mov x8, %[exit_group]\n\t"
			 "svc #0\n\t"
			 "brk #0\n"
			 "1:"
			 : "+r"(x0), "+r"(x8)
			 : "r"(x1), "r"(x2), "r"(x3),
			   "r"(x4), [exit] "i"(__NR_exit), [exit_group] "i"(__NR_exit_group)
			 : "cc", "memory");
	return x0;
}

/* svc with any number: the kernel does not look at it */
static inline bool machine_is_syscall(uintptr_t code)
{
	return (*(const uint32_t *)code & 0xffe0001fu) == 0xd4000001u;
}

static inline uintptr_t machine_ip(const ucontext_t *context)
{
	return context->uc_mcontext.pc;
}

static inline uintptr_t machine_sp(const ucontext_t *context)
{
	return context->uc_mcontext.sp;
}

static inline uintptr_t machine_link(const ucontext_t *context)
{
	return context->uc_mcontext.regs[30];
}

static inline long machine_result(const ucontext_t *context)
{
	return (long)context->uc_mcontext.regs[0];
}

static inline void machine_set_result(ucontext_t *context, long result)
{
	context->uc_mcontext.regs[0] = (uint64_t)result;
}

static inline void machine_arguments(const ucontext_t *context, uint64_t arguments[6])
{
	for (int i = 0; i < 6; i++)
		arguments[i] = context->uc_mcontext.regs[i];
}

static inline void machine_repeat(ucontext_t *context, uint32_t nr)
{
	context->uc_mcontext.pc -= MACHINE_SYSCALL_SIZE;
	context->uc_mcontext.regs[8] = nr;
}

/* Return addresses may be signed (paciasp): xpaclri takes the signature off x30. It is a hint, and
 * nothing at all where the processor does not sign. */
static inline uintptr_t machine_return_address(uintptr_t word)
{
	register uintptr_t x30 __asm__("x30") = word;

	__asm__("hint #7" : "+r"(x30));
	return x30;
}

/* bl, blr, or blr with authentication */
static inline bool machine_follows_call(uintptr_t address)
{
	uint32_t insn;

	if (address % sizeof(insn))
		return false;
	insn = ((const uint32_t *)address)[-1];
	return (insn & 0xfc000000u) == 0x94000000u || (insn & 0xfffffc1fu) == 0xd63f0000u ||
	       (insn & 0xfefff800u) == 0xd63f0800u;
}

/* sys/ifunc.h */
static inline uintptr_t machine_choose(uintptr_t resolver, uint64_t hwcap, uint64_t hwcap2)
{
	const struct {
		uint64_t size, hwcap, hwcap2;
	} more = { sizeof(more), hwcap, hwcap2 };

	return ((uintptr_t(*)(uint64_t, const void *))resolver)(hwcap | 1ull << 62, &more);
}

#endif
