/* verify.c - the compiled filter against the meaning of the text; see verify.h.
 *
 * All numbers of the table and beyond, other architectures, and for each condition the values at
 * its edges, in combination. The sample is random where all combinations are too many, but the
 * same in every run: a policy that compiles today compiles tomorrow.
 */
#include "verify.h"

#include "bpf.h"

#include <linux/audit.h>
#include <stdlib.h>
#include <string.h>

enum {
	NUMBERS_TRIED = 600,
	COMBINATIONS_MAX = 20000,
	SAMPLES = 10000,
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
	struct values values[ARGUMENTS]; /* to try, of the current call */
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

static bool try_call(struct verifier *verifier, uint32_t arch, uint32_t number,
		     const uint64_t arguments[ARGUMENTS])
{
	struct seccomp_data data = { .nr = (int)number,
				     .arch = arch,
				     .instruction_pointer = 0x7ffff7e0a1b2 };
	struct verdict verdict;
	uint32_t got;

	memcpy(data.args, arguments, sizeof(data.args));
	verdict = evaluate(verifier->policy, verifier->phase, arch, number, arguments);
	got = bpf_run(verifier->program->code, verifier->program->count, &data);
	verifier->tried++;
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
		*ARENA_PUSH(verifier->context->arena, values->list, values->count) = value;
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
	struct values *values = &verifier->values[test->slot];

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
	struct values *values = &verifier->values[test->slot];

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

/* --- combinations ----------------------------------------------------------------------------- */

static void any_arguments(struct verifier *verifier, uint64_t arguments[ARGUMENTS])
{
	for (int i = 0; i < ARGUMENTS; i++) {
		const struct values *values = &verifier->values[i];
		uint64_t random = next_random(verifier);

		arguments[i] = values->count ? values->list[random % values->count] : random;
	}
}

static bool try_all(struct verifier *verifier, uint32_t number, int argument,
		    uint64_t arguments[ARGUMENTS])
{
	const struct values *values;

	while (argument < ARGUMENTS && !verifier->values[argument].count)
		argument++;
	if (argument == ARGUMENTS)
		return try_call(verifier, arches[verifier->policy->arch].audit, number, arguments);
	values = &verifier->values[argument];
	for (size_t i = 0; i < values->count; i++) {
		arguments[argument] = values->list[i];
		if (!try_all(verifier, number, argument + 1, arguments))
			return false;
	}
	return true;
}

/* All values of every two arguments together, the others by chance; thinned when still too many. */
static bool try_pairs(struct verifier *verifier, uint32_t number)
{
	uint32_t arch = arches[verifier->policy->arch].audit;
	uint64_t arguments[ARGUMENTS];

	for (int a = 0; a < ARGUMENTS; a++) {
		for (int b = a + 1; b < ARGUMENTS; b++) {
			const struct values *first = &verifier->values[a];
			const struct values *second = &verifier->values[b];
			size_t pairs = first->count * second->count;
			size_t step = pairs / COMBINATIONS_MAX + 1;

			for (size_t i = 0; i < pairs; i += step) {
				any_arguments(verifier, arguments);
				arguments[a] = first->list[i % first->count];
				arguments[b] = second->list[i / first->count];
				if (!try_call(verifier, arch, number, arguments))
					return false;
			}
		}
	}
	for (int i = 0; i < SAMPLES; i++) {
		any_arguments(verifier, arguments);
		if (!try_call(verifier, arch, number, arguments))
			return false;
	}
	return true;
}

static bool try_conditions(struct verifier *verifier, const struct call *call)
{
	uint64_t arguments[ARGUMENTS], combinations = 1;

	memset(verifier->values, 0, sizeof(verifier->values));
	for (size_t i = 0; i < call->count; i++)
		add_condition_values(verifier, call->list[i].condition);
	for (int i = 0; i < ARGUMENTS; i++) {
		sort_values(&verifier->values[i]);
		if (verifier->values[i].count && combinations <= COMBINATIONS_MAX)
			combinations *= verifier->values[i].count;
	}
	any_arguments(verifier, arguments);
	if (combinations <= COMBINATIONS_MAX)
		return try_all(verifier, call->number, 0, arguments);
	return try_pairs(verifier, call->number);
}

bool verify_phase(struct context *context, const struct policy *policy, const struct phase *phase,
		  const struct program *program, unsigned long *tried)
{
	struct verifier *verifier = ARENA_NEW(context->arena, struct verifier);
	const char *why = bpf_check(program->code, program->count);
	bool same;

	*verifier = (struct verifier){ .context = context,
				       .policy = policy,
				       .phase = phase,
				       .program = program,
				       .random = 0x9e3779b97f4a7c15 };
	if (why) {
		diagnose(context->diagnostics, ERROR, phase->place,
			 "the compiled filter is wrong, please report this policy: %s", why);
		return false;
	}
	same = try_numbers(verifier) && try_foreign(verifier);
	for (size_t i = 0; i < phase->call_count && same; i++)
		same = try_conditions(verifier, &phase->calls[i]);
	*tried += verifier->tried;
	return same;
}
