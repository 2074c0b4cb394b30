/* displace-aarch64.c - a function's first instruction, made to run somewhere else.
 *
 * What it does: copies the one instruction that a patch covers, and changes what in it depends on
 * where it stands: branches, addresses relative to the instruction, and the return address that a
 * call leaves in x30, which stays the one in the function. x17 is free there, see
 * patch-aarch64.c. All jumps are direct ones: an indirect one would have to find a landing pad.
 * What it must not do: guess. There is always an answer: "this function cannot be run while it is
 * patched", and why.
 *
 * Contract: any; it computes.
 */
#include "raw.h"
#include "trigger/patch.h"

#define SCAN_MAX 65536u /* of a function whose size is not known */
#define LINK	 30u	/* the register that a call leaves its return address in */
#define SCRATCH	 17u

static const char out_of_reach[] =
	"its first instruction branches to what is too far away from a copy of it";
static const char not_known[] = "its first instruction is not known to libsandbox";

enum kind {
	KIND_PLAIN,	    /* does not depend on where it stands */
	KIND_JUMP,	    /* b */
	KIND_CALL,	    /* bl */
	KIND_CONDITION,	    /* b.cond, bc.cond, cbz, cbnz */
	KIND_TEST,	    /* tbz, tbnz */
	KIND_ADDRESS,	    /* adr */
	KIND_PAGE,	    /* adrp */
	KIND_LITERAL,	    /* ldr, ldrsw or prfm of what stands near the code */
	KIND_CALL_INDIRECT, /* blr, also with authentication */
	KIND_UNKNOWN,
};

/* Where an instruction has its signed offset: `width` bits from bit `at`, in units of 1 << `shift`
 * bytes. adr and adrp have two more bits, the lowest, at bit 29. The first that fits counts; what
 * is of the branches' class and in no line above its own is not known. */
static const struct form {
	uint32_t mask, bits;
	uint8_t kind, at, width, shift;
} forms[] = {
	{ 0xfc000000, 0x14000000, KIND_JUMP, 0, 26, 2 },
	{ 0xfc000000, 0x94000000, KIND_CALL, 0, 26, 2 },
	{ 0xff000000, 0x54000000, KIND_CONDITION, 5, 19, 2 },
	{ 0x7e000000, 0x34000000, KIND_CONDITION, 5, 19, 2 },
	{ 0x7e000000, 0x36000000, KIND_TEST, 5, 14, 2 },
	{ 0x9f000000, 0x10000000, KIND_ADDRESS, 5, 19, 2 },
	{ 0x9f000000, 0x90000000, KIND_PAGE, 5, 19, 2 },
	{ 0x3b000000, 0x18000000, KIND_LITERAL, 5, 19, 2 },
	{ 0xfffffc1f, 0xd63f0000, KIND_CALL_INDIRECT, 0, 0, 0 },
	{ 0xfefff800, 0xd63f0800, KIND_CALL_INDIRECT, 0, 0, 0 },
	{ 0xfe000000, 0xd6000000, KIND_PLAIN, 0, 0, 0 }, /* br, ret */
	{ 0xfe000000, 0xd4000000, KIND_PLAIN, 0, 0, 0 }, /* svc, brk, bti, mrs */
	{ 0x1c000000, 0x14000000, KIND_UNKNOWN, 0, 0, 0 },
	{ 0, 0, KIND_PLAIN, 0, 0, 0 },
};

static const struct form *form_of(uint32_t insn)
{
	const struct form *form = forms;

	while ((insn & form->mask) != form->bits)
		form++;
	return form;
}

/* Bytes from the instruction to what it refers to; of adrp, between their pages. */
static int64_t offset_of(uint32_t insn, const struct form *form)
{
	uint64_t value = insn >> form->at & ((1ul << form->width) - 1);
	uint64_t sign = 1ul << (form->width - 1);
	int64_t offset = (int64_t)((value ^ sign) - sign) * (1 << form->shift);

	if (form->kind == KIND_ADDRESS || form->kind == KIND_PAGE)
		offset |= insn >> 29 & 3;
	return form->kind == KIND_PAGE ? offset * 4096 : offset;
}

static uint32_t insn_at(const unsigned char *code)
{
	uint32_t insn;

	bytes_copy(&insn, code, sizeof(insn));
	return insn;
}

struct copy {
	unsigned char *at;
	bool in_reach;
};

static void emit(struct copy *copy, uint32_t insn)
{
	bytes_copy(copy->at, &insn, sizeof(insn));
	copy->at += sizeof(insn);
}

