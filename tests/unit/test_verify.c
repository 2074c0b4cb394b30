/* test_verify.c - verification notices what is wrong: filters that were changed in one place.
 *
 * VERIFY_COUNT random policies (300) from VERIFY_SEED (1) on; of each, filters with one instruction
 * changed. A change that verification lets pass must be one that changes nothing: where it speaks
 * of proof, a long search for a call that is answered otherwise finds none.
 */
#include "generate.h"
#include "memory.h"

#include "policy/bpf.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

enum { CHANGES = 10, SEARCH = 2000 };

static unsigned long noticed, without_effect, unproven;

static void change_jump(struct random *random, struct sock_filter *code)
{
	uint8_t swap = code->jt;

	switch (random_below(random, 4)) {
	case 0:
		code->jt = (uint8_t)(code->jt + 1);
		break;
	case 1:
		code->jf = (uint8_t)(code->jf + 1);
		break;
	case 2:
		code->jt = code->jf;
		code->jf = swap;
		break;
	default: /* JEQ, JGT, JGE, JSET into each other */
		code->code ^= 0x10 << random_below(random, 3);
	}
}

static void change(struct random *random, struct sock_filter *code)
{
	if (BPF_CLASS(code->code) == BPF_JMP && random_below(random, 2))
		change_jump(random, code);
	else if (random_below(random, 2))
		code->k ^= 1u << random_below(random, 32);
	else
		code->k += random_below(random, 2) ? 1 : UINT32_MAX;
}

/* Numbers that the program knows, and their neighbours. */
static uint64_t number_of(struct random *random, const struct program *program)
{
	uint32_t low = program->code[random_below(random, (unsigned)program->count)].k;
	uint32_t high = program->code[random_below(random, (unsigned)program->count)].k;

	if (!random_below(random, 3))
		return random_edge(random, 64);
	return ((uint64_t)(random_below(random, 2) ? high : 0) << 32 | low) +
	       random_below(random, 3) - 1;
}

static void search_difference(struct random *random, const struct compiled *compiled,
			      const struct program *changed, unsigned long seed)
{
	const struct program *right = &compiled->phases[0].program;
	const struct phase *phase = &compiled->policy->phases[0];

	for (int i = 0; i < SEARCH; i++) {
		struct seccomp_data data = { .arch = arches[compiled->policy->arch].audit };
		unsigned call = random_below(random, (unsigned)phase->call_count);
		uint32_t expected;

		data.nr = random_below(random, 4) ? (int)phase->calls[call].number
						  : (int)number_of(random, right);
		for (int k = 0; k < ARGUMENTS; k++)
			data.args[k] = number_of(random, right);
		expected = bpf_run(right->code, right->count, &data);
		if (bpf_run(changed->code, changed->count, &data) == expected)
			continue;
		print_error("VERIFY_SEED=%lu: a changed filter passed: call %d\n", seed, data.nr);
		fail();
	}
}

static void try_change(struct memory *memory, const struct compiled *compiled,
		       struct random *random, unsigned long seed)
{
	const struct program *right = &compiled->phases[0].program;
	const struct phase *phase = &compiled->policy->phases[0];
	struct verified verified = { 0 };
	struct program changed = { .count = right->count };

	changed.code = arena_alloc(&memory->arena, right->count, sizeof(right->code[0]));
	memcpy(changed.code, right->code, right->count * sizeof(right->code[0]));
	change(random, &changed.code[random_below(random, (unsigned)right->count)]);
	if (bpf_check(changed.code, changed.count))
		return;
	if (!verify_phase(&memory->context, compiled->policy, phase, &changed, &verified)) {
		noticed++;
		return;
	}
	if (verified.sampled) {
		unproven++;
		return;
	}
	without_effect++;
	search_difference(random, compiled, &changed, seed);
}

static void changes_are_noticed(void **unused)
{
	static const char *const actions[] = { "allow", "allow", "errno EPERM", "trap", "kill" };
	unsigned long count = from_environment("VERIFY_COUNT", 300);
	unsigned long first = from_environment("VERIFY_SEED", 1);

	(void)unused;
	for (unsigned long seed = first; seed < first + count; seed++) {
		struct generator generator = { .arch = seed % 2 ? ARCH_X86_64 : ARCH_AARCH64,
					       .actions = actions,
					       .action_count = COUNT(actions) };
		struct compiled compiled;
		struct memory memory;
		char *text;

		random_begin(&generator.random, seed);
		text = generate_policy(&generator);
		memory_begin(&memory);
		if (memory_build(&memory, text, generator.arch, &compiled))
			for (int i = 0; i < CHANGES; i++)
				try_change(&memory, &compiled, &generator.random, seed);
		memory_end(&memory);
		free(text);
	}
	print_message("%lu changed filters were refused, %lu do the same as before, %lu passed a "
		      "sample\n",
		      noticed, without_effect, unproven);
	assert_true(noticed > 4 * count);
	assert_true(unproven <= count / 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes_are_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
