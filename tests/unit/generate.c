/* generate.c - random policies that are right; see generate.h. */
#include "generate.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

void random_begin(struct random *random, uint64_t seed)
{
	random->state = (seed + 1) * 0x9e3779b97f4a7c15;
	for (int i = 0; i < 8; i++)
		random_next(random);
}

uint64_t random_next(struct random *random)
{
	uint64_t x = random->state;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	random->state = x;
	return x * 0x2545f4914f6cdd1d;
}

unsigned random_below(struct random *random, unsigned limit)
{
	return (unsigned)(random_next(random) >> 33) % limit;
}

unsigned long from_environment(const char *name, unsigned long otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoul(text, NULL, 10) : otherwise;
}

/* --- numbers ---------------------------------------------------------------------------------- */

static uint64_t width_bits(unsigned width)
{
	return width >= 64 ? UINT64_MAX : ((uint64_t)1 << width) - 1;
}

uint64_t random_edge(struct random *random, unsigned width)
{
	static const uint8_t edges[] = { 7, 8, 12, 15, 16, 31, 32, 33, 47, 62, 63 };
	uint64_t all = width_bits(width), number;

	switch (random_below(random, 6)) {
	case 0:
		number = random_below(random, 20);
		break;
	case 1: /* a few flags */
		number = random_next(random) & random_next(random) & random_next(random);
		break;
	case 2:
		number = all - random_below(random, 4);
		break;
	case 3:
		number = random_next(random);
		break;
	default:
		number = (uint64_t)1 << edges[random_below(random, COUNT(edges))];
		number += (uint64_t)random_below(random, 5) - 2;
		if (!random_below(random, 4))
			number += (uint64_t)1 << edges[random_below(random, COUNT(edges))];
	}
	return number & all;
}

/* --- conditions ------------------------------------------------------------------------------- */

struct operand {
	char name[64];
	unsigned width;
	bool is_signed;
};

static void choose_operand(struct generator *generator, const struct syscall_name *call,
			   struct operand *operand)
{
	unsigned slot = random_below(&generator->random, ARGUMENTS);
	const struct argument_name *argument;

	for (int i = 0; i < ARGUMENTS && call; i++)
		if (slot < call->count && call->arguments[slot].is_pointer)
			slot = (slot + 1) % ARGUMENTS;
	if (!call || slot >= call->count) {
		snprintf(operand->name, sizeof(operand->name), "arg%u", slot);
		operand->width = 64;
		operand->is_signed = false;
		return;
	}
	argument = &call->arguments[slot];
	snprintf(operand->name, sizeof(operand->name), "%s", argument->name);
	operand->width = argument->width;
	operand->is_signed = argument->is_signed;
}

/* A number in one of the spellings that it has. */
static void write_number(struct generator *generator, FILE *out, const struct operand *operand,
			 uint64_t number, bool signed_only)
{
	uint64_t sign = (uint64_t)1 << (operand->width - 1);
	uint64_t all = width_bits(operand->width);
	bool negative = number & sign;

	if (negative && (signed_only || !random_below(&generator->random, 4)))
		fprintf(out, "-%" PRIu64, (all - number) + 1);
	else if (random_below(&generator->random, 2))
		fprintf(out, "%" PRIu64, number);
	else
		fprintf(out, "0x%" PRIx64, number);
}

static void write_order(struct generator *generator, FILE *out, const struct operand *operand)
{
	static const char *const operators[] = { "<", ">=", "<=", ">" };
	unsigned op = random_below(&generator->random, COUNT(operators));
	uint64_t number = random_edge(&generator->random, operand->width);

	if (!operand->is_signed && !number && op < 2)
		number = 1; /* nothing is below 0 */
	fprintf(out, "%s %s ", operand->name, operators[op]);
	if (operand->is_signed)
		write_number(generator, out, operand, number, true);
	else
		fprintf(out, "%" PRIu64, number);
}

static void write_list(struct generator *generator, FILE *out, const struct operand *operand)
{
	fprintf(out, "%s %sin {", operand->name, random_below(&generator->random, 2) ? "not " : "");
	for (unsigned i = 1 + random_below(&generator->random, 5); i; i--) {
		write_number(generator, out, operand,
			     random_edge(&generator->random, operand->width), false);
		fputs(i > 1 ? ", " : "}", out);
	}
}

