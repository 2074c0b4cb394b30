/* diff.c - sandboxctl diff: the calls that two policies treat differently.
 *
 * By behaviour, not by text: for every call all classes of arguments that the conditions of both
 * policies tell apart are compared; then what either gives or takes beside the filter.
 * What it must not do: compare triggers or names.
 */
#include "ask.h"
#include "jsonplace.h"
#include "options.h"

#include "policy/decode.h"
#include "policy/outcome.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static const char help[] =
	"usage: sandboxctl diff [OPTIONS] A B\n"
	"\n"
	"The calls that policies A and B treat differently, each with an example as 'explain'\n"
	"takes it, what either does, and the line that says so. Every number and every class of\n"
	"arguments is compared, and the lines about files, namespaces and other steps; triggers\n"
	"are not. Phases of the same name are compared; when both policies have one phase only,\n"
	"those two.\n"
	"\n"
	"Exit status 0: no difference; 1: they differ; 2: wrong usage, or they cannot be\n"
	"compared.\n"
	"\n"
	"  -p, --phase NAME   this phase only\n"
	"  -a, --arch ARCH    on x86_64 or aarch64 (this machine's)\n"
	"  -j, --json         for other programs\n";

struct options {
	const char *policies[2];
	struct view view;
};

struct comparison {
	struct session *session;
	struct arena *arena;
	const struct options *options;
	const struct policy *policies[2];
	const char *labels[2];
	struct diagram diagram;
	json_t *json; /* list of phases, or NULL: text */
	size_t calls, steps, found;
	bool failed;
};

/* --- one difference --------------------------------------------------------------------------- */

static void print_difference(struct comparison *comparison, const struct side sides[2],
			     const char *call, const struct difference *difference)
{
	size_t width = strlen(comparison->labels[0]), other = strlen(comparison->labels[1]);

	printf("  %s\n", call);
	for (int i = 0; i < 2; i++)
		printf("    %-*s  %-13s %s\n", (int)(width > other ? width : other),
		       comparison->labels[i],
		       action_text(comparison->arena, difference->verdicts[i].action),
		       verdict_reason(comparison->arena, sides[i].phase, difference->verdicts[i]));
}

static json_t *json_side(struct comparison *comparison, const struct side *side,
			 struct verdict verdict)
{
	struct place place = verdict_place(side->phase, verdict);
	json_t *object = json_object();

	json_object_set_new(object, "verdict",
			    json_string(action_text(comparison->arena, verdict.action)));
	json_object_set_new(object, "allowed", json_boolean(is_allowed(verdict.action)));
	json_object_set_new(object, "implied", json_boolean(!place.source));
	if (!place.source)
		return object;
	set_line(object, comparison->arena, place);
	return object;
}

static json_t *json_difference(struct comparison *comparison, const struct side sides[2],
			       const char *call, const struct difference *difference)
{
	json_t *object = json_object();

	json_object_set_new(object, "call", json_string(call));
	json_object_set_new(object, "a", json_side(comparison, &sides[0], difference->verdicts[0]));
	json_object_set_new(object, "b", json_side(comparison, &sides[1], difference->verdicts[1]));
	return object;
}

/* --- one pair of phases ----------------------------------------------------------------------- */

/* One pair of phases. */
struct pair {
	struct comparison *comparison;
	const struct side *sides;
	json_t *rows; /* NULL: text */
};

static void compare_number(void *data, uint32_t number)
{
	const struct pair *pair = data;
	struct comparison *comparison = pair->comparison;
	const struct side *sides = pair->sides;
	struct differences differences = find_differences(&comparison->session->context,
							  &comparison->diagram, sides, number);
	enum arch arch = comparison->options->view.arch;

	if (differences.too_large) {
		complain("%s: the conditions are too intricate to compare",
			 call_name(comparison->arena, names_number(arch, number), number));
		comparison->failed = true;
	}
	comparison->calls += differences.count > 0;
	comparison->found += differences.count;
	for (size_t i = 0; i < differences.count; i++) {
		const char *call =
			decode_call(comparison->arena, arch, number, &differences.list[i].witness);

		if (pair->rows)
			json_array_append_new(pair->rows, json_difference(comparison, sides, call,
									  &differences.list[i]));
		else
			print_difference(comparison, sides, call, &differences.list[i]);
	}
}

