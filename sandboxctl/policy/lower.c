/* lower.c - decisions to a filter program; see lower.h.
 *
 * libseccomp builds the search tree over the numbers. It gets no conditions: it compiles some of
 * them wrongly (several ranges on one 64-bit argument), drops others without a word (beside an
 * unconditional rule of the same call), has no "otherwise" of a call and no signed or 16-bit
 * comparison. A call with conditions is a placeholder in its program, which becomes a jump to a
 * chain of our own (chain.c) behind it: strictest line first, and the first that matches decides.
 *
 * Its actions are placeholders too (TRACE with a number), for it has no errno in TRAP and refuses
 * actions that the kernel of the build machine lacks. And its beginning (architecture check of the
 * machine it runs on) is replaced by ours, which also answers the numbers that no table knows.
 */
#include "lower.h"

#include "chain.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* --- regions ---------------------------------------------------------------------------------- */

static bool is_permission(struct action action)
{
	return action.kind == ACTION_ALLOW || action.kind == ACTION_LOG;
}

struct lowering {
	struct arena *arena;
	struct lowered_call *lowered;
	struct cubes left; /* not decided yet */
	struct cubes guard;
	struct decision *guard_decision;
	bool too_many;
};

static void add_region(struct lowering *lowering, const struct cube *cube, struct action action,
		       struct decision *decision)
{
	struct lowered_call *lowered = lowering->lowered;

	if (lowered->count == CUBES_MAX)
		lowering->too_many = true;
	else
		*ARENA_PUSH(lowering->arena, lowered->regions, lowered->count) =
			(struct region){ *cube, action, decision };
}

/* `cubes` get the action, except where the guard takes the place of a permission. */
static void add_regions(struct lowering *lowering, const struct cubes *cubes, struct action action,
			struct decision *decision)
{
	struct cubes plain = *cubes, guarded = { 0 };

	if (is_permission(action) && lowering->guard_decision) {
		plain = cubes_minus(lowering->arena, cubes, &lowering->guard);
		guarded = cubes_and(lowering->arena, cubes, &lowering->guard);
	}
	for (size_t i = 0; i < plain.count; i++)
		add_region(lowering, &plain.list[i], action, decision);
	for (size_t i = 0; i < guarded.count; i++)
		add_region(lowering, &guarded.list[i], lowering->guard_decision->action,
			   lowering->guard_decision);
	lowering->too_many |= plain.too_many || guarded.too_many;
}

static void decide(struct lowering *lowering, struct decision *decision)
{
	struct cubes matched = cubes_of(lowering->arena, decision->condition), mine;

	mine = cubes_and(lowering->arena, &matched, &lowering->left);
	if (mine.too_many) {
		lowering->too_many = true;
		return;
	}
	if (!mine.count)
		return;
	decision->decided = true;
	add_regions(lowering, &mine, decision->action, decision);
	lowering->left = cubes_minus(lowering->arena, &lowering->left, &matched);
	lowering->too_many |= lowering->left.too_many;
}

static void decide_all(struct lowering *lowering, struct call *call, enum origin origin)
{
	for (int kind = ACTION_KILL; kind > ACTION_NONE; kind--)
		for (size_t i = 0; i < call->count && !lowering->too_many; i++)
			if (call->list[i].origin == origin &&
			    call->list[i].action.kind == (enum action_kind)kind)
				decide(lowering, &call->list[i]);
}

void find_regions(struct context *context, const struct policy *policy, const struct phase *phase,
		  struct call *call, struct lowered_call *lowered)
{
	struct lowering lowering = { .arena = context->arena,
				     .lowered = lowered,
				     .left = cubes_all(context->arena) };

	*lowered = (struct lowered_call){
		.call = call,
		.otherwise = phase_otherwise(policy, phase, call->number),
	};
	for (size_t i = 0; i < call->count; i++) {
		if (call->list[i].origin != ORIGIN_GUARD)
			continue;
		lowering.guard_decision = &call->list[i];
		lowering.guard = cubes_of(context->arena, call->list[i].condition);
	}
	decide_all(&lowering, call, ORIGIN_TEXT);
	decide_all(&lowering, call, ORIGIN_IMPLIED);
	if (is_permission(lowered->otherwise) && lowering.guard_decision)
		add_regions(&lowering, &lowering.left, lowered->otherwise, NULL);
	lowered->too_many = lowering.too_many;
	for (size_t i = 0; i < call->count && lowering.too_many; i++)
		call->list[i].decided = true; /* nobody knows */
}

