/* resolve.c - a text to decisions, all names looked up; see policy.h.
 *
 * In order: texts are put together (texts.c), each phase's lines become decisions per call,
 * triggers become tests (triggers.c), and what the library itself needs is added (imply.c).
 */
#include "bind.h"
#include "calls.h"
#include "expand.h"
#include "imply.h"
#include "steps.h"
#include "texts.h"
#include "triggers.h"

#include <string.h>

enum { LINES_MAX = 1024 };

struct resolver {
	struct context *context;
	struct arena *arena;
	struct policy *policy;
	struct expander expander;
	struct call_index *index; /* of the current phase */
};

static struct diagnostic *fail(struct resolver *resolver, struct place place, const char *message)
{
	return diagnose(resolver->context->diagnostics, ERROR, place, "%s", message);
}

#define TEXT(...) arena_printf(resolver->arena, __VA_ARGS__)

/* --- rules ------------------------------------------------------------------------------------ */

/* Both say what always happens to the call, equally strictly, but not the same. */
static const struct decision *contradiction(const struct call *call, const struct decision *added)
{
	for (size_t i = 0; i < call->count && !added->condition; i++) {
		const struct decision *other = &call->list[i];

		if (!other->condition && other->action.kind == added->action.kind &&
		    other->action.error != added->action.error)
			return other;
	}
	return NULL;
}

static bool is_repeated(const struct call *call, const struct decision *added)
{
	for (size_t i = 0; i < call->count && !added->condition; i++)
		if (!call->list[i].condition &&
		    (call->list[i].action.kind == added->action.kind ||
		     (!added->named && call->list[i].action.kind > added->action.kind)))
			return true;
	return false;
}

static void add_decision(struct resolver *resolver, struct call *call, const struct decision *added)
{
	const struct decision *other = contradiction(call, added);

	if (other) {
		fail(resolver, added->place,
		     TEXT("%s: '%s' contradicts '%s' at %s: remove one, or write 'override'",
			  call->name ? call->name->name : "this number",
			  action_text(resolver->arena, added->action),
			  action_text(resolver->arena, other->action),
			  place_text(resolver->arena, other->place)));
	} else if (is_repeated(call, added)) {
		return;
	} else if (call->count == LINES_MAX) {
		fail(resolver, added->place,
		     TEXT("more than %d lines decide the same call", LINES_MAX));
	} else {
		*ARENA_PUSH(resolver->arena, call->list, call->count) = *added;
	}
}

/* A rule while the words of its line are gone through. */
struct adding {
	struct resolver *resolver;
	const struct statement *statement;
};

static void add_rule_to_call(void *data, uint32_t number, const struct syscall_name *name,
			     const struct word *word)
{
	const struct adding *adding = data;
	struct resolver *resolver = adding->resolver;
	const struct statement *statement = adding->statement;
	struct decision decision = {
		.action = statement->action,
		.text = statement->text,
		.place = word->place,
		.named = word->text[0] != '@',
	};
	struct call *call =
		take_call(resolver->context, resolver->index, number, name, word->place);

	if (!call)
		return;
	if (statement->condition) {
		decision.condition = bind_to_call(resolver->context, statement->condition,
						  resolver->policy->arch, name, word);
		if (!decision.condition)
			return;
	}
	add_decision(resolver, call, &decision);
}

/* `override`: what earlier lines said of these calls is forgotten, before any of it is added. */
static void forget_call(void *data, uint32_t number, const struct syscall_name *name,
			const struct word *word)
{
	const struct adding *adding = data;
	struct call *call = take_call(adding->resolver->context, adding->resolver->index, number,
				      name, word->place);

	if (call)
		call->count = 0;
}

static void add_rule(struct resolver *resolver, const struct statement *statement)
{
	struct adding adding = { resolver, statement };
	const struct words *words = &statement->words;

	for (size_t i = 0; i < words->count && statement->override; i++)
		expand_word(&resolver->expander, &words->list[i], true, &adding, forget_call);
	for (size_t i = 0; i < words->count; i++)
		expand_word(&resolver->expander, &words->list[i], false, &adding, add_rule_to_call);
}

/* --- phases ----------------------------------------------------------------------------------- */