static uint64_t some_bits(struct generator *generator, const struct operand *operand)
{
	uint64_t bits = random_edge(&generator->random, operand->width);

	return bits ? bits : 1;
}

static void write_test(struct generator *generator, FILE *out, const struct operand *operand)
{
	uint64_t mask = some_bits(generator, operand);

	switch (random_below(&generator->random, 10)) {
	case 0:
	case 1:
	case 2:
	case 3:
		write_order(generator, out, operand);
		return;
	case 4:
		write_list(generator, out, operand);
		return;
	case 5:
		fprintf(out, "%s has 0x%" PRIx64, operand->name, mask);
		return;
	case 6:
		fprintf(out, "%s within 0x%" PRIx64, operand->name, mask);
		return;
	case 7:
		fprintf(out, "%s & 0x%" PRIx64 " %s 0x%" PRIx64, operand->name, mask,
			random_below(&generator->random, 2) ? "==" : "!=",
			mask & random_next(&generator->random));
		return;
	default:
		fprintf(out, "%s %s ", operand->name,
			random_below(&generator->random, 2) ? "==" : "!=");
		write_number(generator, out, operand,
			     random_edge(&generator->random, operand->width), false);
	}
}

/* `count` tests, joined in a random tree. */
static void write_condition(struct generator *generator, FILE *out, const struct syscall_name *call,
			    unsigned count)
{
	struct operand operand;
	unsigned left;

	if (count == 1) {
		choose_operand(generator, call, &operand);
		if (!random_below(&generator->random, 6))
			fputs("not ", out);
		write_test(generator, out, &operand);
		return;
	}
	left = 1 + random_below(&generator->random, count - 1);
	fputs(random_below(&generator->random, 4) ? "(" : "not (", out);
	write_condition(generator, out, call, left);
	fputs(random_below(&generator->random, 2) ? " and " : " or ", out);
	write_condition(generator, out, call, count - left);
	fputc(')', out);
}

/* --- lines ------------------------------------------------------------------------------------ */

static const char *action(struct generator *generator)
{
	return generator
		->actions[random_below(&generator->random, (unsigned)generator->action_count)];
}

/* The library needs these to lock: no policy may deny them. */
static bool is_needed(const char *name)
{
	static const char *const needed[] = { "rt_sigreturn", "futex", "rt_sigprocmask", "getpid" };

	for (size_t i = 0; i < COUNT(needed); i++)
		if (!strcmp(name, needed[i]))
			return true;
	return false;
}

/* A call of the table by chance, or NULL and a number that it lacks. */
static const struct syscall_name *choose_call(struct generator *generator, char *text, size_t size)
{
	const struct syscall_name *call = NULL;

	if (generator->calls) {
		unsigned i = random_below(&generator->random, (unsigned)generator->call_count);

		snprintf(text, size, "%s", generator->calls[i]);
		return names_syscall(text);
	}
	if (!random_below(&generator->random, 12)) {
		snprintf(text, size, "nr:%u", 900 + random_below(&generator->random, 100));
		return NULL;
	}
	while (!call || is_needed(call->name))
		call = names_number(generator->arch, random_below(&generator->random,
								  names_last(generator->arch) + 1));
	snprintf(text, size, "%s", call->name);
	return call;
}

/* One to six tests on a call, in one to three lines; then perhaps the call as a whole. */
static void write_call(struct generator *generator, FILE *out)
{
	unsigned tests = 1 + random_below(&generator->random, 6);
	const struct syscall_name *call;
	char name[64];

	call = choose_call(generator, name, sizeof(name));
	while (tests) {
		unsigned now = 1 + random_below(&generator->random, tests);

		fprintf(out, "%s %s where ", action(generator), name);
		write_condition(generator, out, call, now);
		fputc('\n', out);
		tests -= now;
	}
	/* Said twice of a call it could contradict itself: `override` never does. */
	if (!random_below(&generator->random, 3))
		fprintf(out, "%s%s %s\n", random_below(&generator->random, 8) ? "" : "override ",
			action(generator), name);
}

char *generate_policy(struct generator *generator)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	fprintf(out, "policy 1\nphase a\ntrigger main\ndefault %s\n", action(generator));
	if (random_below(&generator->random, 2))
		fprintf(out, "unknown %s\n", action(generator));
	for (unsigned i = 1 + random_below(&generator->random, 4); i; i--)
		write_call(generator, out);
	fclose(out);
	return text;
}
