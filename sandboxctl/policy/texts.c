/* texts.c - a policy's own text and all that it includes, put together; see texts.h.
 *
 * A text that is included on several ways is put in once, and is as near to the policy as the
 * shortest of them. The lines of phases of one name are added up.
 */
#include "texts.h"

#include "step_names.h"

#include <string.h>

static void add_source(struct arena *arena, struct policy *policy, const struct source *source)
{
	for (size_t i = 0; i < policy->source_count; i++)
		if (policy->sources[i] == source)
			return;
	*ARENA_PUSH(arena, policy->sources, policy->source_count) = source;
}

const struct source *load_source(struct context *context, struct policy *policy,
				 enum source_kind kind, const char *name, const struct word *word)
{
	struct loader *loader = context->loader;
	struct diagnostic *diagnostic;
	const struct source *source;
	struct nearest nearest;
	const char *why = "cannot be read";

	source = loader->load(loader, context->arena, kind, name, word->place.source, &why);
	if (source) {
		add_source(context->arena, policy, source);
		/* `why` was handed over to be set, not kept. */
		/* cppcheck-suppress returnDanglingLifetime */
		return source;
	}
	diagnostic = diagnose(context->diagnostics, ERROR, word->place, "%s: %s", word->text, why);
	nearest_begin(&nearest, name);
	if (loader->nearest)
		loader->nearest(loader, kind, word->place.source, &nearest);
	if (nearest.best && kind == SOURCE_GROUP)
		nearest.best = arena_printf(context->arena, "@%s", nearest.best);
	nearest_hint(context->diagnostics, diagnostic, &nearest);
	return NULL;
}

/* A text whose statements are in already. */
struct text {
	const struct syntax *syntax;
	unsigned depth; /* how many includes away from the policy, on the shortest way so far */
	struct text **includes;
	size_t count;
};

struct merger {
	struct context *context;
	struct arena *arena;
	struct policy *policy;
	const struct source *open[DEPTH_MAX + 2]; /* the chain of includes */
	struct text **texts;
	size_t count;
};

static struct diagnostic *fail(struct merger *merger, struct place place, const char *message)
{
	return diagnose(merger->context->diagnostics, ERROR, place, "%s", message);
}

#define TEXT(...) arena_printf(merger->arena, __VA_ARGS__)

static struct phase *find_phase(struct merger *merger, const struct word *word)
{
	struct policy *policy = merger->policy;
	struct phase *phase;

	for (size_t i = 0; i < policy->phase_count; i++)
		if (!strcmp(policy->phases[i].name, word->text))
			return &policy->phases[i];
	phase = ARENA_PUSH(merger->arena, policy->phases, policy->phase_count);
	phase->name = word->text;
	phase->place = word->place;
	if (policy->phase_count == POLICYC_PHASES_MAX + 1)
		fail(merger, word->place, TEXT("more than %u phases", POLICYC_PHASES_MAX));
	return phase;
}

/* The text that is nearer to the policy wins; two equally near must agree. */
static void set_fallback(struct fallback *fallback, const struct statement *statement,
			 unsigned depth)
{
	bool same = fallback->action.kind == statement->action.kind &&
		    fallback->action.error == statement->action.error;

	if (fallback->action.kind && depth >= fallback->depth) {
		if (!same && depth == fallback->depth)
			fallback->conflict = statement->place;
		return;
	}
	*fallback = (struct fallback){ .action = statement->action,
				       .place = statement->place,
				       .depth = depth };
}

static void set_deadline(struct phase *phase, const struct statement *statement, unsigned depth)
{
	bool same = phase->deadline.action == statement->deadline.action &&
		    phase->deadline.milliseconds == statement->deadline.milliseconds;

	if (phase->deadline.action && depth >= phase->deadline_depth) {
		if (!same && depth == phase->deadline_depth)
			phase->deadline_conflict = statement->place;
		return;
	}
	phase->deadline = statement->deadline;
	phase->deadline_place = statement->place;
	phase->deadline_conflict = (struct place){ 0 };
	phase->deadline_depth = depth;
}

