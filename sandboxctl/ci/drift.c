/* drift.c - two recordings: what the one has that the other lacks; see drift.h. */
#include "drift.h"

#include "record/recording.h"
#include "text.h"

#include <string.h>

struct side_of_drift {
	const struct model *model;
	void (*where)(const void *data, const struct sighting *sighting, struct finding *finding);
	const void *data;
	struct sighting **list;
	size_t count;
};

static struct side_of_drift side_of(const struct model *model)
{
	struct side_of_drift side = { .model = model };

	side.list = model_list(model, &side.count);
	return side;
}

static const struct scene *scene_of(const struct side_of_drift *side, size_t i)
{
	return &side->model->scenes.list[side->list[i]->scene];
}

static bool is_compared(const struct side_of_drift *side, size_t i)
{
	const struct sighting *sighting = side->list[i];

	return sighting->kind == SIGHT_CALL && !sighting->is_foreign && scene_of(side, i)->fired;
}

/* A policy may have come to look at other bits since: those that both know decide. */
static bool alike(const struct cube *a, const struct cube *b)
{
	for (unsigned i = 0; i < ARGUMENTS; i++)
		if ((a->value[i] ^ b->value[i]) & a->mask[i] & b->mask[i])
			return false;
	return true;
}

static bool has(const struct side_of_drift *side, const char *program,
		const struct sighting *sighting)
{
	for (size_t i = 0; i < side->count; i++)
		if (side->list[i]->number == sighting->number && is_compared(side, i) &&
		    !strcmp(scene_of(side, i)->program, program) &&
		    alike(&side->list[i]->cube, &sighting->cube))
			return true;
	return false;
}

static void add_missing(struct findings *findings, const struct side_of_drift *from,
			const struct side_of_drift *in, enum finding_kind kind)
{
	struct arena *arena = findings->arena;

	for (size_t i = 0; i < from->count; i++) {
		const struct sighting *sighting = from->list[i];
		const char *program = scene_of(from, i)->program, *call;
		struct finding finding;

		if (!is_compared(from, i) || has(in, program, sighting))
			continue;
		program = plain(arena, program);
		call = call_text(arena, sighting->number, &sighting->cube);
		finding = (struct finding){
			.kind = kind,
			.title = arena_printf(arena, "%s: %s is %s", program, call,
					      kind == FINDING_NEW ? "new" : "gone"),
			.program = program,
			.call = call,
			.object =
				sighting->caller_count ? plain(arena, sighting->callers[0]) : NULL,
			.count = sighting->count,
		};
		if (from->where)
			from->where(from->data, sighting, &finding);
		findings_add(findings, &finding);
	}
}

void find_drift(struct findings *findings, const struct model *baseline, const struct model *now,
		void (*where)(const void *data, const struct sighting *sighting,
			      struct finding *finding),
		const void *data)
{
	struct side_of_drift old = side_of(baseline), new = side_of(now);

	new.where = where;
	new.data = data;
	add_missing(findings, &new, &old, FINDING_NEW);
	add_missing(findings, &old, &new, FINDING_GONE);
}
