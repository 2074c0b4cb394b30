/* bind.c - conditions for one call; see bind.h. */
#include "bind.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What an argument is to a test. */
struct operand {
	const char *name; /* as the text says it */
	const char *type;
	uint8_t slot, width;
	bool is_signed;
};

struct binding {
	struct context *context;
	enum arch arch;
	const struct syscall_name *call; /* or: */
	uint32_t hooks;
	const struct word *word;
	bool failed;
};

static struct diagnostic *fail(struct binding *binding, struct place place, const char *message)
{
	binding->failed = true;
	return diagnose(binding->context->diagnostics, ERROR, place, "%s", message);
}

#define TEXT(...) arena_printf(binding->context->arena, __VA_ARGS__)

/* --- numbers ---------------------------------------------------------------------------------- */

bool read_number(const char *text, uint64_t *bits, bool *is_negative)
{
	const char *digits = text + (*text == '-');
	char *end;

	if (*digits < '0' || *digits > '9')
		return false;
	errno = 0;
	*bits = strtoull(digits, &end, 0);
	*is_negative = *text == '-' && *bits;
	if (errno || *end || (*is_negative && *bits > (uint64_t)1 << 63))
		return false;
	if (*is_negative)
		*bits = -*bits;
	return true;
}

static bool read_term(struct binding *binding, const struct word *word, uint64_t *bits,
		      bool *is_negative)
{
	const struct constant_name *constant;
	struct diagnostic *diagnostic;
	struct nearest nearest;
	char first = word->text[*word->text == '-'];

	if (first >= '0' && first <= '9') {
		if (read_number(word->text, bits, is_negative))
			return true;
		fail(binding, word->place, TEXT("'%s' is not a number of 64 bits", word->text));
		return false;
	}
	constant = names_constant(word->text);
	if (constant) {
		*bits = constant->value[binding->arch];
		*is_negative = constant->is_negative;
		return true;
	}
	diagnostic = fail(binding, word->place, TEXT("no constant is called '%s'", word->text));
	names_nearest_constant(&nearest, word->text);
	nearest_hint(binding->context->diagnostics, diagnostic, &nearest);
	return false;
}

bool read_constant(struct context *context, enum arch arch, const struct word *word, uint64_t *bits,
		   bool *is_negative)
{
	struct binding binding = { .context = context, .arch = arch };

	return read_term(&binding, word, bits, is_negative);
}

static bool read_value(struct binding *binding, const struct value *value, uint64_t *bits,
		       bool *is_negative)
{
	*bits = 0;
	*is_negative = false;
	for (size_t i = 0; i < value->terms.count; i++) {
		uint64_t term;
		bool negative;

		if (!read_term(binding, &value->terms.list[i], &term, &negative))
			return false;
		*bits |= term;
		*is_negative |= negative;
	}
	return true;
}

static uint64_t width_bits(unsigned width)
{
	return width >= 64 ? UINT64_MAX : ((uint64_t)1 << width) - 1;
}

static bool is_ordering(enum test_op op)
{
	return op == TEST_LT || op == TEST_LE || op == TEST_GT || op == TEST_GE;
}

/* Whether a number can be compared with the argument at all. Equality compares bit patterns, so
 * -1 and 0xffffffff are the same there; an order needs a number that the type has. */
static const char *misfit(struct binding *binding, const struct operand *operand, enum test_op op,
			  uint64_t bits, bool is_negative)
{
	uint64_t mask = width_bits(operand->width);
	uint64_t sign = (uint64_t)1 << (operand->width - 1);

	if (is_negative ? bits < -sign : bits > mask)
		return TEXT(
			"this does not fit into '%s', of which the kernel looks at %u bits (%s)",
			operand->name, operand->width, operand->type);
	if (!is_ordering(op))
		return NULL;
	if (is_negative && !operand->is_signed)
		return TEXT("'%s' is never negative (%s)", operand->name, operand->type);
	if (!is_negative && operand->is_signed && bits >= sign)
		return TEXT("'%s' is signed and never that large (%s)", operand->name,
			    operand->type);
	if (!operand->is_signed && !bits && (op == TEST_LT || op == TEST_GE))
		return TEXT("'%s' is never below 0 (%s): this is always the same", operand->name,
			    operand->type);
	return NULL;
}

