/* entry-x86_64.S - where a patched function's jump leads, and the signal frame's way back.
 *
 * entry_stub: reached by the patched function's jump through a trampoline, which has pushed the
 * function's address. To an unwinder the frame above is the function, broken off before its first
 * instruction: its address is where this frame returns to. It runs at the function's first instruction, so every argument register may be
 * live: rdi rsi rdx rcx r8 r9, rax (al counts a variadic call's vector registers; Go passes
 * arguments in rax rbx r10 r11 too), r10 (static chain). C code keeps rbx, rbp, r12-r15.
 * Not saved: x87, SSE, AVX, AVX-512, mask and tile registers. The library is compiled with
 * -mgeneral-regs-only and calls nothing outside itself from here, so it cannot change them
 * (tests/hygiene.bats looks for them in the disassembly).
 *
 * The way on is a `ret` to the address that replaces the function's: no register is free for an
 * indirect jump.
 */
	.text
	.globl	entry_stub
	.hidden	entry_stub
	.type	entry_stub, @function
	.balign	16
entry_stub:
	.cfi_startproc
	.cfi_signal_frame
	.cfi_def_cfa_offset 8		/* on entry the function's address is on top */
	push	%rbp
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %rbp, 0
	mov	%rsp, %rbp
	.cfi_def_cfa_register %rbp
	push	%rax
	push	%rcx
	push	%rdx
	push	%rsi
	push	%rdi
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	and	$-16, %rsp		/* hand-written callers may come with any alignment */
	mov	8(%rbp), %rdi		/* the function */
	call	entry_reached
	mov	%rax, 8(%rbp)		/* where to go on: the function, its bytes put back */
	lea	-72(%rbp), %rsp
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rdi
	pop	%rsi
	pop	%rdx
	pop	%rcx
	pop	%rax
	pop	%rbp
	.cfi_def_cfa %rsp, 8
	.cfi_restore %rbp
	ret
	.cfi_endproc
	.size	entry_stub, .-entry_stub

/* stack_call(work, argument, stack): see stack.h. To an unwinder the two stacks are as apart as
 * those of a signal handler and of what it broke off. */
	.globl	stack_call
	.hidden	stack_call
	.type	stack_call, @function
	.balign	16
stack_call:
	.cfi_startproc
	.cfi_signal_frame
	push	%rbp
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %rbp, 0
	mov	%rsp, %rbp
	.cfi_def_cfa_register %rbp
	mov	%rdi, %rax
	mov	%rsi, %rdi
	mov	%rsp, -8(%rdx)
	lea	-16(%rdx), %rsp
	call	*%rax
	leave
	.cfi_def_cfa %rsp, 8
	.cfi_restore %rbp
	ret
	.cfi_endproc
	.size	stack_call, .-stack_call

	.globl	signal_restorer
	.hidden	signal_restorer
	.type	signal_restorer, @function
	.balign	16
	nop				/* unwinders look one byte before the return address */
signal_restorer:
	mov	$15, %rax		/* __NR_rt_sigreturn */
	syscall
	.size	signal_restorer, .-signal_restorer

	.section .note.GNU-stack, "", @progbits