static void add_trigger_line(struct merger *merger, struct phase *phase,
			     const struct statement *statement, unsigned depth)
{
	struct statement_list *lines = &phase->trigger_lines;

	if (lines->count && depth < phase->trigger_depth)
		lines->count = 0;
	if (lines->count && depth > phase->trigger_depth)
		return;
	phase->trigger_depth = depth;
	if (lines->count == POLICYC_TRIGGERS_MAX)
		fail(merger, statement->place, TEXT("more than %u triggers", POLICYC_TRIGGERS_MAX));
	else
		*ARENA_PUSH(merger->arena, lines->list, lines->count) = statement;
}

/* What the nearest text says alone. */
static void add_nearest(struct merger *merger, struct phase *phase,
			const struct statement *statement, unsigned depth)
{
	if (statement->kind == STATEMENT_DEFAULT)
		set_fallback(&phase->otherwise, statement, depth);
	else if (statement->kind == STATEMENT_UNKNOWN)
		set_fallback(&phase->unknown, statement, depth);
	else if (statement->kind == STATEMENT_DEADLINE)
		set_deadline(phase, statement, depth);
	else if (statement->kind == STATEMENT_TRIGGER)
		add_trigger_line(merger, phase, statement, depth);
}

static void add_to_phase(struct merger *merger, struct phase *phase,
			 const struct statement *statement, unsigned depth)
{
	struct statement_list *lines = statement->kind == STATEMENT_APART  ? &phase->apart_lines
				       : statement->kind == STATEMENT_RULE ? &phase->rules
				       : statement->kind >= STEP_READ	   ? &phase->step_lines
									   : NULL;

	if (lines)
		*ARENA_PUSH(merger->arena, lines->list, lines->count) = statement;
	else
		add_nearest(merger, phase, statement, depth);
}

/* A text was met again, on a shorter way: what it says counts for more, and what it includes. */
static void bring_nearer(struct merger *merger, struct text *text, unsigned depth)
{
	struct phase *phase = NULL;

	if (text->depth <= depth)
		return;
	text->depth = depth;
	for (size_t i = 0; i < text->count; i++)
		bring_nearer(merger, text->includes[i], depth + 1);
	for (size_t i = 0; i < text->syntax->count; i++) {
		const struct statement *statement = &text->syntax->list[i];

		if (statement->kind == STATEMENT_PHASE)
			phase = find_phase(merger, &statement->words.list[0]);
		else if (phase)
			add_nearest(merger, phase, statement, depth);
	}
}

static struct text *add_text(struct merger *merger, const struct source *source, unsigned depth);

static void include(struct merger *merger, struct text *text, const struct word *word)
{
	const struct source *source;

	if (text->depth == DEPTH_MAX) {
		fail(merger, word->place, TEXT("includes are nested deeper than %d", DEPTH_MAX));
		return;
	}
	source = load_source(merger->context, merger->policy, SOURCE_POLICY, word->text, word);
	for (unsigned i = 0; source && i <= text->depth; i++) {
		if (merger->open[i] != source)
			continue;
		fail(merger, word->place,
		     TEXT("%s includes itself: it is open already as %s", word->text,
			  merger->open[i]->name));
		return;
	}
	if (source)
		*ARENA_PUSH(merger->arena, text->includes, text->count) =
			add_text(merger, source, text->depth + 1);
}

static void enter_phase(struct merger *merger, struct phase *phase, const struct word *word,
			const struct syntax *text)
{
	if (phase->last_text == text)
		fail(merger, word->place,
		     TEXT("phase '%s' is said already at %s", word->text,
			  place_text(merger->arena, phase->place)));
	phase->last_text = text;
	phase->place = word->place;
}

