/* walk.c - what a filter program asks about a call; see walk.h. */
#include "walk.h"

#include <linux/seccomp.h>
#include <stddef.h>

enum kind { NOTHING, KNOWN, WORD };

enum { NUMBER = WALK_ARGUMENTS, ARRIVALS = 2 }; /* the word after the arguments */

/* The accumulator: nothing yet, a known number, or (a half of a word & mask) ^ flip. */
struct accumulator {
	enum kind kind;
	uint8_t word;
	uint8_t shift; /* 32: the high half */
	uint32_t mask, flip;
};

struct walk_step {
	struct accumulator seen[ARRIVALS]; /* with which it was reached */
	unsigned count, turn;
};

struct walk_place {
	size_t at;
	struct accumulator accumulator;
};

void walk_begin(struct walk *walk, struct arena *arena, const struct sock_filter *code,
		size_t count, uint32_t arch, struct partition *words)
{
	*walk = (struct walk){
		.code = code,
		.count = count,
		.arch = arch,
		.words = words,
		.steps = arena_alloc(arena, count, sizeof(struct walk_step)),
		.stack = arena_alloc(arena, (size_t)ARRIVALS * count, sizeof(struct walk_place)),
		.numbers = arena_alloc(arena, (size_t)2 * ARRIVALS * count, sizeof(uint32_t)),
	};
}

/* --- the accumulator -------------------------------------------------------------------------- */

static struct accumulator known(uint32_t number)
{
	return (struct accumulator){ .kind = KNOWN, .flip = number };
}

static struct accumulator load(struct walk *walk, uint32_t offset, const uint32_t *number)
{
	struct accumulator word = { .kind = WORD, .mask = UINT32_MAX };

	if (offset == offsetof(struct seccomp_data, arch))
		return known(walk->arch);
	if (offset == offsetof(struct seccomp_data, nr)) {
		word.word = NUMBER;
		return number ? known(*number) : word;
	}
	if (offset < offsetof(struct seccomp_data, args)) {
		walk->lost = true; /* where the call comes from */
		return word;
	}
	offset -= offsetof(struct seccomp_data, args);
	word.word = (uint8_t)(offset / sizeof(uint64_t));
	word.shift = (uint8_t)(offset % sizeof(uint64_t) * 8);
	return word;
}

/* A known number has an empty mask, so these are right for both. */
static void compute(struct walk *walk, struct accumulator *accumulator,
		    const struct sock_filter *code)
{
	walk->lost |= accumulator->kind == NOTHING;
	switch (code->code) {
	case BPF_ALU | BPF_AND | BPF_K:
		accumulator->mask &= code->k;
		accumulator->flip &= code->k;
		break;
	case BPF_ALU | BPF_OR | BPF_K:
		accumulator->mask &= ~code->k;
		accumulator->flip |= code->k;
		break;
	case BPF_ALU | BPF_XOR | BPF_K:
		accumulator->flip ^= code->k;
		break;
	default:
		walk->lost = true;
	}
}

/* --- jumps ------------------------------------------------------------------------------------ */

static bool decide(const struct accumulator *accumulator, const struct sock_filter *code)
{
	switch (BPF_OP(code->code)) {
	case BPF_JEQ:
		return accumulator->flip == code->k;
	case BPF_JGE:
		return accumulator->flip >= code->k;
	case BPF_JGT:
		return accumulator->flip > code->k;
	default: /* BPF_JSET */
		return (accumulator->flip & code->k) != 0;
	}
}

/* The number is compared as it is, or the program is not followed. */
static void note_number(struct walk *walk, const struct accumulator *accumulator,
			const struct sock_filter *code)
{
	uint16_t op = BPF_OP(code->code);

	walk->lost |= accumulator->mask != UINT32_MAX || accumulator->flip || op == BPF_JSET;
	if (op == BPF_JEQ || op == BPF_JGE)
		walk->numbers[walk->number_count++] = code->k;
	if ((op == BPF_JEQ || op == BPF_JGT) && code->k != UINT32_MAX)
		walk->numbers[walk->number_count++] = code->k + 1;
}

