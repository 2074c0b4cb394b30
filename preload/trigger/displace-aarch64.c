/* displace-aarch64.c - a function's first instruction, made to run somewhere else.
 *
 * What it does: writes code that does what the instruction under a patch does, and goes on behind
 * it. Only branches, adr, adrp and loads of a literal depend on where they stand; for them it
 * writes others. x16 and x17 are free at the beginning of every function. Ways on are a `ret`,
 * which unlike `br` may lead to an instruction that is no landing pad.
 * What it must not do: copy a branch that it does not understand.
 *
 * Contract: any; it computes.
 */
#include "raw.h"
#include "trigger/patch.h"

#define SCAN_MAX 65536u /* of a function whose size is not known */
#define NOP	 0xd503201fu
#define RET_X17	 0xd65f0220u
#define BR_X17	 0xd61f0220u

enum kind {
	KIND_PLAIN,
	KIND_JUMP,	    /* b */
	KIND_CALL,	    /* bl */
	KIND_CONDITION,	    /* b.cond, cbz, cbnz: 19 bits */
	KIND_BIT,	    /* tbz, tbnz: 14 bits */
	KIND_CALL_INDIRECT, /* blr */
	KIND_ADDRESS,	    /* adr, adrp */
	KIND_LITERAL,	    /* ldr, ldrsw, prfm of a literal */
	KIND_UNKNOWN,
};

/* The first that fits. What is of the branches' class and in no line above its own is not known. */
static const struct {
	uint32_t mask, value;
	enum kind kind;
} kinds[] = {
	{ 0xfc000000, 0x14000000, KIND_JUMP },	    { 0xfc000000, 0x94000000, KIND_CALL },
	{ 0xff000000, 0x54000000, KIND_CONDITION }, { 0x7e000000, 0x34000000, KIND_CONDITION },
	{ 0x7e000000, 0x36000000, KIND_BIT },	    { 0xfffffc1f, 0xd63f0000, KIND_CALL_INDIRECT },
	{ 0xfe600000, 0xd6200000, KIND_UNKNOWN }, /* blraa and its like */
	{ 0xfe000000, 0xd6000000, KIND_PLAIN },	  /* br, ret */
	{ 0xfe000000, 0xd4000000, KIND_PLAIN },	  /* svc, brk; bti, msr */
	{ 0x1c000000, 0x14000000, KIND_UNKNOWN },   { 0x1f000000, 0x10000000, KIND_ADDRESS },
	{ 0xff000000, 0xdc000000, KIND_UNKNOWN },   { 0x3b000000, 0x18000000, KIND_LITERAL },
};

static enum kind kind_of(uint32_t insn)
{
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if ((insn & kinds[i].mask) == kinds[i].value)
			return kinds[i].kind;
	}
	return KIND_PLAIN;
}

static uint32_t insn_at(const unsigned char *code)
{
	uint32_t insn;

	bytes_copy(&insn, code, sizeof(insn));
	return insn;
}

/* `bits` bits from bit `low` on, as a signed number. */
static int64_t field(uint32_t insn, unsigned low, unsigned bits)
{
	return (int64_t)((uint64_t)insn << (64 - low - bits)) >> (64 - bits);
}

/* How far a branch leads, in bytes. */
static int64_t distance(uint32_t insn, enum kind kind)
{
	switch (kind) {
	case KIND_JUMP:
	case KIND_CALL:
		return field(insn, 0, 26) * 4;
	case KIND_BIT:
		return field(insn, 5, 14) * 4;
	default:
		return field(insn, 5, 19) * 4;
	}
}

static void emit(unsigned char **at, uint32_t insn)
{
	bytes_copy(*at, &insn, sizeof(insn));
	*at += sizeof(insn);
}

static void emit_address(unsigned char **at, uintptr_t address)
{
	bytes_copy(*at, &address, sizeof(address));
	*at += sizeof(address);
}

/* ldr xN of the address `words` instructions further on. */
static void emit_load(unsigned char **at, unsigned reg, unsigned words)
{
	emit(at, 0x58000000u | words << 5 | reg);
}

static void emit_far_jump(unsigned char **at, uintptr_t target)
{
	emit_load(at, 17, 2);
	emit(at, RET_X17);
	emit_address(at, target);
}