/* What only the nearest text says: two were equally near. */
static void check_conflict(struct resolver *resolver, const char *word, struct place place,
			   struct place conflict)
{
	if (conflict.source)
		fail(resolver, conflict,
		     TEXT("'%s' is said differently at %s, in a text included just as near: say it "
			  "in the policy itself",
			  word, place_text(resolver->arena, place)));
}

static void resolve_phase(struct resolver *resolver, struct phase *phase)
{
	for (size_t i = 0; i < phase->rules.count; i++) {
		add_rule(resolver, phase->rules.list[i]);
		if (resolver->context->diagnostics->errors > ERRORS_SHOWN)
			return;
	}
	resolve_triggers(resolver->context, resolver->policy->arch, phase);
	check_conflict(resolver, "default", phase->otherwise.place, phase->otherwise.conflict);
	check_conflict(resolver, "unknown", phase->unknown.place, phase->unknown.conflict);
	check_conflict(resolver, "deadline", phase->deadline_place, phase->deadline_conflict);
	if (!phase->otherwise.action.kind)
		fail(resolver, phase->place,
		     TEXT("phase '%s' does not say what happens to calls that no line names: add "
			  "'default trap' or another action",
			  phase->name));
	if (!phase->trigger_count)
		fail(resolver, phase->place,
		     TEXT("phase '%s' has no trigger: say when it begins, for instance 'trigger "
			  "main'",
			  phase->name));
	phase->traps = phase_traps(phase, resolver->index);
}

static void keep_apart(struct resolver *resolver, struct phase *phase, const struct word *word)
{
	struct policy *policy = resolver->policy;
	struct diagnostic *diagnostic;
	struct nearest nearest;

	nearest_begin(&nearest, word->text);
	for (size_t i = 0; i < policy->phase_count; i++) {
		struct phase *other = &policy->phases[i];

		nearest_try(&nearest, other->name);
		if (strcmp(other->name, word->text))
			continue;
		if (other == phase)
			fail(resolver, word->place, "a phase is not apart from itself");
		phase->apart |= 1u << i;
		other->apart |= 1u << (phase - policy->phases);
		return;
	}
	diagnostic = fail(resolver, word->place, TEXT("no phase is called '%s'", word->text));
	nearest_hint(resolver->context->diagnostics, diagnostic, &nearest);
}

static void resolve_apart(struct resolver *resolver, struct phase *phase)
{
	for (size_t i = 0; i < phase->apart_lines.count; i++) {
		const struct words *words = &phase->apart_lines.list[i]->words;

		for (size_t j = 0; j < words->count; j++)
			keep_apart(resolver, phase, &words->list[j]);
	}
}

struct policy *resolve_policy(struct context *context, const struct source *source, enum arch arch,
			      const struct source *trigger)
{
	struct policy *policy = ARENA_NEW(context->arena, struct policy);
	struct resolver resolver = { .context = context,
				     .arena = context->arena,
				     .policy = policy,
				     .expander = { .context = context, .policy = policy } };
	struct place top = { .source = source };
	unsigned errors = context->diagnostics->errors;
	struct call_index *indices;

	policy->arch = arch;
	add_texts(context, policy, source);
	if (!policy->phase_count) {
		if (context->diagnostics->errors == errors)
			fail(&resolver, top, "the policy has no phase: add 'phase NAME'");
		return policy;
	}
	if (policy->phase_count > POLICYC_PHASES_MAX)
		return policy;
	if (trigger)
		replace_triggers(context, policy, trigger);
	for (size_t i = 0; i < policy->phase_count; i++)
		resolve_apart(&resolver, &policy->phases[i]);
	resolve_steps(context, policy);
	indices = arena_alloc(context->arena, policy->phase_count, sizeof(*indices));
	for (size_t i = 0; i < policy->phase_count; i++) {
		resolver.index = &indices[i];
		resolve_phase(&resolver, &policy->phases[i]);
	}
	for (size_t i = 0; i < policy->phase_count; i++) {
		add_needs(context, policy, &policy->phases[i], &indices[i]);
		collect_calls(context->arena, &indices[i], &policy->phases[i]);
	}
	return policy;
}