/* Of included texts too: their phases count on it. */
static void add_prewarms(struct merger *merger, const struct words *words)
{
	for (size_t i = 0; i < words->count; i++) {
		const struct word *word = &words->list[i];
		const struct step_name *name = find_step_name(&prewarm_names, word->text);
		struct nearest nearest;

		if (name) {
			merger->policy->prewarm |= (uint32_t)name->value;
			continue;
		}
		nearest_step_name(&nearest, &prewarm_names, word->text);
		nearest_hint(merger->context->diagnostics,
			     fail(merger, word->place,
				  TEXT("no %s is called '%s'", prewarm_names.what, word->text)),
			     &nearest);
	}
}

static void add_statements(struct merger *merger, struct text *text)
{
	struct policy *policy = merger->policy;
	struct phase *phase = NULL;
	unsigned depth = text->depth;

	for (size_t i = 0; i < text->syntax->count; i++) {
		const struct statement *statement = &text->syntax->list[i];
		const struct words *words = &statement->words;

		if (statement->kind == STATEMENT_INCLUDE) {
			include(merger, text, &words->list[0]);
		} else if (statement->kind == STATEMENT_PHASE) {
			phase = find_phase(merger, &words->list[0]);
			enter_phase(merger, phase, &words->list[0], text->syntax);
		} else if (phase) {
			add_to_phase(merger, phase, statement, depth);
		} else if (statement->kind == STATEMENT_PREWARM) {
			add_prewarms(merger, words);
		} else if (statement->kind == STATEMENT_ABOUT && !depth) {
			policy->about = statement->text;
		} else if (statement->kind == STATEMENT_PROGRAM && !depth) {
			for (size_t j = 0; j < words->count; j++)
				*ARENA_PUSH(merger->arena, policy->programs.list,
					    policy->programs.count) = words->list[j];
		}
	}
}

static struct text *add_text(struct merger *merger, const struct source *source, unsigned depth)
{
	struct text *text;

	merger->open[depth] = source;
	for (size_t i = 0; i < merger->count; i++) {
		if (merger->texts[i]->syntax->source != source)
			continue;
		bring_nearer(merger, merger->texts[i], depth);
		return merger->texts[i];
	}
	text = ARENA_NEW(merger->arena, struct text);
	text->syntax = parse_policy(merger->arena, merger->context->diagnostics, source);
	text->depth = depth;
	*ARENA_PUSH(merger->arena, merger->texts, merger->count) = text;
	add_statements(merger, text);
	return text;
}

/* "redis" of "/etc/libsandbox/policies/redis.policy" */
static const char *policy_name(struct arena *arena, const struct source *source)
{
	const char *path = *source->path ? source->path : source->name;
	const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	size_t length = strlen(base);

	if (length > 7 && !strcmp(base + length - 7, ".policy"))
		length -= 7;
	return arena_strndup(arena, base, length);
}

void add_texts(struct context *context, struct policy *policy, const struct source *source)
{
	struct merger merger = { .context = context, .arena = context->arena, .policy = policy };

	policy->source = source;
	policy->name = policy_name(context->arena, source);
	add_source(context->arena, policy, source);
	add_text(&merger, source, 0);
}

void replace_triggers(struct context *context, struct policy *policy, const struct source *text)
{
	struct phase *phase = &policy->phases[policy->phase_count - 1];
	struct statement *statement = ARENA_NEW(context->arena, struct statement);
	unsigned errors = context->diagnostics->errors;
	struct trigger_syntax *trigger = parse_trigger(context->arena, context->diagnostics, text);

	statement->kind = STATEMENT_TRIGGER;
	statement->trigger = *trigger;
	phase->trigger_lines.count = 0;
	if (context->diagnostics->errors > errors)
		phase->trigger_lines.list = NULL;
	*ARENA_PUSH(context->arena, phase->trigger_lines.list, phase->trigger_lines.count) =
		statement;
}
