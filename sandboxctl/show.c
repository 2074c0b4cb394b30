/* show.c - sandboxctl show: what a policy does with each system call, and the line that says so. */
#include "jsonplace.h"
#include "options.h"

#include "policy/decode.h"
#include "policy/outcome.h"
#include "policy/step_names.h"

#include <jansson.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

static const char help[] =
	"usage: sandboxctl show [OPTIONS] POLICY\n"
	"\n"
	"Per phase, the lines about files, namespaces and other steps, and a row for each line\n"
	"that decides something about a call: includes and groups followed. 'implied': the\n"
	"library needs it by itself; 'otherwise': the default, where the conditions of the rows\n"
	"above leave something to it.\n"
	"\n"
	"  -p, --phase NAME   this phase only\n"
	"  -a, --arch ARCH    for x86_64 or aarch64 (this machine's)\n"
	"  -j, --json         for other programs\n";

struct options {
	const char *policy;
	struct view view;
};

struct shown {
	struct session *session;
	struct arena *arena;
	const struct options *options;
	const struct policy *policy;
	struct diagram diagram;
};

/* How many of the calls that lines name end in which way. */
struct summary {
	size_t allowed, partly, denied;
};

static struct outcomes outcomes_of(struct shown *shown, const struct phase *phase,
				   const struct call *call)
{
	static const struct cube anything;

	return find_outcomes(&shown->session->context, &shown->diagram, shown->policy, phase,
			     call->number, &anything);
}

static void add_to_summary(struct summary *summary, const struct outcomes *outcomes)
{
	size_t allowed = 0;

	for (size_t i = 0; i < outcomes->count; i++)
		allowed += is_allowed(outcomes->list[i].verdict.action);
	if (outcomes->too_large || (allowed && allowed < outcomes->count))
		summary->partly++;
	else if (allowed)
		summary->allowed++;
	else
		summary->denied++;
}

static struct action unknown_action(const struct phase *phase)
{
	return phase->unknown.action.kind ? phase->unknown.action : phase->otherwise.action;
}

static bool is_shown(const struct shown *shown, const struct phase *phase)
{
	return !shown->options->view.phase || !strcmp(shown->options->view.phase, phase->name);
}

/* --- text ------------------------------------------------------------------------------------- */

static void print_phase_head(struct arena *arena, const struct phase *phase)
{
	printf("phase %s\n", phase->name);
	for (size_t i = 0; i < phase->trigger_count; i++)
		printf("  trigger %s\n", phase->triggers[i].text);
	printf("  default %s\n", action_text(arena, phase->otherwise.action));
	printf("  unknown %s\n", action_text(arena, unknown_action(phase)));
}

static const char *line_of(struct arena *arena, struct place place)
{
	const char *file = place.source->name;

	return arena_printf(arena, "%s:%u", strrchr(file, '/') ? strrchr(file, '/') + 1 : file,
			    place.line);
}

/* The mount namespace that comes with a root is the only step that no line says. */
static bool implies_mount(const struct steps *steps)
{
	for (size_t i = 0; i < steps->count; i++)
		if (steps->items[i].word == STEP_DETACH && steps->items[i].value == CLONE_NEWNS)
			return false;
	return steps->steps & POLICYC_STEP_ROOT;
}

static void print_steps(struct arena *arena, const struct steps *steps)
{
	for (size_t i = 0; i < steps->count; i++)
		if (!steps->items[i].idle)
			printf("  %-39s %s\n", steps->items[i].text,
			       line_of(arena, steps->items[i].place));
	if (implies_mount(steps))
		printf("  %-39s implied\n", "detach mount");
}

/* "redis.policy:33", or what stands there instead of a line. */
static const char *by_text(struct arena *arena, const struct verdict *verdict)
{
	if (!verdict->decision)
		return "otherwise";
	if (verdict->decision->origin != ORIGIN_TEXT)
		return "implied";
	return line_of(arena, verdict->decision->place);
}

