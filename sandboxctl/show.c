/* show.c - sandboxctl show: what a policy does with each system call, and the line that says so. */
#include "sandboxctl.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static const char help[] =
	"usage: sandboxctl show [OPTIONS] POLICY\n"
	"\n"
	"Per phase, a row for each line that decides something about a call: includes and groups\n"
	"followed, what the library needs by itself marked as implied.\n"
	"\n"
	"  -p, --phase NAME   this phase only\n"
	"  -a, --arch ARCH    for x86_64 or aarch64 (this machine's)\n"
	"  -j, --json         for other programs\n";

struct options {
	const char *policy, *phase;
	enum arch arch;
	bool json;
};

static const char *call_text(struct arena *arena, const struct call *call)
{
	return call->name ? call->name->name : arena_printf(arena, "nr:%u", call->number);
}

static const char *by_text(struct arena *arena, const struct decision *decision)
{
	const char *file = decision->place.source->name;

	if (decision->origin != ORIGIN_TEXT)
		return "implied";
	return arena_printf(arena, "%s:%u", strrchr(file, '/') ? strrchr(file, '/') + 1 : file,
			    decision->place.line);
}

/* --- text ------------------------------------------------------------------------------------- */

static void print_phase_head(struct arena *arena, const struct phase *phase)
{
	struct action unknown = phase->unknown.action;

	printf("phase %s\n", phase->name);
	for (size_t i = 0; i < phase->trigger_count; i++)
		printf("  trigger %s\n", phase->triggers[i].text);
	printf("  default %s\n", action_text(arena, phase->otherwise.action));
	printf("  unknown %s\n",
	       action_text(arena, unknown.kind ? unknown : phase->otherwise.action));
}

static void print_decision(struct arena *arena, const struct call *call,
			   const struct decision *decision)
{
	const char *action =
		decision->origin == ORIGIN_GUARD ? "errno 0" : action_text(arena, decision->action);

	printf("  %-24s %-14s ", call_text(arena, call), action);
	if (decision->text)
		printf("%-24s where %s\n", by_text(arena, decision), decision->text);
	else
		puts(by_text(arena, decision));
}

static bool permits(const struct policy *policy, const struct phase *phase, const struct call *call)
{
	for (size_t i = 0; i < call->count; i++)
		if (call->list[i].decided && (call->list[i].action.kind == ACTION_ALLOW ||
					      call->list[i].action.kind == ACTION_LOG))
			return true;
	return false;
}

static void print_phase(struct arena *arena, const struct policy *policy, const struct phase *phase)
{
	size_t calls = 0, permitted = 0;

	print_phase_head(arena, phase);
	for (size_t i = 0; i < phase->call_count; i++) {
		const struct call *call = &phase->calls[i];
		bool shown = false;

		for (size_t j = 0; j < call->count; j++) {
			if (!call->list[j].decided)
				continue;
			print_decision(arena, call, &call->list[j]);
			shown = true;
		}
		calls += shown;
		permitted += permits(policy, phase, call);
	}
	printf("  %zu calls named, %zu let through at least in part\n", calls, permitted);
}

/* --- JSON ------------------------------------------------------------------------------------- */

static json_t *json_decision(struct arena *arena, const struct call *call,
			     const struct decision *decision)
{
	json_t *row = json_object();

	json_object_set_new(row, "call", json_string(call_text(arena, call)));
	json_object_set_new(row, "number", json_integer(call->number));
	json_object_set_new(row, "action",
			    json_string(decision->origin == ORIGIN_GUARD
						? "errno 0"
						: action_text(arena, decision->action)));
	if (decision->text)
		json_object_set_new(row, "where", json_string(decision->text));
	json_object_set_new(row, "implied", json_boolean(decision->origin != ORIGIN_TEXT));
	if (decision->origin == ORIGIN_TEXT) {
		json_object_set_new(row, "file", json_string(decision->place.source->name));
		json_object_set_new(row, "line", json_integer(decision->place.line));
	}
	return row;
}

