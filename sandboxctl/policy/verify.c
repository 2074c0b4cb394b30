/* verify.c - the compiled filter against the meaning of the text; see verify.h.
 *
 * First a sample that knows nothing of how filters are made: all numbers of the table and beyond,
 * other architectures, and for each condition the values at its edges, in combination. It is
 * random, but the same in every run: a policy that compiles today compiles tomorrow.
 *
 * Then the proof. Verdict and answer depend on a call only by comparisons: those of the text's
 * tests, and those that the program makes (walk.c collects them from its instructions). Numbers
 * that no comparison tells apart get the same answer, and so do values of an argument. So one
 * number of each range, with one value of each class for every argument (partition.c), in all
 * combinations, stands for all calls that there are: 2^32 numbers and 2^384 arguments. Other
 * architectures are refused by the program's first three instructions.
 *
 * A call with more combinations than PROOF_MAX stays a sample, but a better one: all classes of
 * every two arguments together. Such calls are counted.
 */
#include "verify.h"

#include "bpf.h"
#include "walk.h"

#include <linux/audit.h>
#include <stdlib.h>
#include <string.h>

enum {
	NUMBERS_TRIED = 600,
	PROOF_MAX = 65536, /* combinations of classes that are all tried */
	PAIRS_MAX = 20000,
	SAMPLES = 10000,
	EDGES = 1000,
	VALUES_MAX = 4096,
};

struct values {
	uint64_t *list;
	size_t count;
};

struct verifier {
	struct context *context;
	const struct policy *policy;
	const struct phase *phase;
	const struct program *program;
	uint64_t random;
	unsigned long tried;
	struct arena *scratch; /* gone after the phase */
	struct walk walk;
	struct sorter *sorter;
	struct partition classes[ARGUMENTS]; /* of the current call */
	struct values edges[ARGUMENTS];
	uint32_t *numbers;
	size_t number_count;
	unsigned sampled;
};

static uint64_t next_random(struct verifier *verifier)
{
	uint64_t x = verifier->random;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return verifier->random = x;
}

/* --- one call --------------------------------------------------------------------------------- */

static const char *return_text(struct arena *arena, uint32_t value)
{
	return arena_printf(arena, "0x%08x", value);
}

static bool differ(struct verifier *verifier, const struct seccomp_data *data, uint32_t got,
		   struct verdict verdict)
{
	struct arena *arena = verifier->context->arena;
	const struct syscall_name *name = names_number(verifier->policy->arch, (uint32_t)data->nr);
	struct place place = verdict.decision ? verdict.decision->place : verifier->phase->place;
	uint64_t arguments[ARGUMENTS];

	memcpy(arguments, data->args, sizeof(arguments));
	diagnose(
		verifier->context->diagnostics, ERROR, place,
		"the compiled filter is wrong, please report this policy: architecture 0x%x, "
		"call %d (%s), arguments 0x%llx 0x%llx 0x%llx 0x%llx 0x%llx 0x%llx: it answers %s, "
		"the text says %s",
		data->arch, data->nr, name ? name->name : "unknown",
		(unsigned long long)arguments[0], (unsigned long long)arguments[1],
		(unsigned long long)arguments[2], (unsigned long long)arguments[3],
		(unsigned long long)arguments[4], (unsigned long long)arguments[5],
		return_text(arena, got), action_text(arena, verdict.action));
	return false;
}

static struct call *phase_call(const struct phase *phase, uint32_t number)
{
	const struct call *call = find_call(phase, number);

	return call ? &phase->calls[call - phase->calls] : NULL;
}

static bool try_call(struct verifier *verifier, uint32_t arch, uint32_t number,
		     const uint64_t arguments[ARGUMENTS])
{
	struct seccomp_data data = { .nr = (int)number,
				     .arch = arch,
				     .instruction_pointer = 0x7ffff7e0a1b2 };
	struct verdict verdict;
	struct call *call;
	uint32_t got;

	memcpy(data.args, arguments, sizeof(data.args));
	verdict = evaluate(verifier->policy, verifier->phase, arch, number, arguments);
	got = bpf_run(verifier->program->code, verifier->program->count, &data);
	verifier->tried++;
	if (verdict.decision) {
		call = phase_call(verifier->phase, number);
		call->list[verdict.decision - call->list].decided = true;
	}
	return got == action_return(verdict.action) || differ(verifier, &data, got, verdict);
}

/* A number with arguments that no condition was made for. */
static bool try_number(struct verifier *verifier, uint32_t arch, uint32_t number)
{
	static const uint64_t none[ARGUMENTS];
	uint64_t ones[ARGUMENTS], any[ARGUMENTS];

	for (int i = 0; i < ARGUMENTS; i++) {
		ones[i] = UINT64_MAX;
		any[i] = next_random(verifier);
	}
	return try_call(verifier, arch, number, none) && try_call(verifier, arch, number, ones) &&
	       try_call(verifier, arch, number, any);
}