static bool take_value(struct binding *binding, const struct value *value,
		       const struct operand *operand, enum test_op op, uint64_t *bits)
{
	const char *why;
	bool is_negative;

	if (!read_value(binding, value, bits, &is_negative))
		return false;
	why = misfit(binding, operand, op, *bits, is_negative);
	if (why)
		fail(binding, value->place, why);
	*bits &= width_bits(operand->width);
	return !why;
}

/* --- arguments -------------------------------------------------------------------------------- */

/* What to do instead of looking behind a pointer. */
#define PATH_ADVICE                                                                                \
	"'read', 'write' and 'create' lines are about paths; or test the flags, or decide the "    \
	"call as a whole"

static const struct {
	const char *call, *type, *argument, *advice;
} pointer_advice[] = {
	{ "clone3", NULL, NULL,
	  "'errno ENOSYS clone3' makes programs use clone, whose flags can be tested" },
	{ "openat2", "struct open_how *", NULL,
	  "'errno ENOSYS openat2' makes programs use openat, whose flags can be tested" },
	{ NULL, "const char *", "filename", PATH_ADVICE },
	{ NULL, "const char *", "pathname", PATH_ADVICE },
	{ NULL, "const char *", "path", PATH_ADVICE },
	{ NULL, "const char *", "oldname", PATH_ADVICE },
	{ NULL, "const char *", "newname", PATH_ADVICE },
	{ NULL, "struct sockaddr *", NULL,
	  "'bind' and 'connect' lines are about TCP ports; or decide the call as a whole" },
	{ NULL, NULL, NULL, "test another argument, or decide the call as a whole" },
};

static void refuse_pointer(struct binding *binding, const struct word *word,
			   const struct argument_name *argument)
{
	size_t i = 0;

	for (; i < sizeof(pointer_advice) / sizeof(pointer_advice[0]) - 1; i++)
		if ((!pointer_advice[i].call ||
		     !strcmp(pointer_advice[i].call, binding->call->name)) &&
		    (!pointer_advice[i].type || !strcmp(pointer_advice[i].type, argument->type)) &&
		    (!pointer_advice[i].argument ||
		     !strcmp(pointer_advice[i].argument, argument->name)))
			break;
	fail(binding, word->place,
	     TEXT("'%s' of %s is a pointer (%s) and a filter cannot see what it points to: %s",
		  word->text, binding->call->name, argument->type, pointer_advice[i].advice));
}

int find_argument(const struct syscall_name *call, const char *text)
{
	for (int i = 0; call && i < call->count; i++)
		if (!strcmp(call->arguments[i].name, text))
			return i;
	if (!strncmp(text, "arg", 3) && text[3] >= '0' && text[3] < '0' + ARGUMENTS && !text[4])
		return text[3] - '0';
	return -1;
}

void no_argument(struct context *context, const struct syscall_name *name, const char *call,
		 const struct word *word)
{
	struct diagnostic *diagnostic;
	struct nearest nearest;
	const char *all = "";

	nearest_begin(&nearest, word->text);
	for (int i = 0; name && i < name->count; i++) {
		nearest_try(&nearest, name->arguments[i].name);
		all = arena_printf(context->arena, "%s%s%s", all, i ? ", " : "",
				   name->arguments[i].name);
	}
	diagnostic = diagnose(context->diagnostics, ERROR, word->place,
			      "%s has no argument called '%s'", call, word->text);
	nearest_hint(context->diagnostics, diagnostic, &nearest);
	if (!nearest.best)
		diagnostic->hint = *all ? arena_printf(context->arena, "its arguments are %s", all)
				   : name ? "it has no arguments"
					  : "arg0 to arg5 can be used";
}

void no_call(struct context *context, const struct word *word)
{
	struct diagnostic *diagnostic;
	struct nearest nearest;

	diagnostic = diagnose(context->diagnostics, ERROR, word->place,
			      "no system call is called '%s'", word->text);
	names_nearest_syscall(&nearest, word->text);
	nearest_hint(context->diagnostics, diagnostic, &nearest);
	if (!nearest.best)
		diagnostic->hint = "a call newer than these tables is named by number: nr:470";
}

static bool find_call_operand(struct binding *binding, const struct word *word,
			      struct operand *operand)
{
	const struct syscall_name *call = binding->call;
	int slot = find_argument(call, word->text);