static json_t *json_phase(struct arena *arena, const struct phase *phase)
{
	struct action unknown = phase->unknown.action;
	json_t *object = json_object(), *triggers = json_array(), *rows = json_array();

	for (size_t i = 0; i < phase->trigger_count; i++)
		json_array_append_new(triggers, json_string(phase->triggers[i].text));
	for (size_t i = 0; i < phase->call_count; i++)
		for (size_t j = 0; j < phase->calls[i].count; j++)
			if (phase->calls[i].list[j].decided)
				json_array_append_new(rows,
						      json_decision(arena, &phase->calls[i],
								    &phase->calls[i].list[j]));
	json_object_set_new(object, "name", json_string(phase->name));
	json_object_set_new(object, "triggers", triggers);
	json_object_set_new(object, "default",
			    json_string(action_text(arena, phase->otherwise.action)));
	json_object_set_new(
		object, "unknown",
		json_string(action_text(arena, unknown.kind ? unknown : phase->otherwise.action)));
	json_object_set_new(object, "decisions", rows);
	return object;
}

static void print_json(struct arena *arena, const struct policy *policy, const char *phase)
{
	json_t *object = json_object(), *phases = json_array();

	json_object_set_new(object, "name", json_string(policy->name));
	if (policy->about)
		json_object_set_new(object, "about", json_string(policy->about));
	json_object_set_new(object, "arch", json_string(arches[policy->arch].name));
	for (size_t i = 0; i < policy->phase_count; i++)
		if (!phase || !strcmp(phase, policy->phases[i].name))
			json_array_append_new(phases, json_phase(arena, &policy->phases[i]));
	json_object_set_new(object, "phases", phases);
	json_dumpf(object, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(object);
}

/* --- the command ------------------------------------------------------------------------------ */

static bool has_phase(const struct policy *policy, const char *name)
{
	struct nearest nearest;

	if (!name)
		return true;
	nearest_begin(&nearest, name);
	for (size_t i = 0; i < policy->phase_count; i++) {
		if (!strcmp(policy->phases[i].name, name))
			return true;
		nearest_try(&nearest, policy->phases[i].name);
	}
	complain("%s has no phase '%s'", policy->name, name);
	if (nearest.best)
		fprintf(stderr, "  did you mean '%s'?\n", nearest.best);
	return false;
}

static bool show(struct session *session, const struct options *options)
{
	const struct source *source = session_policy(session, options->policy);
	struct compiled compiled;
	const struct policy *policy;

	if (!source)
		return false;
	if (!build_policy(&session->context, source, options->arch, NULL, &compiled)) {
		session_report(session);
		return false;
	}
	policy = compiled.policy;
	if (!has_phase(policy, options->phase))
		return false;
	if (options->json) {
		print_json(&session->arena, policy, options->phase);
		return true;
	}
	printf("%s%s%s\n", policy->name, policy->about ? ": " : "",
	       policy->about ? policy->about : "");
	for (size_t i = 0; i < policy->phase_count; i++) {
		if (options->phase && strcmp(options->phase, policy->phases[i].name))
			continue;
		putchar('\n');
		print_phase(&session->arena, policy, &policy->phases[i]);
	}
	return true;
}

int show_main(int argc, char **argv)
{
	static const struct option words[] = {
		{ "phase", required_argument, NULL, 'p' },
		{ "arch", required_argument, NULL, 'a' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct options options = { .arch = ARCH_NATIVE };
	struct session session;
	bool good;
	int option;

	while ((option = getopt_long(argc, argv, "p:a:jh", words, NULL)) != -1) {
		switch (option) {
		case 'p':
			options.phase = optarg;
			break;
		case 'a':
			if (!read_arch(optarg, &options.arch))
				return EXIT_USAGE;
			break;
		case 'j':
			options.json = true;
			break;
		case 'h':
			fputs(help, stdout);
			return EXIT_GOOD;
		default:
			return usage_error("show");
		}
	}
	if (argc - optind != 1) {
		complain("show: name one policy");
		return usage_error("show");
	}
	options.policy = argv[optind];
	session_begin(&session);
	good = show(&session, &options);
	session_end(&session);
	return good ? EXIT_GOOD : EXIT_POLICY;
}
