/* compose.c - the policy for what was seen; see compose.h. */
#include "compose.h"

#include "conditions.h"
#include "groups.h"
#include "implied.h"
#include "relock.h"
#include "rights.h"

#include "policy/decode.h"
#include "policy/read.h"
#include "policy/step_names.h"
#include "policy/steps.h"

#include <stdlib.h>
#include <string.h>

enum { COLUMN = 42, CALLERS_SHOWN = 2 };

/* Calls stand together that belong together: in the first section that has them. */
static const struct section {
	const char *title;
	const char *groups[4];
	const char *calls[8];
} sections[] = {
	{ "always", { NULL }, { NULL } },
	{ "events",
	  { "event-loop", "poll", "signal-wait", "sleep" },
	  { "eventfd2", "epoll_create1" } },
	{ "connections", { "network-io" }, { NULL } },
	{ "what is open",
	  { "stream-io", "basic-io", "pipes" },
	  { "fcntl", "ioctl", "sendfile", "splice" } },
	{ "files", { "file-system", "open-read", "open-write", "sync" }, { "flock", "umask" } },
	{ "memory and threads",
	  { "malloc", "thread" },
	  { "mmap", "mprotect", "clone", "clone3", "mincore", "membarrier" } },
	{ "processes and signals",
	  { "process", "signal", "setuid", "exec" },
	  { "setsid", "setpgid" } },
	{ "the rest", { NULL }, { NULL } },
	{ "ends", { NULL }, { NULL } },
};

enum {
	SECTIONS = sizeof(sections) / sizeof(sections[0]),
	ALWAYS = 0,
	ENDS = SECTIONS - 1,
	THE_REST = SECTIONS - 2
};

/* One line of the policy. */
struct line {
	const char *text;	       /* "allow fcntl where cmd == F_SETFL" */
	const char *calls, *condition; /* of it; calls may become several */
	const char *why;	       /* instead of the numbers; or NULL */
	struct sighting **list;
	size_t count;
	unsigned section;
};

struct composer {
	struct context *context;
	const struct model *model;
	const struct compose *options;
	struct sighting **seen;
	size_t seen_count;
	uint32_t phase;

	uint8_t section_of[TABLE_NUMBERS];
	enum need needs[TABLE_NUMBERS];
	struct choice choice;
	struct line *lines;
	size_t line_count;
	const char *text;
};

#define TEXT(...) arena_printf(composer->context->arena, __VA_ARGS__)

static void say(struct composer *composer, const char *text)
{
	composer->text = TEXT("%s%s\n", composer->text, text);
}

/* --- whose policy it is ----------------------------------------------------------------------- */

const char *model_program(const struct model *model)
{
	for (size_t i = 0; i < model->fired_count; i++) {
		const struct fired *fired = &model->fired[i];
		const char *started = model->runs[fired->run].program;
		size_t length = strcspn(started, " ");
		const char *name = started;

		for (size_t j = 0; j < length; j++)
			if (started[j] == '/')
				name = started + j + 1;
		if (strlen(fired->program) == length - (size_t)(name - started) &&
		    !strncmp(fired->program, name, strlen(fired->program)))
			return fired->program;
	}
	return model->fired_count ? model->fired[0].program : NULL;
}

/* A program that met the trigger by itself has a lock of its own. */
static bool locks_itself(const struct model *model, const char *program)
{
	for (size_t i = 0; i < model->fired_count; i++)
		if (!model->fired[i].again && !strcmp(model->fired[i].program, program))
			return true;
	return false;
}

bool is_needed(const struct model *model, const char *program, uint32_t phase,
	       const struct sighting *sighting)
{
	const struct scene *scene = &model->scenes.list[sighting->scene];

	if (!(scene->fired & phase))
		return false;
	return !program || !strcmp(scene->program, program) || !locks_itself(model, scene->program);
}

/* --- reasons ---------------------------------------------------------------------------------- */

/* The program's own process is not named. */
static const char *who_text(struct composer *composer, const struct sighting *sighting)
{
	const struct scene *scene = &composer->model->scenes.list[sighting->scene];

	if (!scene->generation && !strcmp(scene->program, composer->options->program))
		return NULL;
	return scene->generation ? TEXT("%s/%u", scene->program, scene->generation)
				 : scene->program;
}

