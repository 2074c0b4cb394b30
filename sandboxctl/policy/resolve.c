/* resolve.c - statements to decisions: includes, groups, names; see policy.h.
 *
 * In order: texts are put together (includes first, phases by name), each phase's lines become
 * decisions per call, triggers become tests, and what the library itself needs is added.
 */
#include "bind.h"
#include "needs.h"
#include "step_names.h"
#include "steps.h"
#include "triggers.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum {
	DEPTH_MAX = 8,
	NUMBERS_MAX = 256,
	LINES_MAX = 1024,
};

struct group {
	const struct source *source;
	bool open; /* its text is being read: a cycle comes back to it */
	struct group_entry {
		uint32_t number;
		const struct syscall_name *name;
	} * list;
	size_t count;
};

/* The calls of a phase while lines are added; found by number. */
struct call_index {
	struct call *list[TABLE_NUMBERS];
	struct call **others; /* numbers beyond the table */
	size_t other_count;
};

struct resolver {
	struct context *context;
	struct arena *arena;
	struct policy *policy;
	struct group **groups;
	size_t group_count;
	const struct source *open[DEPTH_MAX + 2]; /* the chain of includes */
	const struct syntax **read;		  /* texts whose statements are in already */
	size_t read_count;
	struct call_index *index; /* of the current phase */
	unsigned group_depth;
};

static struct diagnostic *fail(struct resolver *resolver, struct place place, const char *message)
{
	return diagnose(resolver->context->diagnostics, ERROR, place, "%s", message);
}

#define TEXT(...) arena_printf(resolver->arena, __VA_ARGS__)

/* --- texts ------------------------------------------------------------------------------------ */

static void add_source(struct resolver *resolver, const struct source *source)
{
	struct policy *policy = resolver->policy;

	for (size_t i = 0; i < policy->source_count; i++)
		if (policy->sources[i] == source)
			return;
	*ARENA_PUSH(resolver->arena, policy->sources, policy->source_count) = source;
}

static const struct source *load_source(struct resolver *resolver, enum source_kind kind,
					const char *name, const struct word *word)
{
	struct loader *loader = resolver->context->loader;
	struct diagnostic *diagnostic;
	const struct source *source;
	struct nearest nearest;
	const char *why = "cannot be read";

	source = loader->load(loader, resolver->arena, kind, name, word->place.source, &why);
	if (source) {
		add_source(resolver, source);
		/* `why` was handed over to be set, not kept. */
		/* cppcheck-suppress returnDanglingLifetime */
		return source;
	}
	diagnostic = fail(resolver, word->place, TEXT("%s: %s", word->text, why));
	nearest_begin(&nearest, name);
	if (loader->nearest)
		loader->nearest(loader, kind, word->place.source, &nearest);
	if (nearest.best && kind == SOURCE_GROUP)
		nearest.best = TEXT("@%s", nearest.best);
	nearest_hint(resolver->context->diagnostics, diagnostic, &nearest);
	return NULL;
}

static struct phase *find_phase(struct resolver *resolver, const struct word *word)
{
	struct policy *policy = resolver->policy;
	struct phase *phase;

	for (size_t i = 0; i < policy->phase_count; i++)
		if (!strcmp(policy->phases[i].name, word->text))
			return &policy->phases[i];
	phase = ARENA_PUSH(resolver->arena, policy->phases, policy->phase_count);
	phase->name = word->text;
	phase->place = word->place;
	if (policy->phase_count == POLICYC_PHASES_MAX + 1)
		fail(resolver, word->place, TEXT("more than %u phases", POLICYC_PHASES_MAX));
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
	if (phase->deadline.action && depth >= phase->deadline_depth)
		return;
	phase->deadline = statement->deadline;
	phase->deadline_depth = depth;
}

