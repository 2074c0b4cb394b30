/* entry-aarch64.S - where a patched function's jump leads.
 *
 * entry_stub: reached by the patched function's jump through a trampoline, which has put into x17
 * where the function's address is. It runs at the function's first instruction (behind its landing
 * pad), so every register that may carry an argument is live: x0-x7, x8 (where a large result goes),
 * x18 (static chain), and x9-x15 for those with conventions of their own (Go passes arguments up to
 * x15). C code keeps x19-x28; x16 and x17 are nobody's between a call and its function.
 * To an unwinder the frame above is the function, broken off before its first instruction: its
 * address, as if in x17, is where this frame returns to (hence the return column), with x30 as it
 * was.
 * Not saved: vector registers. The library is compiled with -mgeneral-regs-only and calls nothing
 * outside itself from here, so it cannot change them. But a system call forgets all of an SVE
 * register beyond its first 128 bits: elf.c refuses functions that take arguments there.
 *
 * The way on is an indirect branch to the trampoline's page, which is not guarded, and from there a
 * direct one: neither has to find a landing pad.
 */
	.text
	.globl	entry_stub
	.hidden	entry_stub
	.type	entry_stub, %function
	.balign	16
entry_stub:
	.cfi_startproc
	.cfi_signal_frame
	.cfi_return_column 17
	hint	#34			/* bti c */
	stp	x29, x30, [sp, #-176]!
	.cfi_def_cfa_offset 176
	.cfi_offset 29, -176
	.cfi_offset 30, -168
	ldr	x16, [x17]		/* the function */
	stp	x16, x17, [sp, #160]
	.cfi_offset 17, -16		/* as if x17 had held its address */
	stp	x0, x1, [sp, #16]
	stp	x2, x3, [sp, #32]
	stp	x4, x5, [sp, #48]
	stp	x6, x7, [sp, #64]
	stp	x8, x9, [sp, #80]
	stp	x10, x11, [sp, #96]
	stp	x12, x13, [sp, #112]
	stp	x14, x15, [sp, #128]
	str	x18, [sp, #144]
	.cfi_offset 18, -32
	mov	x29, sp
	mov	x0, x16
	bl	entry_reached		/* where to go on: the function, or a copy of its beginning */
	ldp	x16, x17, [sp, #160]
	cmp	x0, x16
	sub	x17, x17, #4		/* the trampoline's branch to the function */
	csel	x17, x17, x0, eq
	ldp	x0, x1, [sp, #16]
	ldp	x2, x3, [sp, #32]
	ldp	x4, x5, [sp, #48]
	ldp	x6, x7, [sp, #64]
	ldp	x8, x9, [sp, #80]
	ldp	x10, x11, [sp, #96]
	ldp	x12, x13, [sp, #112]
	ldp	x14, x15, [sp, #128]
	ldr	x18, [sp, #144]
	ldp	x29, x30, [sp], #176
	.cfi_restore 17
	.cfi_restore 18
	.cfi_restore 29
	.cfi_restore 30
	.cfi_def_cfa_offset 0
	br	x17
	.cfi_endproc
	.size	entry_stub, .-entry_stub

/* stack_call(work, argument, stack): see stack.h. To an unwinder the two stacks are as apart as
 * those of a signal handler and of what it broke off. */
	.globl	stack_call
	.hidden	stack_call
	.type	stack_call, %function
	.balign	16
stack_call:
	.cfi_startproc
	.cfi_signal_frame
	stp	x29, x30, [sp, #-16]!
	.cfi_def_cfa_offset 16
	.cfi_offset 29, -16
	.cfi_offset 30, -8
	mov	x29, sp
	.cfi_def_cfa_register 29
	mov	x9, x0
	mov	x0, x1
	str	x29, [x2, #-8]
	sub	sp, x2, #16
	blr	x9
	mov	sp, x29
	.cfi_def_cfa_register 31
	ldp	x29, x30, [sp], #16
	.cfi_restore 29
	.cfi_restore 30
	.cfi_def_cfa_offset 0
	ret
	.cfi_endproc
	.size	stack_call, .-stack_call

	.section .note.GNU-stack, "", %progbits
