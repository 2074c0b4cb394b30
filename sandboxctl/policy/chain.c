/* chain.c - conditions to classic BPF; see chain.h. */
#include "chain.h"

#include <linux/seccomp.h>

enum { NEAR = 255, WORD_BITS = 32 };

static size_t put(struct chain *chain, uint16_t code, uint32_t k, size_t jt, size_t jf)
{
	if (chain->used == BPF_MAXINSNS) {
		chain->full = true;
		return 0;
	}
	chain->code[BPF_MAXINSNS - 1 - chain->used] =
		(struct sock_filter){ code, (uint8_t)jt, (uint8_t)jf, k };
	return chain->used++;
}

static size_t distance(const struct chain *chain, size_t target)
{
	return chain->used - target - 1;
}

/* A conditional jump reaches 255 instructions: beyond that it goes by a plain jump. */
static size_t near(struct chain *chain, size_t target)
{
	if (distance(chain, target) + 2 <= NEAR)
		return target;
	return put(chain, BPF_JMP | BPF_JA, (uint32_t)distance(chain, target), 0, 0);
}

static size_t jump(struct chain *chain, uint16_t op, uint32_t k, size_t yes, size_t no)
{
	yes = near(chain, yes);
	no = near(chain, no);
	return put(chain, BPF_JMP | op | BPF_K, k, distance(chain, yes), distance(chain, no));
}

static size_t load(struct chain *chain, const struct condition *test, bool high)
{
	size_t offset = offsetof(struct seccomp_data, args) + 8ul * test->slot + (high ? 4 : 0);

	return put(chain, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

size_t chain_return(struct chain *chain, uint32_t value)
{
	return put(chain, BPF_RET | BPF_K, value, 0, 0);
}

/* --- one test --------------------------------------------------------------------------------- */

static size_t half_equal(struct chain *chain, const struct condition *test, bool high,
			 uint32_t mask, uint32_t value, size_t yes, size_t no)
{
	jump(chain, BPF_JEQ, value, yes, no);
	if (mask != UINT32_MAX)
		put(chain, BPF_ALU | BPF_AND | BPF_K, mask, 0, 0);
	return load(chain, test, high);
}

static size_t equal(struct chain *chain, const struct condition *test, uint64_t mask,
		    uint64_t value, size_t yes, size_t no)
{
	uint32_t low = (uint32_t)mask, high = (uint32_t)(mask >> WORD_BITS);

	if (low)
		yes = half_equal(chain, test, false, low, (uint32_t)value, yes, no);
	if (high)
		yes = half_equal(chain, test, true, high, (uint32_t)(value >> WORD_BITS), yes, no);
	return yes;
}

/* Greater (or equal). With the sign bit turned over, signed numbers compare as unsigned ones. */
static size_t greater(struct chain *chain, const struct condition *test, bool or_equal, size_t yes,
		      size_t no)
{
	uint64_t sign = test->is_signed ? (uint64_t)1 << (test->width - 1) : 0;
	uint64_t number = test->numbers[0] ^ sign;
	uint32_t low = (uint32_t)number, high = (uint32_t)(number >> WORD_BITS);
	size_t lower;

	jump(chain, or_equal ? BPF_JGE : BPF_JGT, low, yes, no);
	if ((uint32_t)sign)
		put(chain, BPF_ALU | BPF_XOR | BPF_K, (uint32_t)sign, 0, 0);
	if (test->width < WORD_BITS)
		put(chain, BPF_ALU | BPF_AND | BPF_K, (1u << test->width) - 1, 0, 0);
	lower = load(chain, test, false);
	if (test->width <= WORD_BITS)
		return lower;
	no = jump(chain, BPF_JEQ, high, lower, no);
	jump(chain, BPF_JGT, high, yes, no);
	if (sign)
		put(chain, BPF_ALU | BPF_XOR | BPF_K, (uint32_t)(sign >> WORD_BITS), 0, 0);
	return load(chain, test, true);
}

static size_t member(struct chain *chain, const struct condition *test, size_t yes, size_t no)
{
	for (size_t i = test->count; i; i--)
		no = equal(chain, test, test->bits, test->numbers[i - 1], yes, no);
	return no;
}

static size_t chain_test(struct chain *chain, const struct condition *test, size_t yes, size_t no)
{
	uint64_t all = test->width >= 64 ? UINT64_MAX : ((uint64_t)1 << test->width) - 1;
	uint64_t number = test->numbers[0];

	switch (test->op) {
	case TEST_EQ:
	case TEST_IN:
		return member(chain, test, yes, no);
	case TEST_NE:
	case TEST_NOT_IN:
		return member(chain, test, no, yes);
	case TEST_GT:
		return greater(chain, test, false, yes, no);
	case TEST_GE:
		return greater(chain, test, true, yes, no);
	case TEST_LT:
		return greater(chain, test, true, no, yes);
	case TEST_LE:
		return greater(chain, test, false, no, yes);
	case TEST_HAS:
		return equal(chain, test, number, number, yes, no);
	case TEST_WITHIN:
		return equal(chain, test, all & ~number, 0, yes, no);
	}
	return no;
}

size_t chain_condition(struct chain *chain, const struct condition *condition, size_t yes,
		       size_t no)
{
	if (!condition || chain->full)
		return yes;
	switch (condition->kind) {
	case CONDITION_TEST:
		return chain_test(chain, condition, yes, no);
	case CONDITION_AND:
		yes = chain_condition(chain, condition->right, yes, no);
		return chain_condition(chain, condition->left, yes, no);
	case CONDITION_OR:
		no = chain_condition(chain, condition->right, yes, no);
		return chain_condition(chain, condition->left, yes, no);
	case CONDITION_NOT:
		return chain_condition(chain, condition->left, no, yes);
	}
	return no;
}