static void add_trigger_line(struct resolver *resolver, struct phase *phase,
			     const struct statement *statement, unsigned depth)
{
	struct statement_list *lines = &phase->trigger_lines;

	if (lines->count && depth < phase->trigger_depth)
		lines->count = 0;
	if (lines->count && depth > phase->trigger_depth)
		return;
	phase->trigger_depth = depth;
	if (lines->count == POLICYC_TRIGGERS_MAX)
		fail(resolver, statement->place,
		     TEXT("more than %u triggers", POLICYC_TRIGGERS_MAX));
	else
		*ARENA_PUSH(resolver->arena, lines->list, lines->count) = statement;
}

static void add_to_phase(struct resolver *resolver, struct phase *phase,
			 const struct statement *statement, unsigned depth)
{
	if (statement->kind == STATEMENT_DEFAULT)
		set_fallback(&phase->otherwise, statement, depth);
	else if (statement->kind == STATEMENT_UNKNOWN)
		set_fallback(&phase->unknown, statement, depth);
	else if (statement->kind == STATEMENT_DEADLINE)
		set_deadline(phase, statement, depth);
	else if (statement->kind == STATEMENT_TRIGGER)
		add_trigger_line(resolver, phase, statement, depth);
	else if (statement->kind == STATEMENT_APART)
		*ARENA_PUSH(resolver->arena, phase->apart_lines.list, phase->apart_lines.count) =
			statement;
	else if (statement->kind == STATEMENT_RULE)
		*ARENA_PUSH(resolver->arena, phase->rules.list, phase->rules.count) = statement;
	else if (statement->kind >= STEP_READ)
		*ARENA_PUSH(resolver->arena, phase->step_lines.list, phase->step_lines.count) =
			statement;
}

static void add_text(struct resolver *resolver, const struct source *source, unsigned depth);

static void include(struct resolver *resolver, const struct word *word, unsigned depth)
{
	const struct source *source;

	if (depth == DEPTH_MAX) {
		fail(resolver, word->place, TEXT("includes are nested deeper than %d", DEPTH_MAX));
		return;
	}
	source = load_source(resolver, SOURCE_POLICY, word->text, word);
	for (unsigned i = 0; source && i <= depth; i++) {
		if (resolver->open[i] != source)
			continue;
		fail(resolver, word->place,
		     TEXT("%s includes itself: it is open already as %s", word->text,
			  resolver->open[i]->name));
		return;
	}
	if (source)
		add_text(resolver, source, depth + 1);
}

static void enter_phase(struct resolver *resolver, struct phase *phase, const struct word *word,
			const struct syntax *text)
{
	if (phase->last_text == text)
		fail(resolver, word->place,
		     TEXT("phase '%s' is said already at %s", word->text,
			  place_text(resolver->arena, phase->place)));
	phase->last_text = text;
	phase->place = word->place;
}

/* Of included texts too: their phases count on it. */
static void add_prewarms(struct resolver *resolver, const struct words *words)
{
	for (size_t i = 0; i < words->count; i++) {
		const struct word *word = &words->list[i];
		const struct step_name *name = find_step_name(&prewarm_names, word->text);
		struct nearest nearest;

		if (name) {
			resolver->policy->prewarm |= (uint32_t)name->value;
			continue;
		}
		nearest_step_name(&nearest, &prewarm_names, word->text);
		nearest_hint(resolver->context->diagnostics,
			     fail(resolver, word->place,
				  TEXT("no %s is called '%s'", prewarm_names.what, word->text)),
			     &nearest);
	}
}

