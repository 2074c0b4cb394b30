/* displace-x86_64.c - a function's first instructions, made to run somewhere else.
 *
 * What it does: copies the whole instructions that a patch covers, and changes what in them depends
 * on where they stand: relative branches (made 32 bits wide), addresses relative to the
 * instruction, and the return address that a call pushes, which stays the one in the function.
 * What it must not do: copy an instruction that it does not understand. There is always an answer:
 * "this function cannot be run while it is patched", and why.
 *
 * Contract: any; it computes.
 */
#include "raw.h"
#include "trigger/insn-x86_64.h"
#include "trigger/patch.h"

#define SCAN_MAX 65536u /* of a function whose size is not known */

static const char out_of_reach[] =
	"its first instructions refer to what is too far away from a copy of them";

struct copy {
	unsigned char *at;
	bool in_reach;
};

static void emit(struct copy *copy, const void *bytes, size_t size)
{
	bytes_copy(copy->at, bytes, size);
	copy->at += size;
}

static void emit_32(struct copy *copy, uint32_t value)
{
	emit(copy, &value, sizeof(value));
}

/* A displacement to `target` from `after`, the end of the instruction that it is part of. */
static void emit_displacement(struct copy *copy, uintptr_t target, uintptr_t after)
{
	int64_t displacement = (int64_t)(target - after);

	if (displacement != (int32_t)displacement)
		copy->in_reach = false;
	emit_32(copy, (uint32_t)displacement);
}

/* An opcode of one or two bytes, and where it branches. */
static void emit_branch(struct copy *copy, const char *opcode, uintptr_t target)
{
	emit(copy, opcode, text_length(opcode));
	emit_displacement(copy, target, (uintptr_t)copy->at + 4);
}

/* push $address: 32 bits that are extended, then the upper half. */
static void emit_push(struct copy *copy, uintptr_t address)
{
	emit(copy, "\x68", 1);
	emit_32(copy, (uint32_t)address);
	emit(copy, "\xc7\x44\x24\x04", 4); /* movl $..., 4(%rsp) */
	emit_32(copy, (uint32_t)(address >> 32));
}

/* jmp *(%rip), and the address. */
static void emit_far_jump(struct copy *copy, uintptr_t target)
{
	emit(copy, "\xff\x25\0\0\0\0", 6);
	emit(copy, &target, sizeof(target));
}

static void emit_plain(struct copy *copy, const struct insn *insn, const unsigned char *code)
{
	unsigned char *start = copy->at;
	int32_t displacement;

	emit(copy, code, insn->length);
	if (!insn->rip_at)
		return;
	bytes_copy(&displacement, code + insn->rip_at, sizeof(displacement));
	copy->at = start + insn->rip_at;
	emit_displacement(copy, (uintptr_t)code + insn->length + (uintptr_t)(intptr_t)displacement,
			  (uintptr_t)start + insn->length);
	copy->at = start + insn->length;
}

/* The call as a push and a jump. What it calls must not be found through the stack pointer, which
 * the push moves (base 4 also is r12: not worth telling apart). */
static const char *emit_indirect_call(struct copy *copy, const struct insn *insn,
				      const unsigned char *code)
{
	unsigned modrm = code[insn->modrm_at];
	unsigned char *start;

	if ((modrm & 7) == 4 && (modrm >> 6 == 3 || (code[insn->modrm_at + 1] & 7) == 4))
		return "its first instructions call through the stack pointer";
	emit_push(copy, (uintptr_t)code + insn->length);
	start = copy->at;
	emit_plain(copy, insn, code);
	start[insn->modrm_at] = (unsigned char)((modrm & 0xc7) | 4 << 3); /* call /2, jmp /4 */
	return NULL;
}

static const char *emit_relative(struct copy *copy, const struct insn *insn,
				 const unsigned char *code)
{
	uintptr_t target = (uintptr_t)code + (uintptr_t)insn_target(insn, code);
	char condition[] = { 0x0f, (char)(0x80 | (insn->opcode & 0x0f)), 0 };

	if (insn->kind == INSN_CALL)
		emit_push(copy, (uintptr_t)code + insn->length);
	emit_branch(copy, insn->kind == INSN_CONDITION ? condition : "\xe9", target);
	return NULL;
}

