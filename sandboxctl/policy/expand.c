/* expand.c - words of rules and groups to system calls; see expand.h.
 *
 * A group is read once, when it is first named.
 */
#include "expand.h"

#include "bind.h"
#include "texts.h"

#include <string.h>

struct group {
	const struct source *source;
	bool open; /* its text is being read: a cycle comes back to it */
	struct group_entry {
		uint32_t number;
		const struct syscall_name *name;
	} * list;
	size_t count;
};

static struct diagnostic *fail(struct expander *expander, struct place place, const char *message)
{
	return diagnose(expander->context->diagnostics, ERROR, place, "%s", message);
}

#define TEXT(...) arena_printf(expander->context->arena, __VA_ARGS__)

static void expand_group(struct expander *expander, const struct word *word, void *data,
			 call_function each);

static void expand_number(struct expander *expander, const struct word *word, void *data,
			  call_function each)
{
	uint64_t number;
	bool is_negative;

	if (!read_number(word->text + 3, &number, &is_negative) || is_negative ||
	    number > NUMBER_MAX) {
		fail(expander, word->place,
		     TEXT("a number of a system call is from 0 to %d: nr:470", NUMBER_MAX));
		return;
	}
	each(data, (uint32_t)number, names_number(expander->policy->arch, (uint32_t)number), word);
}

static const struct syscall_name *known_call(struct expander *expander, const struct word *word)
{
	const struct syscall_name *name = names_syscall(word->text);

	if (!name)
		no_call(expander->context, word);
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
static const struct word *choose_word(struct expander *expander, const struct word *word)
{
	const struct syscall_name *name, *instead;

	if (!can_be_missing(word)) {
		fail(expander, word->instead->place,
		     TEXT("'%s' needs no 'else': it is never missing", word->text));
		return NULL;
	}
	name = known_call(expander, word);
	instead = known_call(expander, word->instead);
	if (!name || !instead)
		return NULL;
	return name->number[expander->policy->arch] >= 0 ? word : word->instead;
}

void expand_word(struct expander *expander, const struct word *word, bool lenient, void *data,
		 call_function each)
{
	enum arch arch = expander->policy->arch;
	const struct syscall_name *name;

	if (word->instead)
		word = choose_word(expander, word);
	if (!word)
		return;
	if (word->text[0] == '@') {
		expand_group(expander, word, data, each);
		return;
	}
	if (!strncmp(word->text, "nr:", 3)) {
		expand_number(expander, word, data, each);
		return;
	}
	name = known_call(expander, word);
	if (!name)
		return;
	if (name->number[arch] >= 0)
		each(data, (uint32_t)name->number[arch], name, word);
	else if (!lenient && !word->optional)
		fail(expander, word->place,
		     TEXT("%s has no system call '%s': write 'optional %s' if the policy is for "
			  "other machines too",
			  arches[arch].name, word->text, word->text));
}

struct filling {
	struct expander *expander;
	struct group *group;
};

static void add_to_group(void *data, uint32_t number, const struct syscall_name *name,
			 const struct word *word)
{
	const struct filling *filling = data;
	struct expander *expander = filling->expander;
	struct group *group = filling->group;

	for (size_t i = 0; i < group->count; i++)
		if (group->list[i].number == number)
			return;
	if (group->count == TABLE_NUMBERS)
		fail(expander, word->place, "too many calls in one group");
	else
		*ARENA_PUSH(expander->context->arena, group->list, group->count) =
			(struct group_entry){ number, name };
}

static struct group *new_group(struct expander *expander, const struct source *source)
{
	struct group *group = ARENA_NEW(expander->context->arena, struct group);

	*ARENA_PUSH(expander->context->arena, expander->groups, expander->count) = group;
	group->source = source;
	return group;
}

static void read_group(struct expander *expander, struct group *group)
{
	struct context *context = expander->context;
	const struct syntax *text =
		parse_group(context->arena, context->diagnostics, group->source);
	struct filling filling = { expander, group };

	group->open = true;
	for (size_t i = 0; i < text->count; i++) {
		const struct words *words = &text->list[i].words;

		for (size_t j = 0; text->list[i].kind == STATEMENT_NAMES && j < words->count; j++)
			expand_word(expander, &words->list[j], true, &filling, add_to_group);
	}
	group->open = false;
}

static struct group *find_group(struct expander *expander, const struct word *word)
{
	const struct source *source = NULL;
	struct group *group;

	/* A word of a group that was not found is said once per place, not once per use. */
	source = load_source(expander->context, expander->policy, SOURCE_GROUP, word->text + 1,
			     word);
	if (!source)
		return NULL;
	for (size_t i = 0; i < expander->count; i++)
		if (expander->groups[i]->source == source)
			return expander->groups[i];
	if (expander->depth == DEPTH_MAX) {
		fail(expander, word->place, TEXT("groups are nested deeper than %d", DEPTH_MAX));
		return NULL;
	}
	group = new_group(expander, source);
	expander->depth++;
	read_group(expander, group);
	expander->depth--;
	return group;
}

static void expand_group(struct expander *expander, const struct word *word, void *data,
			 call_function each)
{
	struct group *group = find_group(expander, word);

	if (!group)
		return;
	if (group->open) {
		fail(expander, word->place,
		     TEXT("%s contains itself: it is open already as %s", word->text,
			  group->source->name));
		return;
	}
	for (size_t i = 0; i < group->count; i++)
		each(data, group->list[i].number, group->list[i].name, word);
}

struct numbers resolve_group(struct context *context, const char *name, const struct source *from,
			     enum arch arch)
{
	struct diagnostics ignored = { .arena = context->arena };
	struct context quiet = { context->arena, &ignored, context->loader };
	struct policy policy = { .arch = arch };
	struct expander expander = { .context = &quiet, .policy = &policy };
	struct word word = { .text = arena_printf(context->arena, "@%s", name),
			     .place = { .source = from } };
	struct group *group = find_group(&expander, &word);
	struct numbers numbers = { 0 };
	uint32_t *list;

	if (!group)
		return numbers;
	list = arena_alloc(context->arena, group->count + 1, sizeof(list[0]));
	for (size_t i = 0; i < group->count; i++)
		list[i] = group->list[i].number;
	return (struct numbers){ list, group->count };
}
