/* cover.c - what was seen, held against a policy; see cover.h. */
#include "cover.h"

#include "compose.h"
#include "groups.h"
#include "relock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct coverer {
	struct context *context;
	const struct model *model;
	const struct policy *policy;
	const struct phase *phase;
	struct diagram diagram;
	struct coverage coverage;
	/* Where the decisions of the phase stand that something was seen for. */
	struct place *used;
	size_t used_count;
};

static bool same_place(struct place a, struct place b)
{
	return a.start == b.start && a.column == b.column;
}

static bool is_used(const struct coverer *coverer, struct place place)
{
	for (size_t i = 0; i < coverer->used_count; i++)
		if (same_place(coverer->used[i], place))
			return true;
	return false;
}

static void note_used(struct coverer *coverer, struct place place)
{
	if (!is_used(coverer, place))
		*ARENA_PUSH(coverer->context->arena, coverer->used, coverer->used_count) = place;
}

static void note_denied(struct coverer *coverer, struct denied denied)
{
	struct coverage *coverage = &coverer->coverage;

	denied.phase = coverer->phase;
	coverage->missed += !denied.on_purpose;
	*ARENA_PUSH(coverer->context->arena, coverage->denied, coverage->denied_count) = denied;
}

/* --- calls ------------------------------------------------------------------------------------ */

/* `default` and `unknown` name no call, and who names a group has not thought of each. */
static bool is_error_of_line(struct verdict verdict)
{
	return verdict.decision && verdict.decision->origin == ORIGIN_TEXT &&
	       verdict.decision->named && verdict.action.kind == ACTION_ERRNO;
}

/* Of several answers that arguments choose between, the one that is no error with a line of its
 * own; NULL: it is let through. */
static const struct outcome *worst_of(struct coverer *coverer, const struct sighting *call,
				      bool *any_allowed)
{
	struct outcomes outcomes =
		find_outcomes(coverer->context, &coverer->diagram, coverer->policy, coverer->phase,
			      call->number, &call->cube);
	const struct outcome *worst = NULL;

	*any_allowed = false;
	for (size_t i = 0; i < outcomes.count; i++) {
		const struct outcome *outcome = &outcomes.list[i];

		if (is_allowed(outcome->verdict.action)) {
			*any_allowed = true;
			if (outcome->verdict.decision)
				note_used(coverer, outcome->verdict.decision->place);
		} else if (outcome->verdict.decision &&
			   outcome->verdict.decision->origin == ORIGIN_GUARD) {
			*any_allowed = true; /* says that it was done */
		} else if (!worst || is_error_of_line(worst->verdict)) {
			worst = outcome;
		}
	}
	return worst;
}

static void note_call(struct coverer *coverer, const struct sighting *sighting,
		      const struct sighting *call, const struct outcome *worst, bool any_allowed)
{
	note_denied(coverer, (struct denied){ .sighting = sighting,
					      .call = call,
					      .verdict = worst->verdict,
					      .on_purpose = is_error_of_line(worst->verdict),
					      .perhaps = any_allowed });
}

static void cover_as_it_is(struct coverer *coverer, const struct sighting *sighting)
{
	bool any_allowed;
	const struct outcome *worst = worst_of(coverer, sighting, &any_allowed);

	if (worst)
		note_call(coverer, sighting, sighting, worst, any_allowed);
}

/* Told ENOSYS it is a clone in the next moment, which is how it was seen; let through, none. */
static void cover_clone3(struct coverer *coverer, const struct sighting *sighting)
{
	struct sighting *call = ARENA_NEW(coverer->context->arena, struct sighting);
	const struct outcome *worst;
	bool any_allowed;

	*call = *sighting;
	call->number = (uint32_t)names_syscall("clone3")->number[ARCH_NATIVE];
	call->cube = (struct cube){ 0 };
	worst = worst_of(coverer, call, &any_allowed);
	if (!worst)
		return;
	if (worst->verdict.action.kind != ACTION_ERRNO || worst->verdict.action.error != ENOSYS)
		note_call(coverer, sighting, call, worst, any_allowed);
	cover_as_it_is(coverer, sighting);
}