static const char *emit_moved(struct copy *copy, const struct insn *insn, const unsigned char *code)
{
	switch (insn->kind) {
	case INSN_JUMP:
	case INSN_CONDITION:
	case INSN_CALL:
		return emit_relative(copy, insn, code);
	case INSN_CALL_INDIRECT:
		return emit_indirect_call(copy, insn, code);
	case INSN_LOOP:
	case INSN_FAR:
		return "its first instructions have one that works in its place only (loop, "
		       "jrcxz, a far call or return)";
	default:
		emit_plain(copy, insn, code);
		return NULL;
	}
}

/* A call of the function itself is one like any other. */
static bool into_patch(const struct insn *insn, const unsigned char *code,
		       const struct patch_code *function, size_t first)
{
	int64_t target;

	if (!insn->branch_at)
		return false;
	target = code - function->bytes + insn_target(insn, code);
	return target >= (int64_t)first && target < (int64_t)PATCH_SIZE &&
	       !(insn->kind == INSN_CALL && !target);
}

/* Why the instruction at `code` cannot be moved, or NULL. */
static const char *immovable(const struct insn *insn, const unsigned char *code,
			     const struct patch_code *function)
{
	bool is_call = insn->kind == INSN_CALL || insn->kind == INSN_CALL_INDIRECT;

	if (into_patch(insn, code, function, 1))
		return "its first instructions branch back to themselves";
	if (is_call && code + insn->length < function->bytes + PATCH_SIZE)
		return "a call in its first instructions returns into them";
	if (insn->rip_at && insn->address32)
		return "its first instructions use an address of 32 bits";
	return NULL;
}

static bool goes_on(const struct insn *insn)
{
	return insn->kind != INSN_JUMP && insn->kind != INSN_END;
}

const char *patch_displace(unsigned char bytes[PATCH_COPY_MAX], const struct patch_code *function)
{
	struct copy copy = { bytes, true };
	bool more = true;

	for (size_t at = 0; more && at < PATCH_SIZE;) {
		const unsigned char *code = function->bytes + at;
		const char *why;
		struct insn insn;

		if (at >= function->room || !insn_decode(&insn, code, function->room - at))
			return "one of its first instructions is not known to libsandbox";
		why = immovable(&insn, code, function);
		if (!why)
			why = emit_moved(&copy, &insn, code);
		if (why)
			return why;
		at += insn.length;
		more = goes_on(&insn);
		if (at >= PATCH_SIZE || !more)
			emit_far_jump(&copy, (uintptr_t)function->bytes + at);
	}
	return copy.in_reach ? NULL : out_of_reach;
}

const char *patch_scan(const struct patch_code *function, size_t first)
{
	size_t size = function->size ? function->size : SCAN_MAX;
	struct insn insn;

	if (size > function->room)
		size = function->room;
	for (size_t at = 0; at < size; at += insn.length) {
		const unsigned char *code = function->bytes + at;

		if (!insn_decode(&insn, code, size - at))
			return function->size ? "an instruction of it is not known to libsandbox"
					      : NULL;
		if (into_patch(&insn, code, function, first))
			return "it branches back to its first bytes, where the patch is";
	}
	return NULL;
}

/* int3 and nops of any length; or zeros, up to where the next function may begin. */
bool patch_is_padding(const struct patch_code *function, size_t from)
{
	const uintptr_t start = (uintptr_t)function->bytes;
	size_t next = ((start + from + 15) & ~15ul) - start;
	bool zeros = next >= PATCH_SIZE && next <= function->room;
	struct insn insn;

	for (size_t at = from; zeros && at < next; at++)
		zeros = !function->bytes[at];
	for (size_t at = from; !zeros && at < PATCH_SIZE; at += insn.length) {
		const unsigned char *code = function->bytes + at;

		if (at >= function->room || !insn_decode(&insn, code, function->room - at) ||
		    (insn.kind != INSN_NOP && *code != 0xcc))
			return false;
	}
	return true;
}