static void note(struct walk *walk, const struct accumulator *accumulator,
		 const struct sock_filter *code)
{
	struct partition *partition = &walk->words[accumulator->word];
	struct comparison comparison = { .mask = accumulator->mask, .flip = accumulator->flip };
	uint64_t number = code->k;

	switch (BPF_OP(code->code)) {
	case BPF_JEQ:
		break;
	case BPF_JGT: /* greater than k: not less than k + 1 */
		if (number++ == UINT32_MAX)
			return;
		comparison.is_order = true;
		break;
	case BPF_JGE:
		comparison.is_order = true;
		break;
	default: /* BPF_JSET: not all of these bits are 0 */
		comparison.mask &= code->k;
		comparison.flip &= code->k;
		number = 0;
	}
	comparison.mask <<= accumulator->shift;
	comparison.flip <<= accumulator->shift;
	comparison.number = number << accumulator->shift;
	partition_add(partition, comparison);
}

static bool same(const struct accumulator *a, const struct accumulator *b)
{
	return a->kind == b->kind && a->word == b->word && a->shift == b->shift &&
	       a->mask == b->mask && a->flip == b->flip;
}

/* Goes on at `at` later, unless it was there already with the same accumulator. */
static void go(struct walk *walk, size_t at, struct accumulator accumulator)
{
	struct walk_step *step = &walk->steps[at];
	uint16_t class = BPF_CLASS(walk->code[at].code);

	if (class == BPF_LD || walk->code[at].code == (BPF_RET | BPF_K))
		accumulator = (struct accumulator){ .kind = NOTHING }; /* not used any more */
	if (step->turn != walk->turn)
		step->count = 0;
	step->turn = walk->turn;
	for (unsigned i = 0; i < step->count; i++)
		if (same(&step->seen[i], &accumulator))
			return;
	if (step->count == ARRIVALS) {
		walk->lost = true;
		return;
	}
	step->seen[step->count++] = accumulator;
	walk->stack[walk->stacked++] = (struct walk_place){ at, accumulator };
}

static void jump(struct walk *walk, size_t at, const struct accumulator *accumulator)
{
	const struct sock_filter *code = &walk->code[at];
	size_t next = at + 1;

	if (code->code == (BPF_JMP | BPF_JA)) {
		go(walk, next + code->k, *accumulator);
	} else if (BPF_SRC(code->code) != BPF_K || accumulator->kind == NOTHING) {
		walk->lost = true;
	} else if (accumulator->kind == KNOWN) {
		go(walk, next + (decide(accumulator, code) ? code->jt : code->jf), *accumulator);
	} else {
		if (accumulator->word == NUMBER)
			note_number(walk, accumulator, code);
		else
			note(walk, accumulator, code);
		go(walk, next + code->jt, *accumulator);
		go(walk, next + code->jf, *accumulator);
	}
}

/* --- the whole program ------------------------------------------------------------------------ */

static void follow(struct walk *walk, size_t at, struct accumulator accumulator,
		   const uint32_t *number)
{
	const struct sock_filter *code = &walk->code[at];

	if (code->code == (BPF_RET | BPF_K))
		return;
	if (BPF_CLASS(code->code) == BPF_JMP) {
		jump(walk, at, &accumulator);
		return;
	}
	if (code->code == (BPF_LD | BPF_W | BPF_ABS))
		accumulator = load(walk, code->k, number);
	else
		compute(walk, &accumulator, code);
	if (!walk->lost)
		go(walk, at + 1, accumulator);
}

bool walk_call(struct walk *walk, const uint32_t *number)
{
	walk->turn++;
	walk->stacked = 0;
	walk->number_count = 0;
	walk->lost = false;
	go(walk, 0, (struct accumulator){ .kind = NOTHING });
	while (walk->stacked && !walk->lost) {
		const struct walk_place *place = &walk->stack[--walk->stacked];

		follow(walk, place->at, place->accumulator, number);
	}
	return !walk->lost;
}

bool walk_refuses_foreign(const struct walk *walk, uint32_t value)
{
	const struct sock_filter *code = walk->code, *refusal;

	if (walk->count < 3 || code[0].code != (BPF_LD | BPF_W | BPF_ABS) ||
	    code[0].k != offsetof(struct seccomp_data, arch) ||
	    code[1].code != (BPF_JMP | BPF_JEQ | BPF_K) || code[1].k != walk->arch)
		return false;
	refusal = &code[2 + code[1].jf];
	return refusal->code == (BPF_RET | BPF_K) && refusal->k == value;
}
