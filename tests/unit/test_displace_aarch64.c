/* test_displace_aarch64.c - copies of first instructions of A64, interpreted: they do what the
 * instruction does in its place. Runs on any machine.
 *
 * The interpreter knows what it needs to and nothing of displace-aarch64.c. An instruction of each
 * kind is made from its fields, with chance in them and in the registers; one step of it where it
 * stands is compared with its copy, run until it leaves the copy.
 */
#include "trigger/patch.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <sys/mman.h>
#include <cmocka.h>

enum { MIB = 1 << 20, ARENA = 300 * MIB, ROUNDS = 20000 };

/* A load or an instruction that the interpreter does not know: what happened, not what came of it.
 */
struct effect {
	uint32_t insn; /* of a load: without its address */
	uint64_t address;
};

struct state {
	uint64_t x[32]; /* x[31] reads as zero */
	unsigned flags; /* n z c v */
	uint64_t pc;
	struct effect effect;
};

static unsigned char *arena;
static uint64_t seed = 1;

static uint64_t chance(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed * 0x2545f4914f6cdd1dul;
}

static uint32_t bits(uint32_t insn, unsigned from, unsigned count)
{
	return insn >> from & ((1u << count) - 1);
}

static int64_t extended(uint64_t value, unsigned width)
{
	return (int64_t)(value << (64 - width)) >> (64 - width);
}

/* --- the interpreter -------------------------------------------------------------------------- */

static bool condition_holds(unsigned condition, unsigned flags)
{
	bool n = flags & 8, z = flags & 4, c = flags & 2, v = flags & 1, holds;

	switch (condition >> 1) {
	case 0:
		holds = z;
		break;
	case 1:
		holds = c;
		break;
	case 2:
		holds = n;
		break;
	case 3:
		holds = v;
		break;
	case 4:
		holds = c && !z;
		break;
	case 5:
		holds = n == v;
		break;
	case 6:
		holds = n == v && !z;
		break;
	default:
		return true;
	}
	return holds != (condition & 1);
}

static void set(struct state *state, unsigned reg, uint64_t value)
{
	if (reg != 31)
		state->x[reg] = value;
}

static void branch(struct state *state, bool taken, uint64_t field, unsigned width)
{
	state->pc += taken ? (uint64_t)extended(field, width) * 4 : 4;
}

static bool step_branch(struct state *state, uint32_t insn)
{
	uint64_t value = state->x[bits(insn, 0, 5)];
	unsigned bit = bits(insn, 31, 1) << 5 | bits(insn, 19, 5);

	if (bits(insn, 26, 5) == 5) { /* b, bl */
		if (insn >> 31)
			state->x[30] = state->pc + 4;
		branch(state, true, bits(insn, 0, 26), 26);
	} else if (insn >> 24 == 0x54) {
		branch(state, condition_holds(bits(insn, 0, 4), state->flags), bits(insn, 5, 19),
		       19);
	} else if (bits(insn, 25, 6) == 0x1a) { /* cbz, cbnz */
		value = insn >> 31 ? value : (uint32_t)value;
		branch(state, (value == 0) != bits(insn, 24, 1), bits(insn, 5, 19), 19);
	} else if (bits(insn, 25, 6) == 0x1b) { /* tbz, tbnz */
		branch(state, (value >> bit & 1) == bits(insn, 24, 1), bits(insn, 5, 14), 14);
	} else {
		return false;
	}
	return true;
}

/* br, blr, ret and the first two with authentication, of which the operands are what counts */
static bool step_register(struct state *state, uint32_t insn)
{
	bool is_signed = bits(insn, 11, 1);

	if (insn >> 25 != 0x6b || bits(insn, 16, 5) != 31 || bits(insn, 21, 3) > 2)
		return false;
	state->effect.insn = is_signed ? insn & ~(1u << 21) : 0;
	state->effect.address = is_signed && bits(insn, 24, 1) ? state->x[bits(insn, 0, 5)] : 0;
	state->pc += 4;
	if (bits(insn, 21, 2) == 1) {
		uint64_t link = state->pc;

		state->pc = state->x[bits(insn, 5, 5)];
		state->x[30] = link;
	} else {
		state->pc = state->x[bits(insn, 5, 5)];
	}
	return true;
}