/* --- the steps beside the filter -------------------------------------------------------------- */

static const struct step_item *find_item(const struct steps *steps, const char *text)
{
	for (size_t i = 0; i < steps->count; i++)
		if (!steps->items[i].idle && !strcmp(steps->items[i].text, text))
			return &steps->items[i];
	return NULL;
}

static void print_step(const struct comparison *comparison, int side, const struct step_item *item)
{
	size_t width = strlen(comparison->labels[0]), other = strlen(comparison->labels[1]);

	printf("  %s\n", item->text);
	for (int i = 0; i < 2; i++)
		printf("    %-*s  %s\n", (int)(width > other ? width : other),
		       comparison->labels[i],
		       i == side ? answer_line(comparison->arena, item) : "does not say it");
}

static json_t *json_step(const struct comparison *comparison, int side,
			 const struct step_item *item)
{
	json_t *object = json_object(), *line = json_object();

	set_line(line, comparison->arena, item->place);
	json_object_set_new(object, "step", json_string(item->text));
	json_object_set_new(object, side ? "b" : "a", line);
	return object;
}

/* What this side says and the other does not. */
static void compare_steps(const struct pair *pair, int side, json_t *rows)
{
	const struct steps *steps = &pair->sides[side].phase->steps;
	const struct steps *other = &pair->sides[!side].phase->steps;

	for (size_t i = 0; i < steps->count; i++) {
		const struct step_item *item = &steps->items[i];

		if (item->idle || find_item(other, item->text))
			continue;
		pair->comparison->steps++;
		pair->comparison->found++;
		if (rows)
			json_array_append_new(rows, json_step(pair->comparison, side, item));
		else
			print_step(pair->comparison, side, item);
	}
}

/* --- all of a pair ---------------------------------------------------------------------------- */

static void print_phases(struct pair *pair)
{
	struct comparison *comparison = pair->comparison;
	const char *name = pair->sides[0].phase->name, *other = pair->sides[1].phase->name;

	printf("phase %s%s%s\n", name, strcmp(name, other) ? " and phase " : "",
	       strcmp(name, other) ? other : "");
	each_number(pair->sides, compare_number, pair);
	compare_steps(pair, 0, NULL);
	compare_steps(pair, 1, NULL);
	printf("  %zu call%s%s\n", comparison->calls,
	       comparison->calls == 1 ? " differs" : "s differ",
	       comparison->failed ? "; not all could be compared" : "");
	if (comparison->steps)
		printf("  %zu step%s\n", comparison->steps,
		       comparison->steps == 1 ? " differs" : "s differ");
}

static void compare_phases(struct comparison *comparison, const struct side sides[2])
{
	const char *name = sides[0].phase->name, *other = sides[1].phase->name;
	struct pair pair = { comparison, sides, NULL };
	json_t *object, *steps;

	comparison->calls = 0;
	comparison->steps = 0;
	if (!comparison->json) {
		print_phases(&pair);
		return;
	}
	object = json_object();
	pair.rows = json_array();
	steps = json_array();
	each_number(sides, compare_number, &pair);
	compare_steps(&pair, 0, steps);
	compare_steps(&pair, 1, steps);
	json_object_set_new(object, "a", json_string(name));
	json_object_set_new(object, "b", json_string(other));
	json_object_set_new(object, "differences", pair.rows);
	json_object_set_new(object, "steps", steps);
	json_array_append_new(comparison->json, object);
}

/* A phase that only one of them has is a difference as a whole. */
static void report_lone_phase(struct comparison *comparison, int side, const char *name)
{
	json_t *object;

	comparison->found++;
	if (!comparison->json) {
		printf("phase %s: only %s has it\n", name, comparison->labels[side]);
		return;
	}
	object = json_object();
	json_object_set_new(object, side ? "b" : "a", json_string(name));
	json_array_append_new(comparison->json, object);
}