bool always_allowed(const struct lowered_call *lowered)
{
	bool whole = false;

	if (lowered->too_many)
		return false;
	for (size_t i = 0; i < lowered->count; i++) {
		static const uint64_t none[ARGUMENTS];

		if (!is_permission(lowered->regions[i].action))
			return false;
		whole |= !memcmp(lowered->regions[i].cube.mask, none, sizeof(none));
	}
	return whole || is_permission(lowered->otherwise);
}

/* --- libseccomp ------------------------------------------------------------------------------- */

enum { ACTIONS_MAX = 4096, LINES_ORDERED_MAX = 2048 };

/* What a placeholder stands for: a return value, or the chain of a call. */
struct answer {
	bool is_chain;
	uint32_t value;
	size_t position; /* of the chain's first instruction */
};

struct builder {
	struct context *context;
	const struct policy *policy;
	const struct phase *phase;
	scmp_filter_ctx filter;
	struct answer answers[ACTIONS_MAX]; /* the first is the filter's default */
	uint32_t answer_count;
	struct chain chain;
};

static void fail(struct builder *builder, const char *problem, const char *detail)
{
	diagnose(builder->context->diagnostics, ERROR, builder->phase->place, "%s%s%s", problem,
		 *detail ? ": " : "", detail);
}

static uint32_t add_answer(struct builder *builder, struct answer answer)
{
	if (builder->answer_count == ACTIONS_MAX)
		builder->chain.full = true;
	else
		builder->answers[builder->answer_count++] = answer;
	return SCMP_ACT_TRACE(builder->answer_count - 1);
}

static uint32_t placeholder(struct builder *builder, struct action action)
{
	uint32_t value = action_return(action);

	for (uint32_t i = 0; i < builder->answer_count; i++)
		if (!builder->answers[i].is_chain && builder->answers[i].value == value)
			return SCMP_ACT_TRACE(i);
	return add_answer(builder, (struct answer){ .value = value });
}

/* The decisions of a call in the order in which they are asked, up to one that always holds. */
struct order {
	const struct decision *list[LINES_ORDERED_MAX];
	size_t count;
	bool is_complete; /* the last one always holds */
	const struct decision *guard;
};

static void add_in_order(struct order *order, const struct call *call, enum origin origin)
{
	for (int kind = ACTION_KILL; kind > ACTION_NONE; kind--) {
		for (size_t i = 0; i < call->count && !order->is_complete; i++) {
			const struct decision *decision = &call->list[i];

			if (decision->origin != origin ||
			    decision->action.kind != (enum action_kind)kind ||
			    order->count == LINES_ORDERED_MAX)
				continue;
			order->list[order->count++] = decision;
			order->is_complete = !decision->condition;
		}
	}
}

static void put_in_order(struct order *order, const struct call *call)
{
	order->count = 0;
	order->is_complete = false;
	order->guard = NULL;
	for (size_t i = 0; i < call->count; i++)
		if (call->list[i].origin == ORIGIN_GUARD)
			order->guard = &call->list[i];
	add_in_order(order, call, ORIGIN_TEXT);
	add_in_order(order, call, ORIGIN_IMPLIED);
}

static size_t add_outcome(struct chain *chain, const struct order *order, struct action action)
{
	size_t at = chain_return(chain, action_return(action)), instead;

	if (!order->guard || !is_permission(action))
		return at;
	instead = chain_return(chain, action_return(order->guard->action));
	return chain_condition(chain, order->guard->condition, instead, at);
}

/* From the last decision to the first, as chains are written. */
static size_t add_chain(struct chain *chain, const struct order *order, struct action otherwise)
{
	size_t count = order->count, next;

	if (order->is_complete)
		next = add_outcome(chain, order, order->list[--count]->action);
	else
		next = add_outcome(chain, order, otherwise);
	while (count--) {
		const struct decision *decision = order->list[count];
		size_t outcome = add_outcome(chain, order, decision->action);

		next = chain_condition(chain, decision->condition, outcome, next);
	}
	return next;
}

static bool add_call(struct builder *builder, const struct call *call, struct order *order)
{
	struct action action = phase_otherwise(builder->policy, builder->phase, call->number);
	uint32_t answer;
	int result;

	put_in_order(order, call);
	if (order->is_complete && order->count == 1)
		action = order->list[0]->action;
	if (order->count > order->is_complete || (order->guard && is_permission(action)))
		answer = add_answer(
			builder,
			(struct answer){ .is_chain = true,
					 .position = add_chain(&builder->chain, order, action) });
	else
		answer = placeholder(builder, action);
	if (answer == SCMP_ACT_TRACE(0)) /* libseccomp refuses a rule that is its default */
		return true;
	result = seccomp_rule_add_exact_array(builder->filter, answer, (int)call->number, 0, NULL);
	if (result)
		fail(builder, "libseccomp refuses a rule", strerror(-result));
	return !result;
}