static void print_outcome(struct arena *arena, const struct call *call,
			  const struct verdict *verdict)
{
	const char *condition = verdict->decision ? verdict->decision->text : NULL;

	printf("  %-24s %-14s ", call_name(arena, call->name, call->number),
	       action_text(arena, verdict->action));
	if (condition)
		printf("%-24s where %s\n", by_text(arena, verdict), condition);
	else
		puts(by_text(arena, verdict));
}

static void print_phase(struct shown *shown, const struct phase *phase)
{
	struct summary summary = { 0 };

	print_phase_head(shown->arena, phase);
	print_steps(shown->arena, &phase->steps);
	for (size_t i = 0; i < phase->call_count; i++) {
		const struct call *call = &phase->calls[i];
		struct outcomes outcomes = outcomes_of(shown, phase, call);

		add_to_summary(&summary, &outcomes);
		for (size_t j = 0; j < outcomes.count; j++)
			print_outcome(shown->arena, call, &outcomes.list[j].verdict);
		if (outcomes.too_large)
			printf("  %-24s its conditions are too intricate to show\n",
			       call_name(shown->arena, call->name, call->number));
	}
	printf("  %zu calls named: %zu allowed, %zu in part, %zu denied\n", phase->call_count,
	       summary.allowed, summary.partly, summary.denied);
}

static void print_text(struct shown *shown)
{
	const struct policy *policy = shown->policy;

	printf("%s%s%s\n", policy->name, policy->about ? ": " : "",
	       policy->about ? policy->about : "");
	for (size_t i = 0; i < policy->programs.count; i++)
		printf("program %s\n", policy->programs.list[i].text);
	for (size_t i = 0; i < prewarm_names.count; i++)
		if (policy->prewarm & prewarm_names.rows[i].value)
			printf("prewarm %s\n", prewarm_names.rows[i].name);
	for (size_t i = 0; i < policy->phase_count; i++) {
		if (!is_shown(shown, &policy->phases[i]))
			continue;
		putchar('\n');
		print_phase(shown, &policy->phases[i]);
	}
}

/* --- JSON ------------------------------------------------------------------------------------- */

static json_t *json_outcome(struct arena *arena, const struct call *call,
			    const struct verdict *verdict)
{
	const struct decision *decision = verdict->decision;
	json_t *row = json_object();

	json_object_set_new(row, "call", json_string(call_name(arena, call->name, call->number)));
	json_object_set_new(row, "number", json_integer(call->number));
	json_object_set_new(row, "action", json_string(action_text(arena, verdict->action)));
	json_object_set_new(row, "allowed", json_boolean(is_allowed(verdict->action)));
	json_object_set_new(row, "otherwise", json_boolean(!decision));
	json_object_set_new(row, "implied",
			    json_boolean(decision && decision->origin != ORIGIN_TEXT));
	if (decision && decision->text)
		json_object_set_new(row, "where", json_string(decision->text));
	if (decision && decision->origin == ORIGIN_TEXT) {
		set_place(row, decision->place);
	}
	return row;
}

static json_t *json_decisions(struct shown *shown, const struct phase *phase,
			      struct summary *summary)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < phase->call_count; i++) {
		struct outcomes outcomes = outcomes_of(shown, phase, &phase->calls[i]);

		add_to_summary(summary, &outcomes);
		for (size_t j = 0; j < outcomes.count; j++)
			json_array_append_new(rows, json_outcome(shown->arena, &phase->calls[i],
								 &outcomes.list[j].verdict));
	}
	return rows;
}

/* { "statement": "read", "value": "/etc" } */
static json_t *json_step(struct arena *arena, const char *text, const struct step_item *item)
{
	const char *blank = strchr(text, ' ');
	json_t *row = json_object();

	json_object_set_new(row, "statement",
			    json_string(arena_strndup(arena, text, (size_t)(blank - text))));
	json_object_set_new(row, "value", json_string(blank + 1));
	json_object_set_new(row, "implied", json_boolean(!item));
	if (item) {
		set_place(row, item->place);
	}
	return row;
}