static void add_statements(struct resolver *resolver, const struct syntax *text, unsigned depth)
{
	struct policy *policy = resolver->policy;
	struct phase *phase = NULL;

	for (size_t i = 0; i < text->count; i++) {
		const struct statement *statement = &text->list[i];
		const struct words *words = &statement->words;

		if (statement->kind == STATEMENT_INCLUDE) {
			include(resolver, &words->list[0], depth);
		} else if (statement->kind == STATEMENT_PHASE) {
			phase = find_phase(resolver, &words->list[0]);
			enter_phase(resolver, phase, &words->list[0], text);
		} else if (phase) {
			add_to_phase(resolver, phase, statement, depth);
		} else if (statement->kind == STATEMENT_PREWARM) {
			add_prewarms(resolver, words);
		} else if (statement->kind == STATEMENT_ABOUT && !depth) {
			policy->about = statement->text;
		} else if (statement->kind == STATEMENT_PROGRAM && !depth) {
			for (size_t j = 0; j < words->count; j++)
				*ARENA_PUSH(resolver->arena, policy->programs.list,
					    policy->programs.count) = words->list[j];
		}
	}
}

static void add_text(struct resolver *resolver, const struct source *source, unsigned depth)
{
	const struct syntax *text;

	resolver->open[depth] = source;
	for (size_t i = 0; i < resolver->read_count; i++)
		if (resolver->read[i]->source == source)
			return; /* included twice, on two ways: once is enough */
	text = parse_policy(resolver->arena, resolver->context->diagnostics, source);
	*ARENA_PUSH(resolver->arena, resolver->read, resolver->read_count) = text;
	add_statements(resolver, text, depth);
}

/* --- names of calls --------------------------------------------------------------------------- */

typedef void (*call_function)(struct resolver *resolver, void *data, uint32_t number,
			      const struct syscall_name *name, const struct word *word);

static void expand_group(struct resolver *resolver, const struct word *word, void *data,
			 call_function each);

static void expand_number(struct resolver *resolver, const struct word *word, void *data,
			  call_function each)
{
	uint64_t number;
	bool is_negative;

	if (!read_number(word->text + 3, &number, &is_negative) || is_negative ||
	    number > NUMBER_MAX) {
		fail(resolver, word->place,
		     TEXT("a number of a system call is from 0 to %d: nr:%d", NUMBER_MAX, 470));
		return;
	}
	each(resolver, data, (uint32_t)number,
	     names_number(resolver->policy->arch, (uint32_t)number), word);
}

static void unknown_call(struct resolver *resolver, const struct word *word)
{
	struct diagnostic *diagnostic;
	struct nearest nearest;

	diagnostic = fail(resolver, word->place, TEXT("no system call is called '%s'", word->text));
	names_nearest_syscall(&nearest, word->text);
	nearest_hint(resolver->context->diagnostics, diagnostic, &nearest);
	if (!nearest.best)
		diagnostic->hint = "a call newer than these tables is named by number: nr:470";
}

static const struct syscall_name *known_call(struct resolver *resolver, const struct word *word)
{
	const struct syscall_name *name = names_syscall(word->text);

	if (!name)
		unknown_call(resolver, word);
	return name;
}

/* A group leaves out what is missing, and a number is never. */
static bool can_be_missing(const struct word *word)
{
	const struct syscall_name *name = names_syscall(word->text);

	for (size_t arch = 0; name && arch < ARCHES; arch++)
		if (name->number[arch] < 0)
			return true;
	return !name && word->text[0] != '@' && strncmp(word->text, "nr:", 3) != 0;
}

/* `A else B`: A where the architecture has it, or B. NULL after saying what is wrong. */
static const struct word *choose_word(struct resolver *resolver, const struct word *word)
{
	const struct syscall_name *name, *instead;

	if (!can_be_missing(word)) {
		fail(resolver, word->instead->place,
		     TEXT("'%s' needs no 'else': it is never missing", word->text));
		return NULL;
	}
	name = known_call(resolver, word);
	instead = known_call(resolver, word->instead);
	if (!name || !instead)
		return NULL;
	return name->number[resolver->policy->arch] >= 0 ? word : word->instead;
}

