/* judge.c - a denied call in words; see judge.h. */
#include "judge.h"

#include "policy/decode.h"
#include "record/conditions.h"
#include "record/recording.h"

#include <string.h>

/* The narrowest line that a person would write for this call. A line that denies on purpose is
 * stronger than any that allows. */
static const char *suggest(struct arena *arena, const struct sighting *sighting,
			   struct verdict verdict)
{
	struct sighting *list[] = { arena_alloc(arena, 1, sizeof(*sighting)) };
	struct conditions conditions;
	const char *name =
		call_name(arena, names_number(ARCH_NATIVE, sighting->number), sighting->number);
	bool is_line = verdict.reason == REASON_DECISION;

	if (!strcmp(name, "clone3")) /* whose flags no line can look at: libc goes on with clone */
		return arena_printf(arena, "%serrno ENOSYS clone3", is_line ? "override " : "");
	*list[0] = *sighting;
	conditions = find_conditions(arena, list, 1, false);
	return arena_printf(arena, "%sallow %s%s%s", is_line ? "override " : "", name,
			    conditions.list[0].condition ? " where " : "",
			    conditions.list[0].condition ? conditions.list[0].condition : "");
}

void judge_call(struct arena *arena, const struct phase *phase, const struct sighting *sighting,
		struct verdict verdict, struct finding *finding)
{
	bool is_line = verdict.reason == REASON_DECISION;
	bool is_answer = verdict.action.kind == ACTION_ERRNO && is_line;

	finding->kind = is_answer ? FINDING_ANSWERED : FINDING_VIOLATION;
	finding->phase = phase->name;
	finding->call = call_text(arena, sighting->number, &sighting->cube);
	finding->action = action_text(arena, verdict.action);
	finding->title = arena_printf(arena, "%s: %s is %s (%s)", finding->program, finding->call,
				      is_answer ? "answered" : "denied", finding->action);
	finding->detail = verdict_reason(arena, phase, verdict);
	finding->place = verdict_place(phase, verdict);
	if (verdict.reason != REASON_FOREIGN)
		finding->suggestion = suggest(arena, sighting, verdict);
}