/* `size` is log2 of bytes; `is_signed`, `is_prefetch`, `is_vector` say which load it is. */
static void load(struct state *state, uint32_t insn, unsigned size, unsigned kind, uint64_t address)
{
	state->effect.insn = size << 16 | kind << 8 | bits(insn, 0, 5);
	state->effect.address = address;
}

enum { KIND_GENERAL, KIND_SIGNED, KIND_PREFETCH, KIND_VECTOR };

static bool step_load(struct state *state, uint32_t insn)
{
	static const struct {
		uint32_t near, based;
		unsigned size, kind;
	} loads[] = {
		{ 0x18000000, 0xb9400000, 2, KIND_GENERAL },
		{ 0x58000000, 0xf9400000, 3, KIND_GENERAL },
		{ 0x98000000, 0xb9800000, 2, KIND_SIGNED },
		{ 0xd8000000, 0xf9800000, 3, KIND_PREFETCH },
		{ 0x1c000000, 0xbd400000, 2, KIND_VECTOR },
		{ 0x5c000000, 0xfd400000, 3, KIND_VECTOR },
		{ 0x9c000000, 0x3dc00000, 4, KIND_VECTOR },
	};

	for (size_t i = 0; i < sizeof(loads) / sizeof(*loads); i++) {
		if ((insn & 0xff000000) == loads[i].near)
			load(state, insn, loads[i].size, loads[i].kind,
			     state->pc + (uint64_t)extended(bits(insn, 5, 19), 19) * 4);
		else if ((insn & 0xfffffc00) == loads[i].based)
			load(state, insn, loads[i].size, loads[i].kind, state->x[bits(insn, 5, 5)]);
		else
			continue;
		state->pc += 4;
		return true;
	}
	return false;
}

static bool step_address(struct state *state, uint32_t insn)
{
	unsigned reg = bits(insn, 0, 5), shift = bits(insn, 21, 2) * 16;
	uint64_t field = (uint64_t)bits(insn, 5, 19) << 2 | bits(insn, 29, 2);
	uint64_t value = (uint64_t)bits(insn, 5, 16) << shift;

	if (bits(insn, 24, 5) == 0x10) /* adr, adrp */
		set(state, reg,
		    insn >> 31 ? (state->pc & ~4095ul) + ((uint64_t)extended(field, 21) << 12)
			       : state->pc + (uint64_t)extended(field, 21));
	else if (bits(insn, 23, 9) == 0x1a5) /* movz */
		set(state, reg, value);
	else if (bits(insn, 23, 9) == 0x1e5) /* movk */
		set(state, reg, (state->x[reg] & ~(0xfffful << shift)) | value);
	else
		return false;
	state->pc += 4;
	return true;
}

static void step(struct state *state)
{
	uint32_t insn;

	memcpy(&insn, (const void *)state->pc,
	       sizeof(insn)); /* NOLINT: an address is a number here */
	if (step_branch(state, insn) || step_register(state, insn) || step_load(state, insn) ||
	    step_address(state, insn))
		return;
	state->effect.insn = insn;
	state->pc += 4;
}

/* --- comparing -------------------------------------------------------------------------------- */

static struct state random_state(uint64_t pc)
{
	struct state state = { .pc = pc, .flags = chance() & 15 };

	for (int i = 0; i < 31; i++)
		state.x[i] = chance() % 4 ? chance() : 0;
	return state;
}

static bool is_copy(uint64_t pc, const unsigned char *copy)
{
	return pc - (uint64_t)copy < PATCH_COPY_MAX;
}