static json_t *json_steps(struct arena *arena, const struct steps *steps)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < steps->count; i++)
		if (!steps->items[i].idle)
			json_array_append_new(
				rows, json_step(arena, steps->items[i].text, &steps->items[i]));
	if (implies_mount(steps))
		json_array_append_new(rows, json_step(arena, "detach mount", NULL));
	return rows;
}

static json_t *json_phase(struct shown *shown, const struct phase *phase)
{
	json_t *object = json_object(), *triggers = json_array(), *counts = json_object();
	struct summary summary = { 0 };

	for (size_t i = 0; i < phase->trigger_count; i++)
		json_array_append_new(triggers, json_string(phase->triggers[i].text));
	json_object_set_new(object, "name", json_string(phase->name));
	json_object_set_new(object, "triggers", triggers);
	json_object_set_new(object, "default",
			    json_string(action_text(shown->arena, phase->otherwise.action)));
	json_object_set_new(object, "unknown",
			    json_string(action_text(shown->arena, unknown_action(phase))));
	json_object_set_new(object, "steps", json_steps(shown->arena, &phase->steps));
	json_object_set_new(object, "decisions", json_decisions(shown, phase, &summary));
	json_object_set_new(counts, "allowed", json_integer((json_int_t)summary.allowed));
	json_object_set_new(counts, "partly", json_integer((json_int_t)summary.partly));
	json_object_set_new(counts, "denied", json_integer((json_int_t)summary.denied));
	json_object_set_new(object, "calls", counts);
	return object;
}

static void print_json(struct shown *shown)
{
	const struct policy *policy = shown->policy;
	json_t *object = json_object(), *phases = json_array(), *programs = json_array(),
	       *prewarms = json_array();

	json_object_set_new(object, "name", json_string(policy->name));
	if (policy->about)
		json_object_set_new(object, "about", json_string(policy->about));
	for (size_t i = 0; i < policy->programs.count; i++)
		json_array_append_new(programs, json_string(policy->programs.list[i].text));
	json_object_set_new(object, "programs", programs);
	for (size_t i = 0; i < prewarm_names.count; i++)
		if (policy->prewarm & prewarm_names.rows[i].value)
			json_array_append_new(prewarms, json_string(prewarm_names.rows[i].name));
	json_object_set_new(object, "prewarm", prewarms);
	json_object_set_new(object, "arch", json_string(arches[policy->arch].name));
	for (size_t i = 0; i < policy->phase_count; i++)
		if (is_shown(shown, &policy->phases[i]))
			json_array_append_new(phases, json_phase(shown, &policy->phases[i]));
	json_object_set_new(object, "phases", phases);
	json_dumpf(object, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(object);
}

/* --- the command ------------------------------------------------------------------------------ */

static bool show(struct session *session, const struct options *options)
{
	struct shown shown = { .session = session, .arena = &session->arena, .options = options };

	shown.policy = session_resolve(session, options->policy, options->view.arch);
	if (!shown.policy || !has_phase(shown.policy, options->view.phase))
		return false;
	diagram_begin(&shown.diagram, &session->arena);
	if (options->view.json)
		print_json(&shown);
	else
		print_text(&shown);
	session_report(session);
	return true;
}

int show_main(int argc, char **argv)
{
	struct options options = { .view.arch = ARCH_NATIVE };
	const struct command command = {
		.name = "show",
		.help = help,
		.options = { VIEW_OPTIONS(&options.view) },
		.arguments = { 1, 1, "name one policy" },
	};
	struct session session;
	int result = read_options(&command, &argc, &argv);
	bool good;

	if (result >= 0)
		return result;
	options.policy = argv[0];
	session_begin(&session);
	good = show(&session, &options);
	session_end(&session);
	return good ? EXIT_GOOD : EXIT_POLICY;
}
