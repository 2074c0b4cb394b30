/* insn-x86_64.h - how long an x86-64 instruction is, and what in it depends on its address.
 * See insn-x86_64.c.
 */
#ifndef INSN_X86_64_H
#define INSN_X86_64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INSN_MAX 15u /* bytes of the longest one */

enum insn_kind {
	INSN_PLAIN,
	INSN_NOP,	    /* 90, 66 90, 0f 1f: what stands between functions */
	INSN_JUMP,	    /* jmp to a relative address */
	INSN_CONDITION,	    /* jcc */
	INSN_LOOP,	    /* loop, loope, loopne, jrcxz: relative, 8 bits only */
	INSN_CALL,	    /* call of a relative address */
	INSN_CALL_INDIRECT, /* call of an address in a register or memory */
	INSN_END,	    /* what follows it is not run next: ret, jmp *, ud2, hlt, int3 */
	INSN_FAR,	    /* far calls and returns, system returns */
};

/* All but `length` are offsets into the instruction, 0: it has none. */
struct insn {
	uint8_t length;
	uint8_t kind;	  /* enum insn_kind */
	uint8_t opcode;	  /* its last byte of opcode */
	uint8_t modrm_at; /* the ModRM byte */
	uint8_t rip_at;	  /* a displacement of 32 bits relative to the instruction's end */
	uint8_t branch_at, branch_size; /* a branch's own, of 1 or 4 bytes */
	bool address32;			/* has the address-size prefix */
};

/* Any: decodes what begins at `code`, and reads no more than `size` bytes. False: an instruction
 * that is not known, or is not all there. */
bool insn_decode(struct insn *insn, const unsigned char *code, size_t size);

/* Any: where a branch at `code` leads, relative to `code`. */
int64_t insn_target(const struct insn *insn, const unsigned char *code);

#endif