static void emit_call(unsigned char **at, uintptr_t target, uintptr_t after)
{
	emit_load(at, 30, 4);
	emit_load(at, 17, 5);
	emit(at, RET_X17);
	emit(at, NOP);
	emit_address(at, after);
	emit_address(at, target);
}

/* The way of `blr xN`, for landing pads: by x17. */
static void emit_indirect_call(unsigned char **at, unsigned reg, uintptr_t after)
{
	emit(at, 0xaa0003f1u | reg << 16); /* mov x17, xN */
	emit_load(at, 30, 3);
	emit(at, BR_X17);
	emit(at, NOP);
	emit_address(at, after);
}

/* The same condition, six instructions further on. */
static void emit_condition(unsigned char **at, uint32_t insn, enum kind kind, uintptr_t target,
			   uintptr_t after)
{
	uint32_t where = kind == KIND_BIT ? 0x3fffu << 5 : 0x7ffffu << 5;

	emit(at, (insn & ~where) | 6u << 5);
	emit(at, NOP);
	emit_far_jump(at, after);
	emit_far_jump(at, target);
}

static void emit_adr(unsigned char **at, uint32_t insn, uintptr_t code)
{
	int64_t offset = field(insn, 5, 19) * 4 + (insn >> 29 & 3);
	uintptr_t value = code + (uintptr_t)offset;

	if (insn >> 31) /* adrp: in pages */
		value = (code & ~0xffful) + (uintptr_t)offset * 4096;
	emit_load(at, insn & 31, 6);
	emit(at, NOP);
	emit_far_jump(at, code + 4);
	emit_address(at, value);
}

/* The load of a literal, through x17. */
static void emit_literal(unsigned char **at, uint32_t insn, uintptr_t code)
{
	static const uint32_t loads[] = {
		0xb9400000, 0xf9400000, 0xb9800000, NOP, /* ldr w, ldr x, ldrsw; prfm */
		0xbd400000, 0xfd400000, 0x3dc00000,	 /* ldr s, d, q */
	};
	uint32_t load = loads[insn >> 30 | (insn >> 26 & 1) << 2];

	emit_load(at, 17, 6);
	emit(at, load == NOP ? NOP : load | 17 << 5 | (insn & 31));
	emit_far_jump(at, code + 4);
	emit_address(at, code + (uintptr_t)(field(insn, 5, 19) * 4));
}

const char *patch_displace(unsigned char copy[PATCH_COPY_MAX], const struct patch_code *function)
{
	uintptr_t code = (uintptr_t)function->bytes, after = code + 4;
	uint32_t insn = function->room < 4 ? 0 : insn_at(function->bytes);
	enum kind kind = kind_of(insn);
	uintptr_t target = code + (uintptr_t)distance(insn, kind);
	unsigned char *at = copy;

	switch (function->room < 4 ? KIND_UNKNOWN : kind) {
	case KIND_JUMP:
		emit_far_jump(&at, target);
		return NULL;
	case KIND_CALL:
		emit_call(&at, target, after);
		return NULL;
	case KIND_CALL_INDIRECT:
		emit_indirect_call(&at, insn >> 5 & 31, after);
		return NULL;
	case KIND_CONDITION:
	case KIND_BIT:
		emit_condition(&at, insn, kind, target, after);
		return NULL;
	case KIND_ADDRESS:
		emit_adr(&at, insn, code);
		return NULL;
	case KIND_LITERAL:
		emit_literal(&at, insn, code);
		return NULL;
	case KIND_UNKNOWN:
		return "its first instruction is not known to libsandbox";
	default:
		emit(&at, insn);
		emit(&at, NOP);
		emit_far_jump(&at, after);
		return NULL;
	}
}

/* The patch is one instruction: nothing can branch into the middle of it. */
const char *patch_scan(const struct patch_code *function, size_t first)
{
	size_t size = function->size ? function->size : SCAN_MAX;

	if (size > function->room)
		size = function->room;
	for (size_t at = 0; !first && at + 4 <= size; at += 4) {
		uint32_t insn = insn_at(function->bytes + at);
		enum kind kind = kind_of(insn);
		bool branches = kind == KIND_JUMP || kind == KIND_CONDITION || kind == KIND_BIT;

		if (branches && (int64_t)at + distance(insn, kind) == 0)
			return "it branches back to its first instruction, where the patch is";
	}
	return NULL;
}

/* No function is shorter than the patch. */
bool patch_is_padding(const struct patch_code *function, size_t from)
{
	return from >= PATCH_SIZE;
}
