/* outcome.c - every verdict that a call can meet; see outcome.h. */
#include "outcome.h"

#include <stdlib.h>
#include <string.h>

enum { PAIR_SHIFT = 16 };

bool is_allowed(struct action action)
{
	return action.kind == ACTION_ALLOW || action.kind == ACTION_LOG;
}

bool same_action(struct action a, struct action b)
{
	return action_return(a) == action_return(b);
}

/* --- a call's decisions as one function ------------------------------------------------------- */

/* Leaf 0 is what no line decides, leaf N + 1 the decision N of the call. */
struct painter {
	struct diagram *diagram;
	const struct call *call;
	struct action otherwise;
	uint32_t leaf;
};

static uint32_t paint_over(const void *data, uint32_t below, uint32_t matches)
{
	const struct painter *painter = data;

	return matches ? painter->leaf : below;
}

static uint32_t guard_over(const void *data, uint32_t below, uint32_t matches)
{
	const struct painter *painter = data;
	struct action action = below ? painter->call->list[below - 1].action : painter->otherwise;

	return matches && is_allowed(action) ? painter->leaf : below;
}

static uint32_t paint_one(struct painter *painter, uint32_t function, size_t i)
{
	const struct decision *decision = &painter->call->list[i];

	painter->leaf = (uint32_t)i + 1;
	return diagram_join(painter->diagram,
			    decision->origin == ORIGIN_GUARD ? guard_over : paint_over, painter,
			    function, diagram_condition(painter->diagram, decision->condition));
}

/* The strictest is painted last, and among equals the first. */
static uint32_t paint_all(struct painter *painter, uint32_t function, enum origin origin)
{
	for (int kind = ACTION_ALLOW; kind <= ACTION_KILL; kind++)
		for (size_t i = painter->call->count; i; i--)
			if (painter->call->list[i - 1].origin == origin &&
			    painter->call->list[i - 1].action.kind == (enum action_kind)kind)
				function = paint_one(painter, function, i - 1);
	return function;
}

static uint32_t call_function(struct diagram *diagram, const struct side *side, uint32_t number)
{
	struct painter painter = {
		.diagram = diagram,
		.call = find_call(side->phase, number),
		.otherwise = phase_otherwise(side->policy, side->phase, number),
	};
	uint32_t function = diagram_leaf(diagram, 0);

	if (!painter.call)
		return function;
	function = paint_all(&painter, function, ORIGIN_IMPLIED);
	function = paint_all(&painter, function, ORIGIN_TEXT);
	return paint_all(&painter, function, ORIGIN_GUARD);
}

static struct verdict ask(struct context *context, const struct side *side, uint32_t number,
			  const struct cube *witness, uint32_t leaf)
{
	struct verdict verdict = evaluate(side->policy, side->phase,
					  arches[side->policy->arch].audit, number, witness->value);
	const struct call *call = find_call(side->phase, number);
	const struct decision *expected = leaf && call ? &call->list[leaf - 1] : NULL;

	if (verdict.reason != REASON_FOREIGN && verdict.decision != expected)
		diagnose(context->diagnostics, ERROR, side->phase->place,
			 "two ways to read this policy differ about call %u, please report it",
			 number);
	return verdict;
}

/* --- one policy ------------------------------------------------------------------------------- */

struct search {
	struct context *context;
	struct side sides[2];
	uint32_t number;
	struct outcomes outcomes;
	struct differences differences;
};

static void add_outcome(void *data, uint32_t leaf, const struct cube *witness)
{
	struct search *search = data;
	struct outcome *outcome;

	outcome = ARENA_PUSH(search->context->arena, search->outcomes.list, search->outcomes.count);
	outcome->witness = *witness;
	outcome->verdict = ask(search->context, &search->sides[0], search->number, witness, leaf);
}

static int compare_outcomes(const void *a, const void *b)
{
	const struct verdict *x = &((const struct outcome *)a)->verdict;
	const struct verdict *y = &((const struct outcome *)b)->verdict;
	uint32_t first = x->decision ? x->decision->place.line : UINT32_MAX;
	uint32_t second = y->decision ? y->decision->place.line : UINT32_MAX;

	if (x->action.kind != y->action.kind)
		return x->action.kind < y->action.kind ? -1 : 1;
	return (first > second) - (first < second);
}

struct outcomes find_outcomes(struct context *context, struct diagram *diagram,
			      const struct policy *policy, const struct phase *phase,
			      uint32_t number, const struct cube *given)
{
	struct search search = { .context = context,
				 .sides = { { policy, phase } },
				 .number = number };
	uint32_t function;

	diagram_ask(diagram, given);
	function = call_function(diagram, &search.sides[0], number);
	if (diagram->too_large)
		return (struct outcomes){ .too_large = true };
	diagram_walk(diagram, function, add_outcome, &search);
	if (search.outcomes.count)
		qsort(search.outcomes.list, search.outcomes.count, sizeof(struct outcome),
		      compare_outcomes);
	return search.outcomes;
}

