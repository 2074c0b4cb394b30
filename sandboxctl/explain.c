/* explain.c - sandboxctl explain: what a policy does with one call, and why.
 *
 * What it must not do: decide by itself. The verdicts are evaluate.c's.
 */
#include "ask.h"
#include "jsonplace.h"
#include "options.h"

#include "policy/decode.h"
#include "policy/outcome.h"
#include "policy/query.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static const char help[] =
	"usage: sandboxctl explain [OPTIONS] POLICY 'CALL(ARGUMENTS)'\n"
	"       sandboxctl explain [OPTIONS] POLICY 'read PATH'\n"
	"\n"
	"What the policy does with the call once it is locked, the line that says so, and the\n"
	"arguments as the kernel reads them.\n"
	"\n"
	"  sandboxctl explain redis 'socket(AF_ALG, SOCK_SEQPACKET|SOCK_CLOEXEC, 0)'\n"
	"  sandboxctl explain redis 'openat(_, _, O_RDWR)'        _ is any value\n"
	"  sandboxctl explain redis 'mmap(prot=PROT_EXEC)'        what is not given is any value\n"
	"  sandboxctl explain redis 'nr:470(1, 2)'                a call by number\n"
	"\n"
	"'read PATH', write, create and execute ask the lines about files; 'bind tcp PORT' and\n"
	"'connect tcp PORT' those about ports.\n"
	"\n"
	"Exit status 0: allowed; 1: denied, or not allowed for every value; 2: wrong usage.\n"
	"\n"
	"  -p, --phase NAME   in this phase only\n"
	"  -a, --arch ARCH    on x86_64 or aarch64 (this machine's)\n"
	"  -j, --json         for other programs\n";

struct options {
	const char *policy, *call;
	struct view view;
};

struct explanation {
	struct session *session;
	struct arena *arena;
	const struct options *options;
	const struct policy *policy;
	struct query query;
	struct cube given;
	struct diagram diagram;
};

static bool all_allowed(const struct outcomes *outcomes)
{
	for (size_t i = 0; i < outcomes->count; i++)
		if (!is_allowed(outcomes->list[i].verdict.action))
			return false;
	return !outcomes->too_large;
}

/* Several lines may say the same. */
static bool all_same(const struct outcomes *outcomes)
{
	for (size_t i = 1; i < outcomes->count; i++)
		if (!same_action(outcomes->list[i].verdict.action,
				 outcomes->list[0].verdict.action))
			return false;
	return !outcomes->too_large;
}

static unsigned argument_count(const struct query *query)
{
	unsigned count = query->name ? query->name->count : 0;

	for (unsigned i = count; i < ARGUMENTS; i++)
		if (query->arguments[i].is_given)
			count = i + 1;
	return count;
}

static const char *argument_name(struct arena *arena, const struct query *query, unsigned slot)
{
	if (query->name && slot < query->name->count)
		return query->name->arguments[slot].name;
	return arena_printf(arena, "arg%u", slot);
}

/* The names as they were written when the kernel reads all of them, else as they come out. */
static const char *argument_words(struct arena *arena, const struct query *query, unsigned slot)
{
	const struct query_argument *argument = &query->arguments[slot];

	if (argument->names && !decode_cut(arena, query->name, slot, argument->value))
		return argument->names;
	return decode_names(arena, query->arch, query->name, slot, argument->value);
}

/* --- text ------------------------------------------------------------------------------------- */

static void print_argument(const struct explanation *explanation, unsigned slot)
{
	struct arena *arena = explanation->arena;
	const struct query *query = &explanation->query;
	uint64_t value = query->arguments[slot].value;
	const char *cut = decode_cut(arena, query->name, slot, value);
	const char *words = argument_words(arena, query, slot);

	printf("  %s = ", argument_name(arena, query, slot));
	if (!query->arguments[slot].is_given) {
		puts("any value");
		return;
	}
	fputs(decode_number(arena, query->name, slot, value), stdout);
	if (words && strcmp(words, "NULL") != 0)
		printf(" (%s)", words);
	puts(cut ? arena_printf(arena, ", %s", cut) : "");
}