static void expand_word(struct resolver *resolver, const struct word *word, bool lenient,
			void *data, call_function each)
{
	enum arch arch = resolver->policy->arch;
	const struct syscall_name *name;

	if (word->instead)
		word = choose_word(resolver, word);
	if (!word)
		return;
	if (word->text[0] == '@') {
		expand_group(resolver, word, data, each);
		return;
	}
	if (!strncmp(word->text, "nr:", 3)) {
		expand_number(resolver, word, data, each);
		return;
	}
	name = known_call(resolver, word);
	if (!name)
		return;
	if (name->number[arch] >= 0)
		each(resolver, data, (uint32_t)name->number[arch], name, word);
	else if (!lenient && !word->optional)
		fail(resolver, word->place,
		     TEXT("%s has no system call '%s': write 'optional %s' if the policy is for "
			  "other machines too",
			  arches[arch].name, word->text, word->text));
}

static void add_to_group(struct resolver *resolver, void *data, uint32_t number,
			 const struct syscall_name *name, const struct word *word)
{
	struct group *group = data;
	struct group_entry *entry;

	for (size_t i = 0; i < group->count; i++)
		if (group->list[i].number == number)
			return;
	if (group->count == TABLE_NUMBERS) {
		fail(resolver, word->place, "too many calls in one group");
		return;
	}
	entry = ARENA_PUSH(resolver->arena, group->list, group->count);
	entry->number = number;
	entry->name = name;
}

static struct group *new_group(struct resolver *resolver, const struct source *source)
{
	struct group *group = ARENA_NEW(resolver->arena, struct group);

	*ARENA_PUSH(resolver->arena, resolver->groups, resolver->group_count) = group;
	group->source = source;
	return group;
}

static void read_group(struct resolver *resolver, struct group *group)
{
	const struct syntax *text;

	text = parse_group(resolver->arena, resolver->context->diagnostics, group->source);
	group->open = true;
	for (size_t i = 0; i < text->count; i++)
		for (size_t j = 0;
		     text->list[i].kind == STATEMENT_NAMES && j < text->list[i].words.count; j++)
			expand_word(resolver, &text->list[i].words.list[j], true, group,
				    add_to_group);
	group->open = false;
}

static struct group *find_group(struct resolver *resolver, const struct word *word)
{
	const struct source *source = NULL;
	struct group *group;

	/* A word of a group that was not found is said once per place, not once per use. */
	source = load_source(resolver, SOURCE_GROUP, word->text + 1, word);
	if (!source)
		return NULL;
	for (size_t i = 0; i < resolver->group_count; i++)
		if (resolver->groups[i]->source == source)
			return resolver->groups[i];
	if (resolver->group_depth == DEPTH_MAX) {
		fail(resolver, word->place, TEXT("groups are nested deeper than %d", DEPTH_MAX));
		return NULL;
	}
	group = new_group(resolver, source);
	resolver->group_depth++;
	read_group(resolver, group);
	resolver->group_depth--;
	return group;
}

static void expand_group(struct resolver *resolver, const struct word *word, void *data,
			 call_function each)
{
	struct group *group = find_group(resolver, word);

	if (!group)
		return;
	if (group->open) {
		fail(resolver, word->place,
		     TEXT("%s contains itself: it is open already as %s", word->text,
			  group->source->name));
		return;
	}
	for (size_t i = 0; i < group->count; i++)
		each(resolver, data, group->list[i].number, group->list[i].name, word);
}

/* --- rules ------------------------------------------------------------------------------------ */

static struct call *take_call(struct resolver *resolver, uint32_t number,
			      const struct syscall_name *name, struct place place)
{
	struct call_index *index = resolver->index;
	struct call **slot = NULL;

	if (number < TABLE_NUMBERS)
		slot = &index->list[number];
	/* The phase sets the index before any call. NOLINTNEXTLINE(clang-analyzer-core.*) */
	for (size_t i = 0; !slot && i < index->other_count; i++)
		if (index->others[i]->number == number)
			slot = &index->others[i];
	if (!slot) {
		if (index->other_count == NUMBERS_MAX) {
			fail(resolver, place, TEXT("more than %d calls by number", NUMBERS_MAX));
			return NULL;
		}
		slot = ARENA_PUSH(resolver->arena, index->others, index->other_count);
	}
	if (!*slot) {
		*slot = ARENA_NEW(resolver->arena, struct call);
		(*slot)->number = number;
		(*slot)->name = name;
	}
	return *slot;
}

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