/* --- two policies ----------------------------------------------------------------------------- */

static uint32_t pair_leaves(const void *data, uint32_t a, uint32_t b)
{
	(void)data;
	return a << PAIR_SHIFT | b;
}

static void add_difference(void *data, uint32_t pair, const struct cube *witness)
{
	struct search *search = data;
	struct difference found = { .witness = *witness };
	uint32_t leaves[2] = { pair >> PAIR_SHIFT, pair & ((1u << PAIR_SHIFT) - 1) };

	for (int i = 0; i < 2; i++)
		found.verdicts[i] =
			ask(search->context, &search->sides[i], search->number, witness, leaves[i]);
	if (!same_action(found.verdicts[0].action, found.verdicts[1].action))
		*ARENA_PUSH(search->context->arena, search->differences.list,
			    search->differences.count) = found;
}

struct differences find_differences(struct context *context, struct diagram *diagram,
				    const struct side sides[2], uint32_t number)
{
	static const struct cube anything;
	struct search search = { .context = context,
				 .sides = { sides[0], sides[1] },
				 .number = number };
	uint32_t function;

	diagram_ask(diagram, &anything);
	function = call_function(diagram, &sides[0], number);
	function = diagram_join(diagram, pair_leaves, NULL, function,
				call_function(diagram, &sides[1], number));
	if (diagram->too_large)
		return (struct differences){ .too_large = true };
	diagram_walk(diagram, function, add_difference, &search);
	return search.differences;
}

/* A number that neither the table nor a line knows stands for all of them. */
static uint32_t unknown_number(const struct side sides[2])
{
	uint32_t number = names_last(sides[0].policy->arch) + 1;

	while (find_call(sides[0].phase, number) || find_call(sides[1].phase, number))
		number++;
	return number;
}

void each_number(const struct side sides[2], number_function each, void *data)
{
	for (uint32_t number = 0; number < TABLE_NUMBERS; number++)
		if (names_number(sides[0].policy->arch, number) ||
		    find_call(sides[0].phase, number) || find_call(sides[1].phase, number))
			each(data, number);
	for (int i = 0; i < 2; i++) {
		const struct phase *phase = sides[i].phase;

		for (size_t j = 0; j < phase->call_count; j++)
			if (phase->calls[j].number >= TABLE_NUMBERS &&
			    (!i || !find_call(sides[0].phase, phase->calls[j].number)))
				each(data, phase->calls[j].number);
	}
	each(data, unknown_number(sides));
}

/* --- why -------------------------------------------------------------------------------------- */

struct place verdict_place(const struct phase *phase, struct verdict verdict)
{
	switch (verdict.reason) {
	case REASON_DECISION:
		if (verdict.decision->origin == ORIGIN_TEXT)
			return verdict.decision->place;
		break;
	case REASON_UNKNOWN:
		if (phase->unknown.action.kind)
			return phase->unknown.place;
		return phase->otherwise.place;
	case REASON_DEFAULT:
		return phase->otherwise.place;
	case REASON_FOREIGN:
		break;
	}
	return (struct place){ 0 };
}

const char *line_text(struct arena *arena, struct place place)
{
	const char *start = place.start, *end = place.source->text + place.source->size;

	for (const char *at = start; at < end; at++)
		if (*at == '\n' || *at == '#')
			end = at;
	while (start < end && strchr(" \t\r", *start))
		start++;
	while (end > start && strchr(" \t\r", end[-1]))
		end--;
	return arena_strndup(arena, start, (size_t)(end - start));
}

/* A line that names the call only through a group: which one. */
static const char *through_group(struct arena *arena, const struct decision *decision)
{
	const struct place *place = &decision->place;

	if (decision->named)
		return "";
	return arena_printf(arena, " (%.*s)", (int)place->length, place->start + place->column - 1);
}

const char *verdict_reason(struct arena *arena, const struct phase *phase, struct verdict verdict)
{
	struct place place = verdict_place(phase, verdict);

	if (place.source)
		return arena_printf(arena, "%s:%u: %s%s", place.source->name, place.line,
				    line_text(arena, place),
				    verdict.decision ? through_group(arena, verdict.decision) : "");
	if (verdict.reason == REASON_FOREIGN)
		return "implied: calls of other architectures and of x32 are always killed";
	if (verdict.decision->origin == ORIGIN_GUARD)
		return "implied: says that it was done and leaves the handler of the reports alone";
	return "implied: the library itself needs it";
}