/* --- files and ports -------------------------------------------------------------------------- */

static const struct {
	const char *use;
	enum statement_kind word;
} words[] = {
	{ "read", STEP_READ },	     { "write", STEP_WRITE }, { "make", STEP_CREATE },
	{ "create", STEP_CREATE },   { "bind", STEP_BIND },   { "connect", STEP_CONNECT },
	{ "execute", STEP_EXECUTE },
};

/* False: it is none that a lock could deny. */
static bool make_question(struct coverer *coverer, const struct sighting *sighting,
			  struct question *question)
{
	struct arena *arena = coverer->context->arena;
	const char *colon = strrchr(sighting->what, ':');

	*question = (struct question){ .path = sighting->what };
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(words[i].use, sighting->use))
			question->word = words[i].word;
	if (!question->word)
		return false;
	if (sighting->kind == SIGHT_ADDRESS) {
		if (strncmp(sighting->what, "tcp ", 4) != 0 || !colon)
			return false;
		question->path = NULL;
		question->port = strtoull(colon + 1, NULL, 10);
		question->text = arena_printf(arena, "%s tcp %s", sighting->use, colon + 1);
		return true;
	}
	/* What is not there is not found, lock or no lock; what is there is not made. */
	if (!strcmp(sighting->use, "make") ? !sighting->missing
					   : !sighting->found && question->word != STEP_CREATE)
		return false;
	question->text = arena_printf(arena, "%s %s",
				      question->word == STEP_CREATE ? "create" : sighting->use,
				      sighting->what);
	return *sighting->what == '/';
}

static void cover_step(struct coverer *coverer, const struct sighting *sighting)
{
	struct question question;
	struct answer answer;

	if (!make_question(coverer, sighting, &question))
		return;
	answer = answer_question(coverer->context, coverer->phase, &question);
	for (size_t i = 0; i < answer.count && answer.allowed; i++)
		note_used(coverer, answer.by[i]->place);
	if (!answer.allowed)
		note_denied(coverer, (struct denied){ .sighting = sighting,
						      .perhaps = answer.optional,
						      .question = question.text,
						      .by = answer.count ? answer.by[0] : NULL });
}

/* --- what was not used ------------------------------------------------------------------------ */

static bool is_listed(const struct coverer *coverer, struct place place)
{
	const struct coverage *coverage = &coverer->coverage;

	for (size_t i = 0; i < coverage->unused_count; i++)
		if (coverage->unused[i].phase == coverer->phase &&
		    same_place(coverage->unused[i].place, place))
			return true;
	return false;
}

/* The recorder does not ask about these: every program makes them. */
static void note_unasked(struct coverer *coverer)
{
	static const char *const unasked[] = { "exit_group", "rt_sigreturn" };

	for (size_t i = 0; i < sizeof(unasked) / sizeof(unasked[0]); i++) {
		int number = names_syscall(unasked[i])->number[ARCH_NATIVE];
		const struct call *call = find_call(coverer->phase, (uint32_t)number);

		for (size_t j = 0; call && j < call->count; j++)
			if (call->list[j].origin == ORIGIN_TEXT)
				note_used(coverer, call->list[j].place);
	}
}

/* Opened by the library, which the recorder leaves out. */
static bool is_compiled_policy(struct place place)
{
	static const char suffix[] = ".policyc";
	size_t end = sizeof(suffix) - 1;

	return place.length > end &&
	       !memcmp(place.start + place.column - 1 + place.length - end, suffix, end);
}