static void add_rule_to_call(struct resolver *resolver, void *data, uint32_t number,
			     const struct syscall_name *name, const struct word *word)
{
	const struct statement *statement = data;
	struct decision decision = {
		.action = statement->action,
		.text = statement->text,
		.place = word->place,
		.named = word->text[0] != '@',
	};
	struct call *call = take_call(resolver, number, name, word->place);

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
static void forget_call(struct resolver *resolver, void *data, uint32_t number,
			const struct syscall_name *name, const struct word *word)
{
	struct call *call = take_call(resolver, number, name, word->place);

	(void)data;
	if (call)
		call->count = 0;
}

static void add_rule(struct resolver *resolver, const struct statement *statement)
{
	union {
		const struct statement *in;
		void *out;
	} data = { .in = statement };

	for (size_t i = 0; i < statement->words.count && statement->override; i++)
		expand_word(resolver, &statement->words.list[i], true, NULL, forget_call);
	for (size_t i = 0; i < statement->words.count; i++)
		expand_word(resolver, &statement->words.list[i], false, data.out, add_rule_to_call);
}

static int compare_calls(const void *a, const void *b)
{
	uint32_t x = ((const struct call *)a)->number, y = ((const struct call *)b)->number;

	return (x > y) - (x < y);
}

static void collect_calls(struct resolver *resolver, struct phase *phase)
{
	struct call_index *index = resolver->index;

	for (size_t i = 0; i < TABLE_NUMBERS; i++)
		if (index->list[i] && index->list[i]->count)
			*ARENA_PUSH(resolver->arena, phase->calls, phase->call_count) =
				*index->list[i];
	for (size_t i = 0; i < index->other_count; i++)
		if (index->others[i]->count)
			*ARENA_PUSH(resolver->arena, phase->calls, phase->call_count) =
				*index->others[i];
	if (phase->call_count)
		qsort(phase->calls, phase->call_count, sizeof(phase->calls[0]), compare_calls);
}

/* --- what the library itself needs ------------------------------------------------------------ */

static bool is_permission(enum action_kind kind)
{
	return kind == ACTION_ALLOW || kind == ACTION_LOG;
}

static bool phase_traps(const struct phase *phase, const struct call_index *index)
{
	enum action_kind kinds[] = { phase->otherwise.action.kind, phase->unknown.action.kind };

	for (int i = 0; i < 2; i++)
		if (kinds[i] == ACTION_TRAP || kinds[i] == ACTION_TRAP_ERRNO)
			return true;
	for (size_t i = 0; i < TABLE_NUMBERS + index->other_count; i++) {
		const struct call *call =
			i < TABLE_NUMBERS ? index->list[i] : index->others[i - TABLE_NUMBERS];

		for (size_t j = 0; call && j < call->count; j++)
			if (call->list[j].action.kind == ACTION_TRAP ||
			    call->list[j].action.kind == ACTION_TRAP_ERRNO)
				return true;
	}
	return false;
}

/* "openat where flags == O_PATH" as a rule of a text of its own. */
static const struct statement *parse_need(struct resolver *resolver, const char *rule)
{
	struct diagnostics ignored = {
		.arena = resolver->arena
	}; /* those of the policy may be full */
	struct source *source = ARENA_NEW(resolver->arena, struct source);
	const struct syntax *text;

	source->name = source->path = "";
	source->text = TEXT("policy 1\nphase implied\nallow %s\n", rule);
	source->size = strlen(source->text);
	text = parse_policy(resolver->arena, &ignored, source);
	return &text->list[text->count - 1];
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

struct implying {
	struct resolver *resolver;
	struct phase *phase;
};

static void imply(void *data, const struct own_need *need)
{
	const struct implying *implying = data;
	struct resolver *resolver = implying->resolver;
	const struct statement *rule = parse_need(resolver, need->rule);
	const struct word *word = &rule->words.list[0];
	const struct syscall_name *name = names_syscall(word->text);
	struct implied implied = { .need = *need, .text = rule->text };

	if (name->number[resolver->policy->arch] < 0)
		return;
	implied.number = (uint32_t)name->number[resolver->policy->arch];
	implied.condition = bind_to_call(resolver->context, rule->condition, resolver->policy->arch,
					 name, word);
	if (!is_implied_already(implying->phase, &implied))
		*ARENA_PUSH(resolver->arena, implying->phase->implied,
			    implying->phase->implied_count) = implied;
}

/* What is needed stands in the list in any case; a decision only where the default is no help. */
static void add_implied(struct resolver *resolver, struct phase *phase,
			const struct implied *implied)
{
	const struct syscall_name *name = names_number(resolver->policy->arch, implied->number);
	struct call *call;

	if (phase->otherwise.action.kind == ACTION_ALLOW)
		return;
	call = take_call(resolver, implied->number, name, phase->place);
	*ARENA_PUSH(resolver->arena, call->list, call->count) =
		(struct decision){ .action.kind = ACTION_ALLOW,
				   .condition = implied->condition,
				   .text = implied->text,
				   .place = phase->place,
				   .origin = ORIGIN_IMPLIED };
}

/* A program must not take the report's handler away. It is told that it did: an error here would
 * make programs stop that install handlers for every signal. */
static void guard_handler(struct resolver *resolver, struct phase *phase)
{
	const struct syscall_name *name = names_syscall("rt_sigaction");
	struct condition *both = ARENA_NEW(resolver->arena, struct condition);
	struct decision *decision;
	struct call *call;
	bool allowed = is_permission(phase->otherwise.action.kind);

	call = take_call(resolver, (uint32_t)name->number[resolver->policy->arch], name,
			 phase->place);
	for (size_t i = 0; i < call->count; i++)
		allowed |= is_permission(call->list[i].action.kind);
	if (!allowed)
		return;
	both->kind = CONDITION_AND;
	both->left = make_test(resolver->arena, 0, 32, TEST_EQ, SIGSYS);
	both->right = make_test(resolver->arena, 1, 64, TEST_NE, 0);
	decision = ARENA_PUSH(resolver->arena, call->list, call->count);
	*decision = (struct decision){ .action = { ACTION_ERRNO, 0 },
				       .condition = both,
				       .text = "sig == SIGSYS and act != 0",
				       .place = phase->place,
				       .origin = ORIGIN_GUARD };
}

static void refuse_denied_need(struct resolver *resolver, uint32_t number)
{
	const struct call *call = resolver->index->list[number];

	for (size_t i = 0; call && i < call->count; i++)
		if (!is_permission(call->list[i].action.kind))
			fail(resolver, call->list[i].place,
			     TEXT("%s cannot be denied: the library itself needs it to lock",
				  call->name->name));
}

static void add_needs(struct resolver *resolver, struct phase *phase)
{
	struct implying implying = { resolver, phase };

	each_need(resolver->arena, resolver->policy, phase, imply, &implying);
	for (size_t i = 0; i < phase->implied_count; i++) {
		const struct implied *implied = &phase->implied[i];

		if (!implied->need.later && !(implied->need.flags & NEED_SPARED))
			refuse_denied_need(resolver, implied->number);
		add_implied(resolver, phase, implied);
	}
	if (phase->traps)
		guard_handler(resolver, phase);
}

/* --- all together ----------------------------------------------------------------------------- */

static void check_fallback(struct resolver *resolver, const struct fallback *fallback,
			   const char *word)
{
	if (fallback->conflict.source)
		fail(resolver, fallback->conflict,
		     TEXT("'%s' is said differently at %s, in a text included just as near: say it "
			  "in the policy itself",
			  word, place_text(resolver->arena, fallback->place)));
}

static void resolve_phase(struct resolver *resolver, struct phase *phase, struct call_index *index)
{
	resolver->index = index;
	for (size_t i = 0; i < phase->rules.count; i++) {
		add_rule(resolver, phase->rules.list[i]);
		if (resolver->context->diagnostics->errors > ERRORS_SHOWN)
			return;
	}
	resolve_triggers(resolver->context, resolver->policy->arch, phase);
	check_fallback(resolver, &phase->otherwise, "default");
	check_fallback(resolver, &phase->unknown, "unknown");
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
	phase->traps = phase_traps(phase, index);
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

static void replace_triggers(struct resolver *resolver, const struct source *text)
{
	struct policy *policy = resolver->policy;
	struct phase *phase = &policy->phases[policy->phase_count - 1];
	struct diagnostics *diagnostics = resolver->context->diagnostics;
	struct statement *statement = ARENA_NEW(resolver->arena, struct statement);
	unsigned errors = diagnostics->errors;
	struct trigger_syntax *trigger = parse_trigger(resolver->arena, diagnostics, text);

	statement->kind = STATEMENT_TRIGGER;
	statement->trigger = *trigger;
	phase->trigger_lines.count = 0;
	if (diagnostics->errors > errors)
		phase->trigger_lines.list = NULL;
	*ARENA_PUSH(resolver->arena, phase->trigger_lines.list, phase->trigger_lines.count) =
		statement;
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

struct policy *resolve_policy(struct context *context, const struct source *source, enum arch arch,
			      const struct source *trigger)
{
	struct policy *policy = ARENA_NEW(context->arena, struct policy);
	struct resolver resolver = { .context = context,
				     .arena = context->arena,
				     .policy = policy };
	struct place top = { .source = source };
	unsigned errors = context->diagnostics->errors;
	struct call_index *indices;

	policy->arch = arch;
	policy->source = source;
	policy->name = policy_name(context->arena, source);
	add_source(&resolver, source);
	add_text(&resolver, source, 0);
	if (!policy->phase_count) {
		if (context->diagnostics->errors == errors)
			fail(&resolver, top, "the policy has no phase: add 'phase NAME'");
		return policy;
	}
	if (policy->phase_count > POLICYC_PHASES_MAX)
		return policy;
	if (trigger)
		replace_triggers(&resolver, trigger);
	for (size_t i = 0; i < policy->phase_count; i++)
		resolve_apart(&resolver, &policy->phases[i]);
	resolve_steps(context, policy);
	indices = arena_alloc(context->arena, policy->phase_count, sizeof(*indices));
	for (size_t i = 0; i < policy->phase_count; i++)
		resolve_phase(&resolver, &policy->phases[i], &indices[i]);
	for (size_t i = 0; i < policy->phase_count; i++) {
		resolver.index = &indices[i];
		add_needs(&resolver, &policy->phases[i]);
		collect_calls(&resolver, &policy->phases[i]);
	}
	return policy;
}

struct numbers resolve_group(struct context *context, const char *name, const struct source *from,
			     enum arch arch)
{
	struct diagnostics ignored = { .arena = context->arena };
	struct context quiet = { context->arena, &ignored, context->loader };
	struct policy policy = { .arch = arch };
	struct resolver resolver = { .context = &quiet,
				     .arena = context->arena,
				     .policy = &policy };
	struct word word = { .text = arena_printf(context->arena, "@%s", name),
			     .place = { .source = from } };
	struct group *group = find_group(&resolver, &word);
	struct numbers numbers = { 0 };
	uint32_t *list;

	if (!group)
		return numbers;
	list = arena_alloc(context->arena, group->count + 1, sizeof(list[0]));
	for (size_t i = 0; i < group->count; i++)
		list[i] = group->list[i].number;
	return (struct numbers){ list, group->count };
}