	if (slot < 0) {
		no_argument(binding->context, call, binding->word->text, word);
		binding->failed = true;
		return false;
	}
	*operand = (struct operand){ word->text, "64 bits", (uint8_t)slot, 64, false };
	if (!call || slot >= call->count)
		return true;
	if (call->arguments[slot].is_pointer) {
		refuse_pointer(binding, word, &call->arguments[slot]);
		return false;
	}
	operand->type = call->arguments[slot].type;
	operand->width = call->arguments[slot].width;
	operand->is_signed = call->arguments[slot].is_signed;
	return true;
}

static bool find_slot_operand(struct binding *binding, const struct word *word,
			      struct operand *operand)
{
	int slot = names_slot(binding->hooks, word->text);
	struct diagnostic *diagnostic;
	struct nearest nearest;

	*operand = (struct operand){ word->text, "a signed number", (uint8_t)slot, 64, true };
	if (slot >= 0)
		return true;
	diagnostic = fail(
		binding, word->place,
		TEXT("a condition on %s cannot look at '%s'", binding->word->text, word->text));
	names_nearest_slot(&nearest, word->text, binding->hooks);
	if (nearest.best && names_slot(binding->hooks, nearest.best) >= 0)
		nearest_hint(binding->context->diagnostics, diagnostic, &nearest);
	return false;
}

/* --- trees ------------------------------------------------------------------------------------ */

static void bind_values(struct binding *binding, struct condition *test,
			const struct operand *operand)
{
	uint64_t within = width_bits(operand->width);

	if (test->mask) {
		if (!take_value(binding, test->mask, operand, TEST_EQ, &within))
			return;
		if (!within)
			fail(binding, test->mask->place, "this mask is 0: nothing is left to test");
	}
	test->bits = within;
	test->numbers = arena_alloc(binding->context->arena, test->count, sizeof(uint64_t));
	for (size_t i = 0; i < test->count; i++) {
		struct value *value = &test->values[i];

		if (!take_value(binding, value, operand, test->op, &test->numbers[i]))
			return;
		if (test->numbers[i] & ~within)
			fail(binding, value->place,
			     "this has bits that the mask takes away: they are never equal");
	}
	if (test->op == TEST_HAS && !test->numbers[0])
		fail(binding, test->values[0].place,
		     "this is 0, which every value has: compare with '&' and '==' instead");
}

static struct condition *bind(struct binding *binding, const struct condition *condition)
{
	struct condition *copy;
	struct operand operand;

	if (!condition)
		return NULL;
	copy = ARENA_NEW(binding->context->arena, struct condition);
	*copy = *condition;
	if (copy->kind != CONDITION_TEST) {
		copy->left = bind(binding, condition->left);
		copy->right = bind(binding, condition->right);
		return copy;
	}
	if (!(binding->hooks ? find_slot_operand(binding, &copy->argument, &operand)
			     : find_call_operand(binding, &copy->argument, &operand)))
		return copy;
	copy->slot = operand.slot;
	copy->width = operand.width;
	copy->is_signed = operand.is_signed;
	bind_values(binding, copy, &operand);
	return copy;
}

struct condition *bind_to_call(struct context *context, const struct condition *condition,
			       enum arch arch, const struct syscall_name *name,
			       const struct word *word)
{
	struct word shown = *word;
	struct binding binding = { context, arch, name, 0, &shown, false };
	struct condition *bound;

	if (name)
		shown.text = name->name;
	bound = bind(&binding, condition);
	return binding.failed ? NULL : bound;
}

struct condition *bind_to_hooks(struct context *context, const struct condition *condition,
				enum arch arch, uint32_t hooks, const struct word *word)
{
	struct binding binding = { context, arch, NULL, hooks, word, false };
	struct condition *bound = bind(&binding, condition);

	return binding.failed ? NULL : bound;
}

struct condition *make_test(struct arena *arena, unsigned slot, unsigned width, enum test_op op,
			    uint64_t number)
{
	struct condition *test = ARENA_NEW(arena, struct condition);

	test->kind = CONDITION_TEST;
	test->op = op;
	test->slot = (uint8_t)slot;
	test->width = (uint8_t)width;
	test->bits = width_bits(width);
	test->count = 1;
	test->numbers = ARENA_NEW(arena, uint64_t);
	test->numbers[0] = number;
	return test;
}