static bool has_word(const char *text, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = strstr(text, word); at; at = strstr(at + 1, word))
		if ((at == text || at[-1] == ' ') && (!at[length] || at[length] == ','))
			return true;
	return false;
}

static void add_word(struct composer *composer, const char **text, unsigned *count,
		     const char *word)
{
	if (!word || has_word(*text, word))
		return;
	if (*count < CALLERS_SHOWN)
		*text = TEXT("%s%s%s", *text, *count ? ", " : "", word);
	else if (*count == CALLERS_SHOWN)
		*text = TEXT("%s, ...", *text);
	++*count;
}

/* "36062 calls, from redis-server+0x13c0c1, by redis-server/1" */
static const char *reason(struct composer *composer, const struct line *line)
{
	unsigned from_count = 0, by_count = 0;
	const char *from = "", *by = "", *why = line->why;
	uint64_t calls = 0;

	for (size_t i = 0; i < line->count; i++) {
		const struct sighting *sighting = line->list[i];

		if (!sighting->count)
			why = implied_why(sighting);
		calls += sighting->count;
		for (unsigned j = 0; j < sighting->caller_count; j++)
			add_word(composer, &from, &from_count, sighting->callers[j]);
		add_word(composer, &by, &by_count, who_text(composer, sighting));
	}
	if (!line->count || (line->why && !calls))
		return why;
	return TEXT("%llu call%s%s%s%s%s%s%s", (unsigned long long)calls, calls == 1 ? "" : "s",
		    *from ? ", from " : "", from, *by ? "; in " : "", by, why ? "; " : "",
		    why ? why : "");
}

/* --- sections --------------------------------------------------------------------------------- */

static void put_in_section(struct composer *composer, uint32_t number, unsigned section)
{
	if (number < TABLE_NUMBERS && composer->section_of[number] == THE_REST)
		composer->section_of[number] = (uint8_t)section;
}

/* Calls that are named stand where they are named, whatever group has them, too. */
static void find_sections(struct composer *composer)
{
	memset(composer->section_of, THE_REST, sizeof(composer->section_of));
	for (unsigned i = 0; i < SECTIONS; i++)
		for (unsigned j = 0; j < sizeof(sections[i].calls) / sizeof(char *); j++)
			if (sections[i].calls[j])
				put_in_section(composer,
					       (uint32_t)names_syscall(sections[i].calls[j])
						       ->number[ARCH_NATIVE],
					       i);
	for (unsigned i = 0; i < SECTIONS; i++) {
		for (unsigned j = 0; j < sizeof(sections[i].groups) / sizeof(char *); j++) {
			struct numbers calls = { 0 };

			if (sections[i].groups[j])
				calls = resolve_group(composer->context, sections[i].groups[j],
						      NULL, ARCH_NATIVE);
			for (size_t k = 0; k < calls.count; k++)
				put_in_section(composer, calls.list[k], i);
		}
	}
}

/* --- lines ------------------------------------------------------------------------------------ */

static struct line *add_line(struct composer *composer, unsigned section, const char *calls,
			     const char *condition, struct sighting **list, size_t count)
{
	struct line *line =
		ARENA_PUSH(composer->context->arena, composer->lines, composer->line_count);

	*line = (struct line){ .calls = calls,
			       .condition = condition,
			       .list = list,
			       .count = count,
			       .section = section };
	return line;
}

/* Those of one call that are needed, in the order they were seen. */
static size_t sightings_of(struct composer *composer, uint32_t number, struct sighting **list)
{
	size_t count = 0;

	for (size_t i = 0; i < composer->seen_count; i++)
		if (composer->seen[i]->number == number)
			list[count++] = composer->seen[i];
	return count;
}

static unsigned section_of(const struct composer *composer, uint32_t number)
{
	return number < TABLE_NUMBERS ? composer->section_of[number] : THE_REST;
}

