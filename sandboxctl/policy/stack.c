/* stack.c - phases that could not stack; see stack.h. */
#include "stack.h"

#include "decode.h"

enum { CALLS_NAMED = 3 };

struct stacker {
	struct context *context;
	const struct policy *policy;
	struct diagram diagram;
	struct side sides[2]; /* the pair that is compared */
	struct clashes clashes;
	size_t pair_start; /* clashes of this pair begin here */
	bool earlier_is_milder, too_large;
};

static bool is_fallback(struct verdict verdict)
{
	return verdict.reason == REASON_DEFAULT || verdict.reason == REASON_UNKNOWN;
}

/* What the text says. A guard stands where the text allows. */
static bool is_said(struct verdict verdict)
{
	return is_fallback(verdict) || verdict.decision->origin == ORIGIN_TEXT;
}

/* `a` promises more than `b` leaves. `log` and `allow` are one: the call is made. An errno that is
 * another is not milder: the phase that is locked last has the word. */
static bool is_milder(struct verdict a, struct verdict b)
{
	if (a.reason == REASON_FOREIGN || !is_said(a))
		return false;
	if (b.decision && b.decision->origin == ORIGIN_GUARD)
		return false;
	if (is_allowed(a.action) && is_allowed(b.action))
		return false;
	return a.action.kind < b.action.kind;
}

static bool same_place(struct place a, struct place b)
{
	return a.start == b.start && a.column == b.column;
}

static struct clash *take_clash(struct stacker *stacker, const struct difference *difference)
{
	struct clashes *clashes = &stacker->clashes;
	struct clash new = { .calls = "" };

	for (int i = 0; i < 2; i++) {
		new.phases[i] = stacker->sides[i].phase;
		new.places[i] = verdict_place(new.phases[i], difference->verdicts[i]);
		new.actions[i] = difference->verdicts[i].action;
	}
	new.by_default = is_fallback(difference->verdicts[LATER]) && is_allowed(new.actions[LATER]);
	for (size_t i = stacker->pair_start; i < clashes->count; i++)
		if (same_place(clashes->list[i].places[EARLIER], new.places[EARLIER]) &&
		    same_place(clashes->list[i].places[LATER], new.places[LATER]))
			return &clashes->list[i];
	*ARENA_PUSH(stacker->context->arena, clashes->list, clashes->count) = new;
	return &clashes->list[clashes->count - 1];
}

static const char *describe(const struct stacker *stacker, uint32_t number,
			    const struct difference *difference)
{
	struct arena *arena = stacker->context->arena;
	enum arch arch = stacker->policy->arch;

	if (difference->verdicts[LATER].reason == REASON_UNKNOWN)
		return "unknown calls";
	for (int i = 0; i < ARGUMENTS; i++)
		if (difference->witness.mask[i])
			return decode_call(arena, arch, number, &difference->witness);
	return call_name(arena, names_number(arch, number), number);
}

static void compare_number(void *data, uint32_t number)
{
	struct stacker *stacker = data;
	struct differences differences =
		find_differences(stacker->context, &stacker->diagram, stacker->sides, number);

	stacker->too_large |= differences.too_large;
	for (size_t i = 0; i < differences.count; i++) {
		const struct difference *difference = &differences.list[i];
		struct clash *clash;

		if (is_milder(difference->verdicts[EARLIER], difference->verdicts[LATER]))
			stacker->earlier_is_milder = true;
		if (!is_milder(difference->verdicts[LATER], difference->verdicts[EARLIER]))
			continue;
		clash = take_clash(stacker, difference);
		if (clash->count++ < CALLS_NAMED)
			clash->calls = arena_printf(stacker->context->arena, "%s%s%s", clash->calls,
						    clash->count > 1 ? ", " : "",
						    describe(stacker, number, difference));
	}
}