/* --- all numbers ------------------------------------------------------------------------------ */

static bool try_numbers(struct verifier *verifier)
{
	static const uint32_t further[] = {
		1023,	    1024,	4095,	    65535,	0x3ffffffe, 0x3fffffff,
		0x40000000, 0x40000001, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff,
	};
	uint32_t arch = arches[verifier->policy->arch].audit;

	for (uint32_t number = 0; number < NUMBERS_TRIED; number++)
		if (!try_number(verifier, arch, number) ||
		    !try_number(verifier, arch, 0x40000000u | number))
			return false;
	for (size_t i = 0; i < sizeof(further) / sizeof(further[0]); i++)
		if (!try_number(verifier, arch, further[i]))
			return false;
	for (size_t i = 0; i < verifier->phase->call_count; i++)
		for (uint32_t near = 0; near < 3; near++)
			if (!try_number(verifier, arch,
					verifier->phase->calls[i].number + near - 1))
				return false;
	return true;
}

static bool try_foreign(struct verifier *verifier)
{
	static const uint32_t foreign[] = {
		AUDIT_ARCH_I386,
		AUDIT_ARCH_ARM,
		AUDIT_ARCH_X86_64,
		AUDIT_ARCH_AARCH64,
		AUDIT_ARCH_S390,
		AUDIT_ARCH_RISCV64,
		AUDIT_ARCH_PPC64LE,
		0,
		UINT32_MAX,
		AUDIT_ARCH_X86_64 ^ 1,
		AUDIT_ARCH_AARCH64 ^ 0x80000000,
	};

	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		if (foreign[i] == arches[verifier->policy->arch].audit)
			continue;
		for (uint32_t number = 0; number < NUMBERS_TRIED; number++)
			if (!try_number(verifier, foreign[i], number))
				return false;
		if (!try_number(verifier, foreign[i], UINT32_MAX))
			return false;
	}
	return try_number(verifier, (uint32_t)next_random(verifier), 1);
}

/* --- values at the edges of conditions -------------------------------------------------------- */