/* What learn always gives is not advised against: nobody dies in most runs. */
static void note_unused(struct coverer *coverer, struct place place)
{
	if (!is_compiled_policy(place) &&
	    !is_always_given(place.start + place.column - 1, place.length) &&
	    !is_used(coverer, place) && !is_listed(coverer, place))
		*ARENA_PUSH(coverer->context->arena, coverer->coverage.unused,
			    coverer->coverage.unused_count) =
			(struct unused){ coverer->phase, place };
}

static int compare_unused(const void *a, const void *b)
{
	struct place x = ((const struct unused *)a)->place, y = ((const struct unused *)b)->place;

	if (x.source != y.source)
		return strcmp(x.source->path, y.source->path);
	if (x.line != y.line)
		return x.line < y.line ? -1 : 1;
	return (x.column > y.column) - (x.column < y.column);
}

static void find_unused(struct coverer *coverer)
{
	note_unasked(coverer);
	for (size_t i = 0; i < coverer->phase->call_count; i++) {
		const struct call *call = &coverer->phase->calls[i];

		for (size_t j = 0; j < call->count; j++) {
			const struct decision *decision = &call->list[j];

			if (decision->origin == ORIGIN_TEXT && is_allowed(decision->action))
				note_unused(coverer, decision->place);
		}
	}
	for (size_t i = 0; i < coverer->phase->steps.count; i++) {
		const struct step_item *item = &coverer->phase->steps.items[i];
		bool gives = item->word >= STEP_READ && item->word <= STEP_CONNECT;

		if (gives && !item->none)
			note_unused(coverer, item->place);
	}
}

/* --- all together ----------------------------------------------------------------------------- */

static void cover_one(struct coverer *coverer, const struct sighting *sighting)
{
	if (sighting->kind != SIGHT_CALL)
		cover_step(coverer, sighting);
	else if (sighting->is_clone3)
		cover_clone3(coverer, sighting);
	else if (!sighting->is_foreign)
		cover_as_it_is(coverer, sighting);
}

/* All that was seen, and what the library itself would have called where the program locked again.
 * Who asks about any program (NULL) has seen the library's calls, too. */
static void cover_phase(struct coverer *coverer, const char *program, uint32_t bit)
{
	struct sighting **list;
	size_t count;

	list = model_list(coverer->model, &count);
	if (program)
		list = add_relock(coverer->context, coverer->model, program, coverer->phase, NULL,
				  list, &count);
	for (size_t i = 0; i < count; i++)
		if (is_needed(coverer->model, program, bit, list[i]))
			cover_one(coverer, list[i]);
	find_unused(coverer);
}

struct coverage cover(struct context *context, const struct model *model, const char *program,
		      const struct policy *policy)
{
	struct coverer coverer = { .context = context, .model = model, .policy = policy };

	diagram_begin(&coverer.diagram, context->arena);
	for (size_t i = 0; i < policy->phase_count; i++) {
		uint32_t bit = model_phase(model, policy->phases[i].name);

		coverer.phase = &policy->phases[i];
		coverer.used_count = 0;
		if (bit)
			cover_phase(&coverer, program, bit);
	}
	if (coverer.coverage.unused_count)
		qsort(coverer.coverage.unused, coverer.coverage.unused_count, sizeof(struct unused),
		      compare_unused);
	return coverer.coverage;
}

static void widen(struct shape *shape, const struct condition *condition)
{
	if (!condition)
		return;
	if (condition->kind == CONDITION_TEST) {
		shape_widen(shape, condition->slot, condition->bits);
		return;
	}
	widen(shape, condition->left);
	widen(shape, condition->right);
}

void cover_shapes(const struct policy *policy, struct shapes *shapes)
{
	for (size_t i = 0; i < policy->phase_count; i++) {
		const struct phase *phase = &policy->phases[i];

		for (size_t j = 0; j < phase->call_count; j++) {
			const struct call *call = &phase->calls[j];

			for (size_t k = 0; k < call->count && call->number < TABLE_NUMBERS; k++)
				widen(&shapes->by_number[call->number], call->list[k].condition);
		}
	}
}