static bool add_calls(struct builder *builder)
{
	struct order *order = ARENA_NEW(builder->context->arena, struct order);
	bool good = true;

	for (size_t i = 0; i < builder->phase->call_count && good; i++)
		good = add_call(builder, &builder->phase->calls[i], order);
	return good;
}

static bool export_program(struct builder *builder, struct program *program)
{
	int file = memfd_create("filter", MFD_CLOEXEC), result;
	ssize_t size = 0, got = 0;

	if (file < 0) {
		fail(builder, "no memory for the filter", strerror(errno));
		return false;
	}
	result = seccomp_export_bpf(builder->filter, file);
	if (!result)
		size = lseek(file, 0, SEEK_END);
	if (size > 0) {
		program->code = arena_alloc(builder->context->arena, (size_t)size, 1);
		got = pread(file, program->code, (size_t)size, 0);
	}
	close(file);
	program->count = (size_t)size / sizeof(program->code[0]);
	if (!result && size > 0 && got == size)
		return true;
	fail(builder, "libseccomp cannot write the filter", strerror(result ? -result : EIO));
	return false;
}

static bool build(struct builder *builder, struct program *program)
{
	bool built;

	builder->filter = seccomp_init(placeholder(builder, builder->phase->otherwise.action));
	if (!builder->filter) {
		fail(builder, "libseccomp cannot begin a filter", "");
		return false;
	}
	/* A tree over the numbers instead of a list; our beginning kills foreign calls already,
	 * so what libseccomp does with them never matters. */
	built = !seccomp_attr_set(builder->filter, SCMP_FLTATR_CTL_OPTIMIZE, 2) &&
		!seccomp_attr_set(builder->filter, SCMP_FLTATR_ACT_BADARCH,
				  placeholder(builder, (struct action){ ACTION_KILL, 0 }));
	if (!built)
		fail(builder, "this libseccomp is older than 2.5", "");
	built = built && add_calls(builder) && export_program(builder, program);
	seccomp_release(builder->filter);
	return built;
}

/* --- the program's beginning and its return values -------------------------------------------- */

struct range {
	uint32_t first, last;
};

/* Ranges of numbers that neither the table nor a line knows. */
static size_t unknown_ranges(const struct builder *builder, struct range *ranges, size_t room)
{
	enum arch arch = builder->policy->arch;
	uint32_t first = 0, end = arch == ARCH_X86_64 ? NUMBER_MAX : UINT32_MAX;
	size_t count = 0;

	for (uint32_t number = 0; number < TABLE_NUMBERS; number++) {
		if (!names_number(arch, number) && !find_call(builder->phase, number))
			continue;
		if (number > first && count < room)
			ranges[count++] = (struct range){ first, number - 1 };
		first = number + 1;
	}
	/* Lines may name numbers far beyond the table. */
	for (size_t i = 0; i < builder->phase->call_count; i++) {
		uint32_t number = builder->phase->calls[i].number;

		if (number < TABLE_NUMBERS)
			continue;
		if (number > first && count < room)
			ranges[count++] = (struct range){ first, number - 1 };
		first = number + 1;
	}
	if (count < room)
		ranges[count++] = (struct range){ first, end };
	return count;
}

static void emit(struct program *program, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
	program->code[program->count++] = (struct sock_filter){ code, jt, jf, k };
}

static void emit_unknown(const struct builder *builder, struct program *program)
{
	uint32_t value = action_return(builder->phase->unknown.action);
	struct range ranges[TABLE_NUMBERS];
	size_t count;

	if (!builder->phase->unknown.action.kind || value == builder->answers[0].value)
		return;
	count = unknown_ranges(builder, ranges, TABLE_NUMBERS);
	for (size_t i = 0; i < count; i++) {
		if (ranges[i].first == ranges[i].last) {
			emit(program, BPF_JMP | BPF_JEQ | BPF_K, ranges[i].first, 0, 1);
		} else {
			if (ranges[i].first)
				emit(program, BPF_JMP | BPF_JGE | BPF_K, ranges[i].first, 0, 2);
			emit(program, BPF_JMP | BPF_JGT | BPF_K, ranges[i].last, 1, 0);
		}
		emit(program, BPF_RET | BPF_K, value, 0, 0);
	}
	if (builder->policy->arch == ARCH_X86_64) { /* -1, see is_foreign() of evaluate.c */
		emit(program, BPF_JMP | BPF_JEQ | BPF_K, UINT32_MAX, 0, 1);
		emit(program, BPF_RET | BPF_K, value, 0, 0);
	}
}