static void compare_pair(struct stacker *stacker, const struct phase *earlier,
			 const struct phase *later)
{
	struct clashes *clashes = &stacker->clashes;

	stacker->sides[EARLIER] = (struct side){ stacker->policy, earlier };
	stacker->sides[LATER] = (struct side){ stacker->policy, later };
	stacker->pair_start = clashes->count;
	stacker->earlier_is_milder = false;
	stacker->too_large = false;
	each_number(stacker->sides, compare_number, stacker);
	for (size_t i = stacker->pair_start; i < clashes->count; i++)
		clashes->list[i].other_way = !stacker->earlier_is_milder;
	if (stacker->too_large)
		diagnose(stacker->context->diagnostics, ERROR, later->place,
			 "the conditions of phase '%s' and of phase '%s' are too intricate to "
			 "compare: make them simpler",
			 later->name, earlier->name);
}

struct clashes find_clashes(struct context *context, const struct policy *policy)
{
	struct stacker stacker = { .context = context, .policy = policy };

	if (policy->phase_count > 1)
		diagram_begin(&stacker.diagram, context->arena);
	for (size_t later = 1; later < policy->phase_count; later++)
		for (size_t earlier = 0; earlier < later; earlier++)
			if (!(policy->phases[later].apart & 1u << earlier))
				compare_pair(&stacker, &policy->phases[earlier],
					     &policy->phases[later]);
	return stacker.clashes;
}

const char *clash_text(struct arena *arena, const struct clash *clash)
{
	const char *more = "";

	if (clash->count > CALLS_NAMED)
		more = arena_printf(arena, " and %zu more", clash->count - CALLS_NAMED);
	return arena_printf(
		arena,
		"'%s' of %s%s cannot hold in phase '%s': phase '%s' says '%s' at %s, and "
		"a lock is never lifted",
		action_text(arena, clash->actions[LATER]), clash->calls, more,
		clash->phases[LATER]->name, clash->phases[EARLIER]->name,
		action_text(arena, clash->actions[EARLIER]),
		place_text(arena, clash->places[EARLIER]));
}

static const char *clash_hint(struct arena *arena, const struct clash *clash)
{
	const char *earlier = clash->phases[EARLIER]->name;

	if (clash->other_way)
		return arena_printf(arena,
				    "phases narrow from the first to the last: write phase '%s' "
				    "before phase '%s'",
				    clash->phases[LATER]->name, earlier);
	return arena_printf(arena,
			    "say it in phase '%s' too; or write 'apart %s' here, if no process is "
			    "ever locked in both, by itself or by fork",
			    earlier, earlier);
}

static bool clash_between(const struct clashes *clashes, const struct phase *earlier,
			  const struct phase *later)
{
	for (size_t i = 0; i < clashes->count; i++)
		if (clashes->list[i].phases[EARLIER] == earlier &&
		    clashes->list[i].phases[LATER] == later)
			return true;
	return false;
}

/* Of two filters the stricter is enough; of steps nobody has compared what is left. */
static void note_earlier(struct policy *policy, const struct clashes *clashes, size_t index)
{
	struct phase *later = &policy->phases[index];

	for (size_t i = 0; i < index; i++) {
		const struct phase *earlier = &policy->phases[i];

		if (later->apart & 1u << i)
			continue;
		if (earlier->steps.steps || clash_between(clashes, earlier, later))
			later->before |= (uint8_t)(1u << i);
		else
			later->covers |= (uint8_t)(1u << i);
	}
}

void compare_phases(struct context *context, struct policy *policy)
{
	struct clashes clashes = find_clashes(context, policy);

	for (size_t i = 0; i < clashes.count; i++) {
		const struct clash *clash = &clashes.list[i];

		if (!clash->by_default)
			diagnose(context->diagnostics, ERROR, clash->places[LATER], "%s",
				 clash_text(context->arena, clash))
				->hint = clash_hint(context->arena, clash);
	}
	for (size_t i = 0; i < policy->phase_count; i++)
		note_earlier(policy, &clashes, i);
}