/* --- all phases ------------------------------------------------------------------------------- */

static const struct phase *find_phase(const struct policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->phase_count; i++)
		if (!strcmp(policy->phases[i].name, name))
			return &policy->phases[i];
	return NULL;
}

static void compare_by_name(struct comparison *comparison)
{
	const char *only = comparison->options->view.phase;

	for (int i = 0; i < 2; i++) {
		const struct policy *policy = comparison->policies[i];
		const struct policy *other = comparison->policies[!i];

		for (size_t j = 0; j < policy->phase_count; j++) {
			const struct phase *phase = &policy->phases[j];
			const struct phase *match = find_phase(other, phase->name);
			struct side sides[2] = { { policy, phase }, { other, match } };

			if (only && strcmp(only, phase->name) != 0)
				continue;
			if (!match)
				report_lone_phase(comparison, i, phase->name);
			else if (!i)
				compare_phases(comparison, sides);
		}
	}
}

static void compare(struct comparison *comparison)
{
	const struct policy *a = comparison->policies[0], *b = comparison->policies[1];
	struct side sides[2] = { { a, &a->phases[0] }, { b, &b->phases[0] } };

	if (a->phase_count == 1 && b->phase_count == 1 && !comparison->options->view.phase)
		compare_phases(comparison, sides);
	else
		compare_by_name(comparison);
}

static void print_json(struct comparison *comparison)
{
	json_t *object = json_object();

	json_object_set_new(object, "a", json_string(comparison->labels[0]));
	json_object_set_new(object, "b", json_string(comparison->labels[1]));
	json_object_set_new(object, "arch",
			    json_string(arches[comparison->options->view.arch].name));
	json_object_set_new(object, "same", json_boolean(!comparison->found));
	json_object_set_new(object, "phases", comparison->json);
	json_dumpf(object, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(object);
}

/* Two files of one name are told apart by their paths. */
static void set_labels(struct comparison *comparison)
{
	bool same = !strcmp(comparison->policies[0]->name, comparison->policies[1]->name);

	for (int i = 0; i < 2; i++)
		comparison->labels[i] =
			same ? comparison->options->policies[i] : comparison->policies[i]->name;
}

static int diff(struct session *session, const struct options *options)
{
	struct comparison comparison = { .session = session,
					 .arena = &session->arena,
					 .options = options };

	for (int i = 0; i < 2; i++) {
		comparison.policies[i] =
			session_resolve(session, options->policies[i], options->view.arch);
		if (!comparison.policies[i])
			return EXIT_USAGE;
	}
	for (int i = 0; i < 2; i++)
		if (options->view.phase &&
		    !find_phase(comparison.policies[!i], options->view.phase) &&
		    !has_phase(comparison.policies[i], options->view.phase))
			return EXIT_USAGE;
	set_labels(&comparison);
	diagram_begin(&comparison.diagram, &session->arena);
	if (options->view.json)
		comparison.json = json_array();
	compare(&comparison);
	if (options->view.json)
		print_json(&comparison);
	comparison.failed |= session->diagnostics.errors > 0;
	session_report(session);
	if (comparison.failed)
		return EXIT_USAGE;
	return comparison.found ? EXIT_POLICY : EXIT_GOOD;
}

int diff_main(int argc, char **argv)
{
	struct options options = { .view.arch = ARCH_NATIVE };
	const struct command command = {
		.name = "diff",
		.help = help,
		.options = { VIEW_OPTIONS(&options.view) },
		.arguments = { 2, 2, "give two policies" },
	};
	struct session session;
	int result = read_options(&command, &argc, &argv);

	if (result >= 0)
		return result;
	options.policies[0] = argv[0];
	options.policies[1] = argv[1];
	session_begin(&session);
	result = diff(&session, &options);
	session_end(&session);
	return result;
}