static void expect_same(uint32_t insn, const unsigned char *function, const unsigned char *copy)
{
	struct state here = random_state((uint64_t)function), there = here;
	unsigned steps = 0;

	there.pc = (uint64_t)copy;
	step(&here);
	while (is_copy(there.pc, copy) && steps++ < 16)
		step(&there);
	here.x[16] = there.x[16] = here.x[17] = there.x[17] =
		0; /* free at a function's beginning */
	if (memcmp(&here, &there, sizeof(here)) != 0)
		fail_msg("%08x at %p, copy at %p: pc %lx and %lx, x30 %lx and %lx, effect %x of "
			 "%lx and %x of %lx",
			 insn, (const void *)function, (const void *)copy, here.pc, there.pc,
			 here.x[30], there.x[30], here.effect.insn, here.effect.address,
			 there.effect.insn, there.effect.address);
}

static const char *displace(uint32_t insn, unsigned char *function, unsigned char *copy)
{
	const struct patch_code code = { function, 4, 4 };

	memcpy(function, &insn, sizeof(insn));
	return patch_displace(copy, &code);
}

/* An instruction without its fields, and which bits are. */
static const struct sample {
	const char *what;
	uint32_t insn, fields;
} samples[] = {
	{ "b", 0x14000000, 0x03ffffff },
	{ "bl", 0x94000000, 0x03ffffff },
	{ "b.cond", 0x54000000, 0x00ffffef },
	{ "bc.cond", 0x54000010, 0x00ffffef },
	{ "cbz, cbnz", 0x34000000, 0x81ffffff },
	{ "tbz, tbnz", 0x36000000, 0x81ffffff },
	{ "adr", 0x10000000, 0x60ffffff },
	{ "adrp", 0x90000000, 0x60ffffff },
	{ "ldr of 32 bits", 0x18000000, 0x00ffffff },
	{ "ldr of 64 bits", 0x58000000, 0x00ffffff },
	{ "ldrsw", 0x98000000, 0x00ffffff },
	{ "prfm", 0xd8000000, 0x00ffffff },
	{ "ldr of s", 0x1c000000, 0x00ffffff },
	{ "ldr of d", 0x5c000000, 0x00ffffff },
	{ "ldr of q", 0x9c000000, 0x00ffffff },
	{ "blr", 0xd63f0000, 0x000003e0 },
	{ "blraaz, blrabz", 0xd63f081f, 0x000007e0 },
	{ "blraa, blrab", 0xd73f0800, 0x000007ff },
	{ "br", 0xd61f0000, 0x000003e0 },
	{ "ret", 0xd65f0000, 0x000003e0 },
	{ "paciasp", 0xd503233f, 0 },
	{ "bti", 0xd503241f, 0x000000c0 },
	{ "stp x29, x30, [sp, #-32]!", 0xa9be7bfd, 0 },
	{ "sub sp, sp, #...", 0xd10003ff, 0x003ffc00 },
	{ "mrs x0, tpidr_el0", 0xd53bd040, 0 },
	{ "svc", 0xd4000001, 0x001fffe0 },
	{ "ldp q0, q1, [x0]", 0xad400400, 0 },
};

/* May be refused: through x30, and where a direct branch does not reach. */
static bool is_refused_rightly(uint32_t insn, const char *why, const unsigned char *function,
			       const unsigned char *copy)
{
	int64_t distance = (int64_t)(function - copy), offset = 0;

	if (strstr(why, "x30"))
		return bits(insn, 5, 5) == 30 || bits(insn, 0, 5) == 30;
	if (bits(insn, 26, 5) == 5)
		offset = extended(bits(insn, 0, 26), 26) * 4;
	else if (insn >> 24 == 0x54 || bits(insn, 25, 6) == 0x1a)
		offset = extended(bits(insn, 5, 19), 19) * 4;
	return strstr(why, "too far") && llabs(distance + offset) > 127 * MIB;
}