/* mmap and mprotect mostly ask for the same. */
static bool joins(struct composer *composer, const char *name, const struct conditioned *one,
		  unsigned section)
{
	for (size_t i = 0; one->condition && i < composer->line_count; i++) {
		struct line *line = &composer->lines[i];
		struct sighting **list;

		if (line->section != section || !line->condition ||
		    strcmp(line->condition, one->condition) != 0)
			continue;
		list = arena_alloc(composer->context->arena, line->count + one->count,
				   sizeof(*list));
		memcpy(list, line->list, line->count * sizeof(*list));
		memcpy(list + line->count, one->list, one->count * sizeof(*list));
		line->list = list;
		line->count += one->count;
		line->calls = TEXT("%s %s", line->calls, name);
		return true;
	}
	return false;
}

static void add_call(struct composer *composer, uint32_t number,
		     const struct conditions *conditions)
{
	const char *name =
		call_name(composer->context->arena, names_number(ARCH_NATIVE, number), number);
	unsigned section = section_of(composer, number);
	bool is_clone3 = false;

	for (size_t i = 0; i < conditions->count; i++) {
		const struct conditioned *one = &conditions->list[i];

		for (size_t j = 0; j < one->count; j++)
			is_clone3 |= one->list[j]->is_clone3;
		if (!joins(composer, name, one, section))
			add_line(composer, section, name, one->condition, one->list, one->count);
	}
	if (is_clone3) {
		struct line *line = add_line(composer, section, "", NULL, NULL, 0);

		line->text = "errno ENOSYS clone3";
		line->why = "its flags cannot be looked at; libc goes on with clone";
	}
}

/* Every call that was seen, once: its sightings are handed to `each`. */
static void for_each_call(struct composer *composer,
			  void (*each)(struct composer *composer, uint32_t number,
				       struct sighting **list, size_t count))
{
	for (size_t i = 0; i < composer->seen_count; i++) {
		uint32_t number = composer->seen[i]->number;
		struct sighting **list;
		bool is_first = true;

		for (size_t j = 0; j < i && is_first; j++)
			is_first = composer->seen[j]->number != number;
		if (!is_first)
			continue;
		list = arena_alloc(composer->context->arena, composer->seen_count, sizeof(*list));
		each(composer, number, list, sightings_of(composer, number, list));
	}
}

static void note_need(struct composer *composer, uint32_t number, struct sighting **list,
		      size_t count)
{
	struct conditions conditions =
		find_conditions(composer->context->arena, list, count, composer->options->exact);

	if (number >= TABLE_NUMBERS)
		return;
	composer->needs[number] =
		conditions.count == 1 && !conditions.list[0].condition ? NEED_ALL : NEED_SOME;
}

static bool in_group(const struct chosen *group, uint32_t number)
{
	for (size_t i = 0; i < group->calls.count; i++)
		if (group->calls.list[i] == number)
			return true;
	return false;
}

/* Nothing is left that the group would add. */
static bool all_named(const struct composer *composer, const struct chosen *group)
{
	for (size_t i = 0; i < group->calls.count; i++)
		if (composer->needs[group->calls.list[i]] != NEED_ALL &&
		    !composer->choice.covers[group->calls.list[i]])
			return false;
	return true;
}

/* What nobody saw is explained once. */
static bool is_of_line(const struct composer *composer, size_t group,
		       const struct sighting *sighting)
{
	if (!in_group(&composer->choice.list[group], sighting->number))
		return false;
	for (size_t i = 0; i < group && !sighting->count; i++)
		if (in_group(&composer->choice.list[i], sighting->number))
			return false;
	return true;
}

static void add_groups(struct composer *composer)
{
	struct arena *arena = composer->context->arena;

	for (size_t i = 0; i < composer->choice.count; i++) {
		const struct chosen *group = &composer->choice.list[i];
		struct sighting **list =
			arena_alloc(arena, composer->seen_count + 1, sizeof(*list));
		struct line *line;
		size_t count = 0;

		if (group->is_rest && all_named(composer, group))
			continue;
		for (size_t j = 0; j < composer->seen_count && !group->is_rest; j++)
			if (is_of_line(composer, i, composer->seen[j]))
				list[count++] = composer->seen[j];
		line = add_line(composer,
				group->is_rest ? ENDS
				: group->why   ? ALWAYS
					       : section_of(composer, group->calls.list[0]),
				group->name, NULL, list, count);
		line->why = group->why;
	}
}