static void print_call(const struct explanation *explanation)
{
	const struct query *query = &explanation->query;

	puts(query->text);
	for (unsigned i = 0; i < argument_count(query); i++)
		print_argument(explanation, i);
}

static void print_outcome(const struct explanation *explanation, const struct phase *phase,
			  const struct outcome *outcome, bool alone)
{
	struct arena *arena = explanation->arena;
	const char *reason = verdict_reason(arena, phase, outcome->verdict);

	if (alone) {
		printf("  %s\n", reason);
		return;
	}
	printf("  %-13s %s\n", action_text(arena, outcome->verdict.action), reason);
	printf("  %-13s as in %s\n", "",
	       decode_call(arena, explanation->query.arch, explanation->query.number,
			   &outcome->witness));
}

static void print_phase(const struct explanation *explanation, const struct phase *phase,
			const struct outcomes *outcomes)
{
	struct arena *arena = explanation->arena;
	bool is_open = outcomes->count > 1;
	const char *verdict =
		outcomes->too_large  ? "the conditions are too intricate: give more arguments"
		: all_same(outcomes) ? action_text(arena, outcomes->list[0].verdict.action)
				     : "depends on the arguments left open";

	for (unsigned i = 0; i < argument_count(&explanation->query); i++)
		is_open |= !explanation->query.arguments[i].is_given;
	printf("\nphase %s: %s%s\n", phase->name, verdict,
	       is_open && all_same(outcomes) ? ", whatever the arguments left open are" : "");
	for (size_t i = 0; i < outcomes->count; i++)
		print_outcome(explanation, phase, &outcomes->list[i], outcomes->count == 1);
}

/* --- JSON ------------------------------------------------------------------------------------- */

static json_t *json_argument(const struct explanation *explanation, unsigned slot)
{
	struct arena *arena = explanation->arena;
	const struct query *query = &explanation->query;
	uint64_t value = query->arguments[slot].value;
	const char *words = argument_words(arena, query, slot);
	json_t *object = json_object();

	json_object_set_new(object, "name", json_string(argument_name(arena, query, slot)));
	if (!query->arguments[slot].is_given)
		return object;
	/* As text: JSON's own numbers do not hold 64 bits everywhere. */
	json_object_set_new(object, "register",
			    json_string(arena_printf(arena, "0x%llx", (unsigned long long)value)));
	json_object_set_new(object, "read",
			    json_string(decode_number(arena, query->name, slot, value)));
	if (words)
		json_object_set_new(object, "names", json_string(words));
	json_object_set_new(object, "cut",
			    json_boolean(decode_cut(arena, query->name, slot, value) != NULL));
	return object;
}

static json_t *json_outcome(const struct explanation *explanation, const struct phase *phase,
			    const struct outcome *outcome)
{
	struct arena *arena = explanation->arena;
	struct place place = verdict_place(phase, outcome->verdict);
	json_t *object = json_object();

	json_object_set_new(object, "verdict",
			    json_string(action_text(arena, outcome->verdict.action)));
	json_object_set_new(object, "allowed", json_boolean(is_allowed(outcome->verdict.action)));
	json_object_set_new(object, "implied", json_boolean(!place.source));
	if (place.source) {
		set_line(object, arena, place);
	}
	json_object_set_new(object, "example",
			    json_string(decode_call(arena, explanation->query.arch,
						    explanation->query.number, &outcome->witness)));
	return object;
}

