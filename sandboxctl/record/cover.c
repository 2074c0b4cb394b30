/* cover.c - what was seen, held against a policy; see cover.h. */
#include "cover.h"

#include "compose.h"

#include <string.h>

struct coverer {
	struct context *context;
	const struct model *model;
	const struct policy *policy;
	const struct phase *phase;
	struct diagram diagram;
	struct coverage coverage;
	/* The decisions of the phase that something was seen for. */
	const struct decision **used;
	size_t used_count;
};

static void note_used(struct coverer *coverer, const struct decision *decision)
{
	for (size_t i = 0; i < coverer->used_count; i++)
		if (coverer->used[i] == decision)
			return;
	*ARENA_PUSH(coverer->context->arena, coverer->used, coverer->used_count) = decision;
}

/* clone3 told ENOSYS is a clone in the next moment: that one counts. */
static void cover_one(struct coverer *coverer, const struct sighting *sighting)
{
	struct outcomes outcomes =
		find_outcomes(coverer->context, &coverer->diagram, coverer->policy, coverer->phase,
			      sighting->number, &sighting->cube);
	const struct outcome *worst = NULL;
	bool any_allowed = false;

	for (size_t i = 0; i < outcomes.count; i++) {
		const struct outcome *outcome = &outcomes.list[i];

		if (is_allowed(outcome->verdict.action)) {
			any_allowed = true;
			if (outcome->verdict.decision)
				note_used(coverer, outcome->verdict.decision);
		} else if (outcome->verdict.decision &&
			   outcome->verdict.decision->origin == ORIGIN_GUARD) {
			any_allowed = true; /* says that it was done */
		} else {
			worst = outcome;
		}
	}
	if (!worst)
		return;
	*ARENA_PUSH(coverer->context->arena, coverer->coverage.denied,
		    coverer->coverage.denied_count) =
		(struct denied){ coverer->phase, sighting, worst->verdict, any_allowed };
}

static bool is_used(const struct coverer *coverer, struct place place)
{
	for (size_t i = 0; i < coverer->used_count; i++)
		if (coverer->used[i]->place.start == place.start &&
		    coverer->used[i]->place.column == place.column)
			return true;
	return false;
}

static bool is_listed(const struct coverer *coverer, struct place place)
{
	const struct coverage *coverage = &coverer->coverage;

	for (size_t i = 0; i < coverage->unused_count; i++)
		if (coverage->unused[i].phase == coverer->phase &&
		    coverage->unused[i].place.start == place.start &&
		    coverage->unused[i].place.column == place.column)
			return true;
	return false;
}

static void find_unused(struct coverer *coverer)
{
	for (size_t i = 0; i < coverer->phase->call_count; i++) {
		const struct call *call = &coverer->phase->calls[i];

		for (size_t j = 0; j < call->count; j++) {
			const struct decision *decision = &call->list[j];

			if (decision->origin != ORIGIN_TEXT || !is_allowed(decision->action) ||
			    is_used(coverer, decision->place) ||
			    is_listed(coverer, decision->place))
				continue;
			*ARENA_PUSH(coverer->context->arena, coverer->coverage.unused,
				    coverer->coverage.unused_count) =
				(struct unused){ coverer->phase, decision->place };
		}
	}
}

struct coverage cover(struct context *context, const struct model *model, const char *program,
		      const struct policy *policy)
{
	struct coverer coverer = { .context = context, .model = model, .policy = policy };
	struct sighting **list;
	size_t count;

	diagram_begin(&coverer.diagram, context->arena);
	list = model_list(model, &count);
	for (size_t i = 0; i < policy->phase_count; i++) {
		uint32_t bit = model_phase(model, policy->phases[i].name);

		coverer.phase = &policy->phases[i];
		coverer.used_count = 0;
		for (size_t j = 0; bit && j < count; j++)
			if (list[j]->kind == SIGHT_CALL && !list[j]->is_foreign &&
			    is_needed(model, program, bit, list[j]))
				cover_one(&coverer, list[j]);
		find_unused(&coverer);
	}
	return coverer.coverage;
}