static void add_what_is_left(struct composer *composer, uint32_t number, struct sighting **list,
			     size_t count)
{
	struct conditions conditions;

	if (number < TABLE_NUMBERS && composer->choice.covers[number])
		return;
	conditions =
		find_conditions(composer->context->arena, list, count, composer->options->exact);
	add_call(composer, number, &conditions);
}

/* glibc before 2.37 asks how much memory there is when it first sorts more than a kilobyte, and
 * goes on without an answer: a list that grew is no reason to die. */
static void add_sorting(struct composer *composer)
{
	uint32_t number = (uint32_t)names_syscall("sysinfo")->number[ARCH_NATIVE];
	struct line *line;

	if (composer->options->exact || composer->choice.covers[number] ||
	    composer->needs[number] != NEED_NONE)
		return;
	line = add_line(composer, ENDS, "", NULL, NULL, 0);
	line->text = "errno ENOSYS sysinfo";
	line->why = "qsort of glibc before 2.37 asks when it has much to sort, and goes on without";
}

/* --- text ------------------------------------------------------------------------------------- */

static void say_line(struct composer *composer, const struct line *line)
{
	const char *text = line->text, *why = reason(composer, line);
	int width = COLUMN;

	if (!text)
		text = TEXT("allow %s%s%s", line->calls, line->condition ? " where " : "",
			    line->condition ? line->condition : "");
	say(composer, why ? TEXT("  %-*s # %s", width, text, why) : TEXT("  %s", text));
}

static void say_sections(struct composer *composer)
{
	for (unsigned section = 0; section < SECTIONS; section++) {
		bool is_titled = false;

		for (size_t i = 0; i < composer->line_count; i++) {
			if (composer->lines[i].section != section)
				continue;
			if (!is_titled)
				say(composer, TEXT("\n  # %s", sections[section].title));
			is_titled = true;
			say_line(composer, &composer->lines[i]);
		}
	}
}

/* The phase that is written, without its rules. NULL: its triggers are none of ours. */
static const struct phase *bare_phase(struct composer *composer, const char *name)
{
	const struct run *run = &composer->model->runs[composer->model->run_count - 1];
	struct arena *arena = composer->context->arena;
	struct diagnostics ignored = { .arena = arena };
	struct context context = *composer->context;
	const char *text = TEXT("policy 1\nphase %s\n", name);
	const struct policy *policy;

	for (size_t i = 0; i < run->trigger_count; i++)
		if (!strcmp(run->triggers[i].phase, name))
			text = TEXT("%s  trigger %s\n", text, run->triggers[i].text);
	context.diagnostics = &ignored;
	policy = resolve_policy(&context,
				text_source(arena, "<bare>", TEXT("%s  default trap\n", text)),
				ARCH_NATIVE, NULL);
	return ignored.errors || !policy->phase_count ? NULL : &policy->phases[0];
}

static void take_relock(struct composer *composer, const char *name)
{
	const struct phase *phase = bare_phase(composer, name);
	struct shapes shapes;

	shapes_begin(&shapes, ARCH_NATIVE);
	if (phase)
		composer->seen =
			add_relock(composer->context, composer->model, composer->options->program,
				   phase, &shapes, composer->seen, &composer->seen_count);
}

/* What was made for another machine is always killed: it can only be said. */
static void take_seen(struct composer *composer, const char *phase)
{
	const struct model *model = composer->model;
	struct sighting **all;
	size_t count;

	all = model_list(model, &count);
	composer->seen = arena_alloc(composer->context->arena, count + 1, sizeof(*all));
	composer->seen_count = 0;
	for (size_t i = 0; i < count; i++)
		if (all[i]->kind == SIGHT_CALL && !all[i]->is_foreign &&
		    is_needed(model, composer->options->program, composer->phase, all[i]))
			composer->seen[composer->seen_count++] = all[i];
	take_relock(composer, phase);
	if (!composer->options->exact)
		composer->seen =
			add_implied(composer->context->arena, composer->seen, &composer->seen_count,
				    makes_threads(model, composer->options->program));
}

/* Files and ports. What the filter denies is reported, what Landlock denies is not: who learns asks
 * for it. */