static int compare_values(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void add_value(struct verifier *verifier, struct values *values, uint64_t value)
{
	if (values->count < VALUES_MAX)
		*ARENA_PUSH(verifier->scratch, values->list, values->count) = value;
}

static void sort_values(struct values *values)
{
	size_t kept = 0;

	if (!values->count)
		return;
	qsort(values->list, values->count, sizeof(values->list[0]), compare_values);
	for (size_t i = 0; i < values->count; i++)
		if (!i || values->list[i] != values->list[i - 1])
			values->list[kept++] = values->list[i];
	values->count = kept;
}

/* A value, its neighbours, and each with other bits above the ones that the kernel looks at. */
static void add_edge(struct verifier *verifier, const struct condition *test, uint64_t value)
{
	static const uint64_t above[] = { 0, (uint64_t)1 << 32, UINT64_MAX << 32,
					  (uint64_t)0x5a5a5a5a << 32 };
	uint64_t width = test->width >= 64 ? UINT64_MAX : ((uint64_t)1 << test->width) - 1;
	struct values *values = &verifier->edges[test->slot];

	for (uint64_t near = 0; near < 3; near++) {
		uint64_t edge = (value + near - 1) & width;

		add_value(verifier, values, edge);
		for (size_t i = 1; i < 4 && test->width < 64; i++)
			add_value(verifier, values, edge | above[i]);
		if (test->width == 16)
			add_value(verifier, values, edge | 0x10000);
	}
}

static void add_test_values(struct verifier *verifier, const struct condition *test)
{
	static const uint64_t usual[] = { 0, (uint64_t)1 << 31, (uint64_t)1 << 32,
					  (uint64_t)1 << 63, UINT64_MAX };
	struct values *values = &verifier->edges[test->slot];

	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		add_edge(verifier, test, usual[i]);
	for (size_t i = 0; i < test->count; i++) {
		uint64_t number = test->numbers[i];

		add_edge(verifier, test, number);
		add_value(verifier, values, number | ~test->bits);
		add_value(verifier, values, ~number);
		/* Each bit wrong by itself; more than a few constants have enough in common. */
		for (int bit = 0; bit < 64 && i < 8; bit++)
			add_value(verifier, values, number ^ ((uint64_t)1 << bit));
	}
}

static void add_condition_values(struct verifier *verifier, const struct condition *condition)
{
	if (!condition)
		return;
	if (condition->kind == CONDITION_TEST) {
		add_test_values(verifier, condition);
		return;
	}
	add_condition_values(verifier, condition->left);
	add_condition_values(verifier, condition->right);
}

/* --- classes of values ------------------------------------------------------------------------ */

static void add_comparison(struct verifier *verifier, const struct condition *test, uint64_t mask,
			   uint64_t number, bool is_order)
{
	uint64_t sign = is_order && test->is_signed ? (uint64_t)1 << (test->width - 1) : 0;

	partition_add(&verifier->classes[test->slot],
		      (struct comparison){ mask, sign, number ^ sign, is_order });
}

/* As evaluate.c reads tests. With the sign bit turned over, signed numbers are ordered as
 * unsigned ones. */
static void add_test_comparisons(struct verifier *verifier, const struct condition *test)
{
	uint64_t width = test->width >= 64 ? UINT64_MAX : ((uint64_t)1 << test->width) - 1;
	uint64_t looked_at = width & test->bits, number = test->numbers[0];
	uint64_t last = test->is_signed ? width >> 1 : width;

	switch (test->op) {
	case TEST_EQ:
	case TEST_NE:
	case TEST_IN:
	case TEST_NOT_IN:
		for (size_t i = 0; i < test->count; i++)
			add_comparison(verifier, test, looked_at, test->numbers[i], false);
		break;
	case TEST_LT:
	case TEST_GE:
		add_comparison(verifier, test, looked_at, number, true);
		break;
	case TEST_LE:
	case TEST_GT:
		if (number != last) /* all are as small as the last one */
			add_comparison(verifier, test, looked_at, (number + 1) & width, true);
		break;
	case TEST_HAS:
		add_comparison(verifier, test, looked_at & number, number, false);
		break;
	case TEST_WITHIN:
		add_comparison(verifier, test, looked_at & ~number, 0, false);
		break;
	}
}

static void add_text_comparisons(struct verifier *verifier, const struct condition *condition)
{
	if (!condition)
		return;
	if (condition->kind == CONDITION_TEST) {
		add_test_comparisons(verifier, condition);
		return;
	}
	add_text_comparisons(verifier, condition->left);
	add_text_comparisons(verifier, condition->right);
}

/* False when not all comparisons are known, or not all classes. */
static bool find_classes(struct verifier *verifier, uint32_t number, const struct call *call)
{
	bool whole = true;

	for (int i = 0; i < ARGUMENTS; i++)
		partition_begin(&verifier->classes[i]);
	whole = walk_call(&verifier->walk, &number);
	for (size_t i = 0; call && i < call->count; i++)
		add_text_comparisons(verifier, call->list[i].condition);
	for (int i = 0; i < ARGUMENTS; i++) {
		struct partition *classes = &verifier->classes[i];

		partition_sort(classes, verifier->sorter, next_random(verifier));
		whole &= !classes->too_many;
	}
	return whole;
}

/* --- combinations ----------------------------------------------------------------------------- */

static void any_edges(struct verifier *verifier, uint64_t arguments[ARGUMENTS])
{
	for (int i = 0; i < ARGUMENTS; i++) {
		const struct values *edges = &verifier->edges[i];
		uint64_t random = next_random(verifier);

		arguments[i] = edges->count ? edges->list[(random >> 32) % edges->count] : random;
	}
}

static bool try_edges(struct verifier *verifier, const struct call *call, int count)
{
	uint64_t arguments[ARGUMENTS];

	memset(verifier->edges, 0, sizeof(verifier->edges));
	for (size_t i = 0; i < call->count; i++)
		add_condition_values(verifier, call->list[i].condition);
	for (int i = 0; i < ARGUMENTS; i++)
		sort_values(&verifier->edges[i]);
	for (int i = 0; i < count; i++) {
		any_edges(verifier, arguments);
		if (!try_call(verifier, arches[verifier->policy->arch].audit, call->number,
			      arguments))
			return false;
	}
	return true;
}

static bool try_classes(struct verifier *verifier, uint32_t number, int argument,
			uint64_t arguments[ARGUMENTS])
{
	const struct partition *classes = &verifier->classes[argument];

	if (argument == ARGUMENTS)
		return try_call(verifier, arches[verifier->policy->arch].audit, number, arguments);
	for (size_t i = 0; i < classes->value_count; i++) {
		arguments[argument] = classes->values[i];
		if (!try_classes(verifier, number, argument + 1, arguments))
			return false;
	}
	return true;
}

/* All classes of two arguments together, the others by chance; thinned when still too many. */
static bool try_pair(struct verifier *verifier, uint32_t number, int a, int b)
{
	const struct partition *first = &verifier->classes[a], *second = &verifier->classes[b];
	size_t pairs = first->value_count * second->value_count, step = pairs / PAIRS_MAX + 1;
	uint64_t arguments[ARGUMENTS];

	for (size_t i = 0; i < pairs; i += step) {
		for (int k = 0; k < ARGUMENTS; k++) {
			const struct partition *classes = &verifier->classes[k];

			arguments[k] = classes->values[(next_random(verifier) >> 32) %
						       classes->value_count];
		}
		arguments[a] = first->values[i % first->value_count];
		arguments[b] = second->values[i / first->value_count];
		if (!try_call(verifier, arches[verifier->policy->arch].audit, number, arguments))
			return false;
	}
	return true;
}

static bool try_pairs(struct verifier *verifier, uint32_t number)
{
	for (int a = 0; a < ARGUMENTS; a++)
		for (int b = a + 1; b < ARGUMENTS; b++)
			if (!try_pair(verifier, number, a, b))
				return false;
	return true;
}

/* --- the proof -------------------------------------------------------------------------------- */

static bool is_provable(const struct verifier *verifier)
{
	size_t combinations = 1;

	for (int i = 0; i < ARGUMENTS && combinations <= PROOF_MAX; i++)
		combinations *= verifier->classes[i].value_count;
	return combinations <= PROOF_MAX;
}

static bool prove_number(struct verifier *verifier, uint32_t number)
{
	struct call *call = phase_call(verifier->phase, number);
	bool provable = find_classes(verifier, number, call) && is_provable(verifier);
	uint64_t arguments[ARGUMENTS];

	if (call)
		call->proven = provable;
	if (provable)
		return try_classes(verifier, number, 0, arguments);
	verifier->sampled++;
	return try_pairs(verifier, number) && (!call || try_edges(verifier, call, SAMPLES));
}

static int compare_numbers(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void add_number(struct verifier *verifier, uint32_t number)
{
	*ARENA_PUSH(verifier->scratch, verifier->numbers, verifier->number_count) = number;
}

/* Each number at which a range begins: what the text and the program tell apart. */
static void find_ranges(struct verifier *verifier)
{
	const struct phase *phase = verifier->phase;

	verifier->number_count = 0;
	if (!walk_call(&verifier->walk, NULL))
		verifier->sampled++;
	for (size_t i = 0; i < verifier->walk.number_count; i++)
		add_number(verifier, verifier->walk.numbers[i]);
	for (uint32_t number = 0; number <= TABLE_NUMBERS; number++)
		add_number(verifier, number);
	for (size_t i = 0; i < phase->call_count; i++) {
		add_number(verifier, phase->calls[i].number);
		add_number(verifier, phase->calls[i].number + 1);
	}
	add_number(verifier, NUMBER_MAX + 1u);
	add_number(verifier, UINT32_MAX);
	qsort(verifier->numbers, verifier->number_count, sizeof(uint32_t), compare_numbers);
}

static bool prove(struct verifier *verifier)
{
	if (!walk_refuses_foreign(&verifier->walk, SECCOMP_RET_KILL_PROCESS))
		verifier->sampled++;
	find_ranges(verifier);
	for (size_t i = 0; i < verifier->number_count; i++)
		if ((!i || verifier->numbers[i] != verifier->numbers[i - 1]) &&
		    !prove_number(verifier, verifier->numbers[i]))
			return false;
	return true;
}

/* --- all together ----------------------------------------------------------------------------- */

static bool tests_arguments(const struct call *call)
{
	for (size_t i = 0; i < call->count; i++)
		if (call->list[i].condition)
			return true;
	return false;
}

static bool try_sample(struct verifier *verifier)
{
	if (!try_numbers(verifier) || !try_foreign(verifier))
		return false;
	for (size_t i = 0; i < verifier->phase->call_count; i++)
		if (tests_arguments(&verifier->phase->calls[i]) &&
		    !try_edges(verifier, &verifier->phase->calls[i], EDGES))
			return false;
	return true;
}

bool verify_phase(struct context *context, const struct policy *policy, const struct phase *phase,
		  const struct program *program, struct verified *verified)
{
	const char *why = bpf_check(program->code, program->count);
	struct arena scratch = { 0 };
	struct verifier *verifier;
	bool same;

	if (why) {
		diagnose(context->diagnostics, ERROR, phase->place,
			 "the compiled filter is wrong, please report this policy: %s", why);
		return false;
	}
	verifier = ARENA_NEW(&scratch, struct verifier);
	verifier->context = context;
	verifier->policy = policy;
	verifier->phase = phase;
	verifier->program = program;
	verifier->random = 0x9e3779b97f4a7c15;
	verifier->scratch = &scratch;
	verifier->sorter = sorter_new(&scratch);
	walk_begin(&verifier->walk, &scratch, program->code, program->count,
		   arches[policy->arch].audit, verifier->classes);
	same = try_sample(verifier) && prove(verifier);
	verified->tried += verifier->tried;
	verified->sampled += verifier->sampled;
	arena_free(&scratch);
	return same;
}