static void emit_beginning(const struct builder *builder, struct program *program)
{
	enum arch arch = builder->policy->arch;

	emit(program, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
	emit(program, BPF_JMP | BPF_JEQ | BPF_K, arches[arch].audit, 1, 0);
	emit(program, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
	emit(program, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
	if (arch == ARCH_X86_64) {
		emit(program, BPF_JMP | BPF_JGT | BPF_K, NUMBER_MAX, 0, 2);
		emit(program, BPF_JMP | BPF_JEQ | BPF_K, UINT32_MAX, 1, 0);
		emit(program, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
	}
	emit_unknown(builder, program);
}

static bool is_code(const struct sock_filter *code, uint16_t what, uint32_t k)
{
	return code->code == what && code->k == k;
}

/* How many instructions libseccomp's own beginning has: load the architecture, compare, load the
 * number, and on x86-64 refuse x32. What follows expects the number in the accumulator. */
static size_t own_beginning(const struct program *program)
{
	const struct sock_filter *code = program->code;

	if (program->count < 4 ||
	    !is_code(&code[0], BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)) ||
	    !is_code(&code[1], BPF_JMP | BPF_JEQ | BPF_K, arches[ARCH_NATIVE].audit) ||
	    code[1].jt || !is_code(&code[2], BPF_LD | BPF_W | BPF_ABS, 0))
		return 0;
	if (is_code(&code[3], BPF_JMP | BPF_JGE | BPF_K, NUMBER_MAX + 1u))
		return 4u + code[3].jf;
	return 3;
}

/* Placeholders become what they stand for. `end`: instructions from the first to where the chain
 * ends. */
static bool replace_answers(const struct builder *builder, struct sock_filter *code, size_t count,
			    size_t end)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t index = code[i].k & SECCOMP_RET_DATA;
		const struct answer *answer;

		if (code[i].code != (BPF_RET | BPF_K))
			continue;
		if ((code[i].k & ~SECCOMP_RET_DATA) != SECCOMP_RET_TRACE ||
		    index >= builder->answer_count)
			return false;
		answer = &builder->answers[index];
		if (answer->is_chain)
			code[i] = (struct sock_filter){ BPF_JMP | BPF_JA, 0, 0,
							(uint32_t)(end - 1 - answer->position - i -
								   1) };
		else
			code[i].k = answer->value;
	}
	return true;
}

static void append(struct program *program, const struct sock_filter *code, size_t count)
{
	if (count)
		memcpy(program->code + program->count, code, count * sizeof(*code));
	program->count += count;
}

/* Our beginning, the tree over the numbers, the chains. */
static void join(const struct builder *builder, struct program *program,
		 const struct program *theirs, size_t skip)
{
	program->count = 0;
	program->code = arena_alloc(builder->context->arena,
				    4 * TABLE_NUMBERS + 16 + theirs->count + builder->chain.used,
				    sizeof(program->code[0]));
	emit_beginning(builder, program);
	append(program, theirs->code + skip, theirs->count - skip);
	append(program, chain_code(&builder->chain), builder->chain.used);
}

bool lower_phase(struct context *context, const struct policy *policy, const struct phase *phase,
		 struct program *program)
{
	struct builder *builder = ARENA_NEW(context->arena, struct builder);
	struct program theirs = { 0 };
	size_t skip;

	builder->context = context;
	builder->policy = policy;
	builder->phase = phase;
	if (!build(builder, &theirs))
		return false;
	skip = own_beginning(&theirs);
	if (!skip || skip >= theirs.count ||
	    !replace_answers(builder, theirs.code, theirs.count,
			     theirs.count + builder->chain.used)) {
		fail(builder, "this libseccomp writes filters that begin in another way", "");
		return false;
	}
	join(builder, program, &theirs, skip);
	if (!builder->chain.full && program->count <= BPF_MAXINSNS)
		return true;
	fail(builder,
	     "the filter is larger than the kernel takes (4096 instructions): make conditions "
	     "simpler",
	     "");
	return false;
}
