/* relock.c - what the library itself calls to lock a program again; see relock.h. */
#include "relock.h"

#include "compose.h"

#include "policy/needs.h"

#include <string.h>

struct relock {
	struct context *context;
	const struct shapes *shapes;
	uint64_t times;
	uint32_t scene;
	struct sighting **list;
	size_t count;
};

static bool is_called(const char *path, const char *program)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return path && !strcmp(slash ? slash + 1 : path, program);
}

/* How often a locked process executed the program. It may not have met the trigger again (sshd for
 * each connection, where that is listen), and the library asks for the lock's calls at its start.
 */
static uint64_t times_executed(const struct model *model, const char *program, uint32_t phase)
{
	struct sighting **list;
	uint64_t times = 0;
	size_t count;

	list = model_list(model, &count);
	for (size_t i = 0; program && i < count; i++)
		if (list[i]->kind == SIGHT_FILE && list[i]->found &&
		    !strcmp(list[i]->use, "execute") && is_needed(model, program, phase, list[i]) &&
		    (is_called(list[i]->what, program) || is_called(list[i]->settled, program)))
			times += list[i]->count;
	return times;
}

/* How many processes met the trigger under a lock: a program of the same name that was executed
 * there. */
static uint64_t times_again(const struct model *model, const char *program, const char *phase)
{
	uint64_t times = 0;

	for (size_t i = 0; i < model->fired_count; i++) {
		const struct fired *fired = &model->fired[i];

		times += fired->again && !strcmp(fired->program, program) &&
			 !strcmp(fired->phase, phase);
	}
	return times;
}

/* A scene of the program behind its lock. False: the recording has none. */
static bool find_scene(const struct model *model, const char *program, uint32_t phase,
		       uint32_t *scene)
{
	for (size_t i = 0; i < model->scenes.count; i++) {
		const struct scene *one = &model->scenes.list[i];

		if (!(one->fired & phase) || one->generation || strcmp(one->program, program) != 0)
			continue;
		*scene = (uint32_t)i;
		return true;
	}
	return false;
}

static void add(void *data, const struct own_need *need)
{
	static const char library[] = "libsandbox.so";
	struct relock *relock = data;
	struct arena *arena = relock->context->arena;
	struct implied implied;
	struct cubes cubes;

	if ((need->flags & NEED_SPARED) || !read_need(relock->context, ARCH_NATIVE, need, &implied))
		return;
	cubes = cubes_of(arena, implied.condition);
	for (size_t i = 0; i < cubes.count; i++) {
		struct sighting *sighting = ARENA_NEW(arena, struct sighting);
		struct cube cube = cubes.list[i];

		if (relock->shapes)
			cube = shape_cut_cube(shape_of(relock->shapes, implied.number), &cube);
		*sighting = (struct sighting){ .kind = SIGHT_CALL,
					       .scene = relock->scene,
					       .number = implied.number,
					       .cube = cube,
					       .count = relock->times,
					       .callers = { library },
					       .caller_count = 1 };
		*ARENA_PUSH(arena, relock->list, relock->count) = sighting;
	}
}

struct sighting **add_relock(struct context *context, const struct model *model,
			     const char *program, const struct phase *phase,
			     const struct shapes *shapes, struct sighting **list, size_t *count)
{
	struct relock relock = { .context = context,
				 .shapes = shapes,
				 .times = times_again(model, program, phase->name) };

	if (!relock.times)
		relock.times = times_executed(model, program, model_phase(model, phase->name));
	if (!relock.times ||
	    !find_scene(model, program, model_phase(model, phase->name), &relock.scene))
		return list;
	for (size_t i = 0; i < *count; i++)
		*ARENA_PUSH(context->arena, relock.list, relock.count) = list[i];
	each_nested_need(context->arena, phase, add, &relock);
	*count = relock.count;
	return relock.list;
}
