/* ask.c - sandboxctl explain, asked about a path or a port.
 *
 * What it must not do: decide by itself. The answers are question.c's.
 */
#include "ask.h"

#include "jsonplace.h"

#include "policy/outcome.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

struct asked {
	struct session *session;
	const struct policy *policy;
	const struct view *view;
	struct question question;
};

static const char *word_of(const struct answer *answer)
{
	if (answer->allowed)
		return "allowed";
	return answer->optional ? "denied, where the kernel can: the policy lets it pass otherwise"
				: "denied";
}

const char *answer_line(struct arena *arena, const struct step_item *item)
{
	return arena_printf(arena, "%s:%u: %s", item->place.source->name, item->place.line,
			    line_text(arena, item->place));
}

static void print_answer(const struct asked *asked, const struct phase *phase,
			 const struct answer *answer)
{
	printf("\nphase %s: %s\n", phase->name, word_of(answer));
	if (answer->why)
		printf("  %s\n", answer->why);
	for (size_t i = 0; i < answer->count; i++)
		printf("  %s%s\n", answer_line(&asked->session->arena, answer->by[i]),
		       answer->by[i]->optional ? "  (if it is there)" : "");
}

static json_t *json_answer(const struct asked *asked, const struct phase *phase,
			   const struct answer *answer)
{
	json_t *object = json_object(), *lines = json_array();

	for (size_t i = 0; i < answer->count; i++) {
		const struct step_item *item = answer->by[i];
		json_t *line = json_object();

		set_line(line, &asked->session->arena, item->place);
		json_array_append_new(lines, line);
	}
	json_object_set_new(object, "name", json_string(phase->name));
	json_object_set_new(object, "allowed", json_boolean(answer->allowed));
	json_object_set_new(object, "optional", json_boolean(answer->optional));
	if (answer->why)
		json_object_set_new(object, "why", json_string(answer->why));
	json_object_set_new(object, "lines", lines);
	return object;
}

static bool ask_phases(struct asked *asked, json_t *phases)
{
	const struct policy *policy = asked->policy;
	bool allowed = true;

	for (size_t i = 0; i < policy->phase_count; i++) {
		const struct phase *phase = &policy->phases[i];
		struct answer answer;

		if (asked->view->phase && strcmp(asked->view->phase, phase->name) != 0)
			continue;
		answer = answer_question(&asked->session->context, phase, &asked->question);
		allowed = answer.allowed && allowed;
		if (phases)
			json_array_append_new(phases, json_answer(asked, phase, &answer));
		else
			print_answer(asked, phase, &answer);
	}
	return allowed;
}

static void print_json(const struct asked *asked, json_t *phases, bool allowed)
{
	json_t *object = json_object();

	json_object_set_new(object, "policy", json_string(asked->policy->name));
	json_object_set_new(object, "question", json_string(asked->question.text));
	json_object_set_new(object, "allowed", json_boolean(allowed));
	json_object_set_new(object, "phases", phases);
	json_dumpf(object, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(object);
}

int ask(struct session *session, const struct policy *policy, const struct view *view,
	const struct source *text)
{
	struct asked asked = { .session = session, .policy = policy, .view = view };
	json_t *phases = view->json ? json_array() : NULL;
	bool allowed;

	if (!parse_question(&session->context, text, &asked.question)) {
		json_decref(phases);
		session_report(session);
		return EXIT_USAGE;
	}
	if (!phases) {
		puts(asked.question.text);
		if (asked.question.path)
			puts("  as written: the kernel follows symbolic links first, and looks at "
			     "where they lead");
		puts("  by the lines about files and ports: the calls are another question");
	}
	allowed = ask_phases(&asked, phases);
	if (phases)
		print_json(&asked, phases, allowed);
	session_report(session);
	return allowed ? EXIT_GOOD : EXIT_POLICY;
}
