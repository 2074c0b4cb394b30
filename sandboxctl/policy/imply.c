/* imply.c - decisions about what the library itself does in a locked phase; see imply.h. */
#include "imply.h"

#include "bind.h"
#include "needs.h"

#include <signal.h>
#include <string.h>

struct implying {
	struct context *context;
	const struct policy *policy;
	struct phase *phase;
	struct call_index *index;
};

static bool is_permission(enum action_kind kind)
{
	return kind == ACTION_ALLOW || kind == ACTION_LOG;
}

/* "openat where flags == O_PATH" as a rule of a text of its own. */
static const struct statement *parse_need(struct arena *arena, const char *rule)
{
	struct diagnostics ignored = { .arena = arena }; /* those of the policy may be full */
	struct source *source = ARENA_NEW(arena, struct source);
	const struct syntax *text;

	source->name = source->path = "";
	source->text = arena_printf(arena, "policy 1\nphase implied\nallow %s\n", rule);
	source->size = strlen(source->text);
	text = parse_policy(arena, &ignored, source);
	return &text->list[text->count - 1];
}

bool read_need(struct context *context, enum arch arch, const struct own_need *need,
	       struct implied *implied)
{
	const struct statement *rule = parse_need(context->arena, need->rule);
	const struct word *word = &rule->words.list[0];
	const struct syscall_name *name = names_syscall(word->text);

	if (name->number[arch] < 0)
		return false;
	*implied = (struct implied){
		.need = *need,
		.number = (uint32_t)name->number[arch],
		.condition = bind_to_call(context, rule->condition, arch, name, word),
		.text = rule->text,
	};
	return true;
}

static bool is_implied_already(const struct phase *phase, const struct implied *implied)
{
	for (size_t i = 0; i < phase->implied_count; i++) {
		const struct implied *other = &phase->implied[i];

		if (other->number == implied->number &&
		    (!other->text || (implied->text && !strcmp(other->text, implied->text))))
			return true;
	}
	return false;
}

static void imply(void *data, const struct own_need *need)
{
	const struct implying *implying = data;
	struct phase *phase = implying->phase;
	struct implied implied;

	if (read_need(implying->context, implying->policy->arch, need, &implied) &&
	    !is_implied_already(phase, &implied))
		*ARENA_PUSH(implying->context->arena, phase->implied, phase->implied_count) =
			implied;
}

/* What is needed stands in the list in any case; a decision only where the default is no help. */
static void add_implied(struct implying *implying, const struct implied *implied)
{
	const struct phase *phase = implying->phase;
	const struct syscall_name *name = names_number(implying->policy->arch, implied->number);
	struct call *call;

	if (phase->otherwise.action.kind == ACTION_ALLOW)
		return;
	call = take_call(implying->context, implying->index, implied->number, name, phase->place);
	*ARENA_PUSH(implying->context->arena, call->list, call->count) =
		(struct decision){ .action.kind = ACTION_ALLOW,
				   .condition = implied->condition,
				   .text = implied->text,
				   .place = phase->place,
				   .origin = ORIGIN_IMPLIED };
}

/* A program must not take the report's handler away. It is told that it did: an error here would
 * make programs stop that install handlers for every signal. */
static void guard_handler(struct implying *implying)
{
	const struct phase *phase = implying->phase;
	const struct syscall_name *name = names_syscall("rt_sigaction");
	struct condition *both = ARENA_NEW(implying->context->arena, struct condition);
	struct decision *decision;
	struct call *call;
	bool allowed = is_permission(phase->otherwise.action.kind);

	call = take_call(implying->context, implying->index,
			 (uint32_t)name->number[implying->policy->arch], name, phase->place);
	for (size_t i = 0; i < call->count; i++)
		allowed |= is_permission(call->list[i].action.kind);
	if (!allowed)
		return;
	both->kind = CONDITION_AND;
	both->left = make_test(implying->context->arena, 0, 32, TEST_EQ, SIGSYS);
	both->right = make_test(implying->context->arena, 1, 64, TEST_NE, 0);
	decision = ARENA_PUSH(implying->context->arena, call->list, call->count);
	*decision = (struct decision){ .action = { ACTION_ERRNO, 0 },
				       .condition = both,
				       .text = "sig == SIGSYS and act != 0",
				       .place = phase->place,
				       .origin = ORIGIN_GUARD };
}

static void refuse_denied_need(struct implying *implying, uint32_t number)
{
	const struct call *call = implying->index->list[number];

	for (size_t i = 0; call && i < call->count; i++)
		if (!is_permission(call->list[i].action.kind))
			diagnose(implying->context->diagnostics, ERROR, call->list[i].place,
				 "%s cannot be denied: the library itself needs it to lock",
				 call->name->name);
}

void add_needs(struct context *context, struct policy *policy, struct phase *phase,
	       struct call_index *index)
{
	struct implying implying = { context, policy, phase, index };

	each_need(context->arena, policy, phase, imply, &implying);
	for (size_t i = 0; i < phase->implied_count; i++) {
		const struct implied *implied = &phase->implied[i];

		if (!implied->need.later && !(implied->need.flags & NEED_SPARED))
			refuse_denied_need(&implying, implied->number);
		add_implied(&implying, implied);
	}
	if (phase->traps)
		guard_handler(&implying);
}