static void every_kind_of_instruction_does_the_same(void **unused)
{
	unsigned refused = 0, tried = 0;

	(void)unused;
	for (size_t s = 0; s < sizeof(samples) / sizeof(*samples); s++) {
		for (int i = 0; i < ROUNDS; i++) {
			uint32_t insn = samples[s].insn | ((uint32_t)chance() & samples[s].fields);
			unsigned char *function = arena + 100 * MIB + chance() % MIB / 4 * 4;
			unsigned char *copy = arena + chance() % 226 * MIB + chance() % 1024 * 4;
			const char *why;

			if (copy < function + 4 && function < copy + PATCH_COPY_MAX)
				continue;
			why = displace(insn, function, copy);
			tried++;
			refused += why != NULL;
			if (!why)
				expect_same(insn, function, copy);
			else if (!is_refused_rightly(insn, why, function, copy))
				fail_msg("%s, %08x: %s", samples[s].what, insn, why);
		}
	}
	assert_true(refused && refused < tried / 10);
}

static void what_is_no_instruction_or_not_there_is_refused(void **unused)
{
	unsigned char *function = arena + MIB, *copy = arena + 2 * MIB;
	const struct patch_code nothing = { function, 0, 3 };

	(void)unused;
	assert_non_null(displace(0xdc000000, function, copy)); /* ldr of a vector of no size */
	assert_non_null(patch_displace(copy, &nothing));
	assert_non_null(displace(0xd63f03c0, function, copy)); /* blr x30 */
	assert_null(displace(0xd63f03a0, function, copy));     /* blr x29 */
}

static void a_branch_out_of_reach_is_refused_and_the_last_in_reach_is_not(void **unused)
{
	unsigned char *copy = arena + MIB, *function = copy + 127 * MIB;

	(void)unused;
	/* b: from the copy's first word, 2^25 - 1 words are the most. */
	assert_null(displace(0x14000000 | (MIB / 4 - 1), function, copy));
	assert_non_null(displace(0x14000000 | MIB / 4, function, copy));
	expect_same(0x14000000 | (MIB / 4 - 1), function,
		    (displace(0x14000000 | (MIB / 4 - 1), function, copy), copy));
}

/* What a scan from the first instruction on says of `insn` at word `at` of a function of 8 words.
 */
static const char *scan(unsigned at, uint32_t insn, size_t size)
{
	static uint32_t words[8];
	const struct patch_code code = { (const unsigned char *)words, size, sizeof(words) };

	for (int i = 0; i < 8; i++)
		words[i] = 0xd503201f; /* nop */
	words[at] = insn;
	return patch_scan(&code, 0);
}

static void a_branch_back_to_the_first_instruction_is_noticed(void **unused)
{
	(void)unused;
	assert_null(scan(1, 0xd503201f, 32));
	assert_non_null(scan(0, 0x14000000, 32)); /* b to itself */
	assert_non_null(scan(2, 0x17fffffe, 32)); /* b .-8 */
	assert_null(scan(2, 0x17ffffff, 32));	  /* b .-4 */
	assert_null(scan(2, 0x97fffffe, 32));	  /* bl: a call of the function */
	assert_non_null(scan(7, 0x54ffff20, 32)); /* b.eq .-28 */
	assert_null(scan(7, 0x54ffff40, 32));	  /* b.eq .-24 */
	assert_null(scan(7, 0x54ffff20, 28));	  /* behind its end */
	assert_non_null(scan(7, 0x54ffff20, 0));  /* of no known size */
	assert_non_null(scan(3, 0x34ffffa1, 32)); /* cbz w1, .-12 */
	assert_non_null(scan(3, 0xb5ffffa1, 32)); /* cbnz x1, .-12 */
	assert_non_null(scan(3, 0xb60fffa1, 32)); /* tbz x1, #33, .-12 */
	assert_null(scan(3, 0x10ffffa1, 32));	  /* adr x1, .-12 */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_instruction_does_the_same),
		cmocka_unit_test(what_is_no_instruction_or_not_there_is_refused),
		cmocka_unit_test(a_branch_out_of_reach_is_refused_and_the_last_in_reach_is_not),
		cmocka_unit_test(a_branch_back_to_the_first_instruction_is_noticed),
	};

	arena = mmap(NULL, ARENA, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (arena == MAP_FAILED)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