static json_t *json_phase(const struct explanation *explanation, const struct phase *phase,
			  const struct outcomes *outcomes)
{
	json_t *object = json_object(), *list = json_array();

	for (size_t i = 0; i < outcomes->count; i++)
		json_array_append_new(list, json_outcome(explanation, phase, &outcomes->list[i]));
	json_object_set_new(object, "name", json_string(phase->name));
	json_object_set_new(object, "verdict",
			    all_same(outcomes)
				    ? json_string(action_text(explanation->arena,
							      outcomes->list[0].verdict.action))
				    : json_null());
	json_object_set_new(object, "allowed", json_boolean(all_allowed(outcomes)));
	json_object_set_new(object, "outcomes", list);
	return object;
}

static json_t *json_call(const struct explanation *explanation)
{
	const struct query *query = &explanation->query;
	json_t *object = json_object(), *arguments = json_array();

	for (unsigned i = 0; i < argument_count(query); i++)
		json_array_append_new(arguments, json_argument(explanation, i));
	json_object_set_new(object, "name",
			    json_string(call_name(explanation->arena, query->name, query->number)));
	json_object_set_new(object, "number", json_integer(query->number));
	json_object_set_new(object, "arguments", arguments);
	return object;
}

static void print_json(const struct explanation *explanation, json_t *phases, bool allowed)
{
	json_t *object = json_object();

	json_object_set_new(object, "policy", json_string(explanation->policy->name));
	json_object_set_new(object, "arch", json_string(arches[explanation->policy->arch].name));
	json_object_set_new(object, "call", json_call(explanation));
	json_object_set_new(object, "allowed", json_boolean(allowed));
	json_object_set_new(object, "phases", phases);
	json_dumpf(object, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(object);
}

/* --- the command ------------------------------------------------------------------------------ */

static bool explain_phases(struct explanation *explanation, json_t *phases)
{
	const struct options *options = explanation->options;
	bool allowed = true;

	for (size_t i = 0; i < explanation->policy->phase_count; i++) {
		const struct phase *phase = &explanation->policy->phases[i];
		struct outcomes outcomes;

		if (options->view.phase && strcmp(options->view.phase, phase->name) != 0)
			continue;
		outcomes = find_outcomes(&explanation->session->context, &explanation->diagram,
					 explanation->policy, phase, explanation->query.number,
					 &explanation->given);
		allowed = all_allowed(&outcomes) && allowed;
		if (phases)
			json_array_append_new(phases, json_phase(explanation, phase, &outcomes));
		else
			print_phase(explanation, phase, &outcomes);
	}
	return allowed;
}

static int explain(struct session *session, const struct options *options)
{
	struct explanation explanation = { .session = session,
					   .arena = &session->arena,
					   .options = options };
	const struct source *text = text_source(&session->arena, "<CALL>", options->call);
	json_t *phases = NULL;
	bool allowed;

	explanation.policy = session_resolve(session, options->policy, options->view.arch);
	if (!explanation.policy || !has_phase(explanation.policy, options->view.phase))
		return EXIT_USAGE;
	if (is_question(&session->context, text))
		return ask(session, explanation.policy, &options->view, text);
	if (!parse_query(&session->context, options->view.arch, text, &explanation.query)) {
		session_report(session);
		return EXIT_USAGE;
	}
	explanation.given = query_bits(&explanation.query);
	diagram_begin(&explanation.diagram, &session->arena);
	if (options->view.json)
		phases = json_array();
	else
		print_call(&explanation);
	allowed = explain_phases(&explanation, phases);
	if (options->view.json)
		print_json(&explanation, phases, allowed);
	session_report(session);
	return allowed ? EXIT_GOOD : EXIT_POLICY;
}

int explain_main(int argc, char **argv)
{
	struct options options = { .view.arch = ARCH_NATIVE };
	const struct command command = {
		.name = "explain",
		.help = help,
		.options = { VIEW_OPTIONS(&options.view) },
		.arguments = { 2, 2, "give a policy and a call" },
	};
	struct session session;
	int result = read_options(&command, &argc, &argv);

	if (result >= 0)
		return result;
	options.policy = argv[0];
	options.call = argv[1];
	session_begin(&session);
	result = explain(&session, &options);
	session_end(&session);
	return result;
}