static void say_rights(struct composer *composer)
{
	struct arena *arena = composer->context->arena;
	struct sighting **all, **needed;
	struct right_lines lines;
	size_t count, needed_count = 0;
	bool starts = false;

	all = model_list(composer->model, &count);
	needed = arena_alloc(arena, count + 1, sizeof(struct sighting *));
	for (size_t i = 0; i < count; i++)
		if (all[i]->kind != SIGHT_CALL &&
		    is_needed(composer->model, composer->options->program, composer->phase, all[i]))
			needed[needed_count++] = all[i];
	lines = find_rights(arena, needed, needed_count);
	if (!lines.count)
		return;
	if (!composer->options->landlock) {
		say(composer,
		    TEXT("\n  # files and ports: any that these calls reach; 'learn "
			 "--landlock' writes %zu line%s that keep%s to those seen",
			 lines.count, lines.count == 1 ? "" : "s", lines.count == 1 ? "s" : ""));
		return;
	}
	say(composer, "\n  # files and ports, by Landlock: what no line gives fails, unreported");
	for (size_t i = 0; i < lines.count; i++) {
		say(composer, TEXT("  %-*s # %s", COLUMN, lines.list[i].text, lines.list[i].why));
		starts |= !strncmp(lines.list[i].text, "execute", 7);
	}
	if (starts)
		say(composer,
		    TEXT("  %-*s # this policy, for libsandbox in what is started", COLUMN,
			 TEXT("read    -%s", write_path(arena, composer->options->compiled))));
}

static void say_phase(struct composer *composer, const char *phase)
{
	const struct run *run = &composer->model->runs[composer->model->run_count - 1];

	composer->phase = model_phase(composer->model, phase);
	composer->lines = NULL;
	composer->line_count = 0;
	memset(composer->needs, 0, sizeof(composer->needs));
	take_seen(composer, phase);
	for_each_call(composer, note_need);
	composer->choice =
		choose_groups(composer->context, composer->needs, composer->options->exact);
	add_groups(composer);
	for_each_call(composer, add_what_is_left);
	add_sorting(composer);
	say(composer, TEXT("\nphase %s", phase));
	for (size_t i = 0; i < run->trigger_count; i++)
		if (!strcmp(run->triggers[i].phase, phase))
			say(composer, TEXT("  trigger %s", run->triggers[i].text));
	say(composer, "\n  default trap\n  unknown errno ENOSYS");
	say_sections(composer);
	say_rights(composer);
}

static void say_head(struct composer *composer)
{
	const struct compose *options = composer->options;
	size_t runs = composer->model->run_count;
	const struct run *last = &composer->model->runs[runs - 1];

	say(composer, TEXT("# %s - learned by 'sandboxctl learn'.\n#", options->program));
	say(composer,
	    TEXT("# From %zu run%s in %s, the last on %.10s: %s", runs, runs == 1 ? "" : "s",
		 options->recording, last->started ? last->started : "?", last->program));
	say(composer,
	    "#\n# What these runs did not do is not in here: read it through before use. Each "
	    "line says how\n# often its calls were seen and whose code made them; addr2line -e "
	    "OBJECT OFFSET knows where.\n");
	say(composer, "policy 1");
	say(composer, TEXT("about   %s, learned from %zu run%s", options->program, runs,
			   runs == 1 ? "" : "s"));
	say(composer, TEXT("program %s", options->program));
	for (size_t i = 0; i < prewarm_names.count; i++)
		if (model_prewarms(composer->model) & prewarm_names.rows[i].value)
			say(composer,
			    TEXT("prewarm %-*s # as in the run%s; libc puts it off", COLUMN - 6,
				 prewarm_names.rows[i].name, runs == 1 ? "" : "s"));
}

const char *compose_policy(struct context *context, const struct model *model,
			   const struct compose *options)
{
	struct composer composer = {
		.context = context, .model = model, .options = options, .text = ""
	};
	const struct run *run = &model->runs[model->run_count - 1];

	find_sections(&composer);
	say_head(&composer);
	for (size_t i = 0; i < run->trigger_count; i++) {
		bool is_first = true;

		for (size_t j = 0; j < i; j++)
			is_first &= strcmp(run->triggers[j].phase, run->triggers[i].phase) != 0;
		if (is_first && model_phase(model, run->triggers[i].phase))
			say_phase(&composer, run->triggers[i].phase);
	}
	return composer.text;
}