/* b */
static void emit_jump(struct copy *copy, uintptr_t target)
{
	int64_t words = (int64_t)(target - (uintptr_t)copy->at) / 4;

	if (words < -(1 << 25) || words >= 1 << 25)
		copy->in_reach = false;
	emit(copy, 0x14000000u | ((uint32_t)words & 0x03ffffffu));
}

/* movz, and movk three times */
static void emit_address(struct copy *copy, unsigned reg, uint64_t value)
{
	for (unsigned i = 0; i < 4; i++)
		emit(copy, (i ? 0xf2800000u : 0xd2800000u) | i << 21 |
				   (uint32_t)(value >> 16 * i & 0xffff) << 5 | reg);
}

/* The branch leads over a jump on to one to its target. */
static void emit_condition(struct copy *copy, uint32_t insn, const struct form *form,
			   uintptr_t target, uintptr_t next)
{
	uint32_t field = (uint32_t)((1ul << form->width) - 1) << form->at;

	emit(copy, (insn & ~field) | 2u << form->at);
	emit_jump(copy, next);
	emit_jump(copy, target);
}

/* The same load, of where x17 points. Returns false for one that there is not. */
static bool emit_load(struct copy *copy, uint32_t insn, uintptr_t target)
{
	static const uint32_t general[] = { 0xb9400000, 0xf9400000, 0xb9800000, 0xf9800000 };
	static const uint32_t vector[] = { 0xbd400000, 0xfd400000, 0x3dc00000, 0 };
	uint32_t load = (insn >> 26 & 1 ? vector : general)[insn >> 30];

	emit_address(copy, SCRATCH, target);
	emit(copy, load | SCRATCH << 5 | (insn & 31));
	return load;
}

/* As a jump, which differs by one bit. What it goes through, or authenticates with, must survive.
 */
static bool emit_indirect_call(struct copy *copy, uint32_t insn, uintptr_t next)
{
	if ((insn >> 5 & 31) == LINK || (insn & 31) == LINK)
		return false;
	emit_address(copy, LINK, next);
	emit(copy, insn & ~(1u << 21));
	return true;
}

static const char *emit_moved(struct copy *copy, uint32_t insn, uintptr_t from)
{
	const struct form *form = form_of(insn);
	uintptr_t next = from + sizeof(insn);
	uintptr_t target = from;

	if (form->width)
		target += (uintptr_t)offset_of(insn, form);
	switch (form->kind) {
	case KIND_CALL:
		emit_address(copy, LINK, next);
		/* fallthrough */
	case KIND_JUMP:
		emit_jump(copy, target);
		return NULL;
	case KIND_CONDITION:
	case KIND_TEST:
		emit_condition(copy, insn, form, target, next);
		return NULL;
	case KIND_CALL_INDIRECT:
		return emit_indirect_call(copy, insn, next)
			       ? NULL
			       : "its first instruction calls through x30";
	case KIND_LITERAL:
		if (!emit_load(copy, insn, target))
			return not_known;
		break;
	case KIND_UNKNOWN:
		return not_known;
	case KIND_PAGE:
		target -= from & 4095;
		/* fallthrough */
	case KIND_ADDRESS:
		emit_address(copy, insn & 31, target);
		break;
	default:
		emit(copy, insn);
	}
	emit_jump(copy, next);
	return NULL;
}

const char *patch_displace(unsigned char bytes[PATCH_COPY_MAX], const struct patch_code *function)
{
	struct copy copy = { bytes, true };
	const char *why;

	if (function->room < sizeof(uint32_t))
		return "its first instruction is not all there";
	why = emit_moved(&copy, insn_at(function->bytes), (uintptr_t)function->bytes);
	if (!why && !copy.in_reach)
		why = out_of_reach;
	return why;
}

/* Of one instruction only the beginning can be branched to. A call of it is one like any other. */
const char *patch_scan(const struct patch_code *function, size_t first)
{
	size_t size = function->size ? function->size : SCAN_MAX;

	if (first)
		return NULL;
	if (size > function->room)
		size = function->room;
	for (size_t at = 0; at + sizeof(uint32_t) <= size; at += sizeof(uint32_t)) {
		uint32_t insn = insn_at(function->bytes + at);
		const struct form *form = form_of(insn);

		if ((form->kind == KIND_JUMP || form->kind == KIND_CONDITION ||
		     form->kind == KIND_TEST) &&
		    (int64_t)at + offset_of(insn, form) == 0)
			return "it branches back to its first instruction, where the patch is";
	}
	return NULL;
}

/* No function is shorter than an instruction. */
bool patch_is_padding(const struct patch_code *function, size_t from)
{
	return false;
}
