/* nested.c - what the library itself needs under a lock; see nested.h. */
#include "nested.h"

#include "policy/needs.h"

#include <string.h>

void nested_begin(struct nested *nested, struct arena *arena)
{
	*nested = (struct nested){ 0 };
	model_begin(&nested->model, arena);
}

static uint32_t scene_of(struct nested *nested, const struct process *process)
{
	const struct scene scene = { process->program, process->generation, process->before, 0 };

	return scenes_place(&nested->model.scenes, &scene);
}

static struct sighting *note(struct nested *nested, const struct sighting *key, const void *where)
{
	bool is_new;
	struct sighting *sighting = sight(&nested->model.sightings, key, &is_new);

	if (is_new)
		*ARENA_PUSH(nested->model.arena, nested->firsts, nested->first_count) =
			(struct nested_first){ sighting, where };
	return sighting;
}

/* --- while it runs ---------------------------------------------------------------------------- */

static void note_files(struct nested *nested, struct recorder *recorder, struct process *process,
		       pid_t thread, const struct seccomp_data *call, const void *where)
{
	uint64_t arguments[ARGUMENTS];
	char settled[PATH_MAX];
	unsigned count;

	memcpy(arguments, call->args, sizeof(arguments));
	count = paths_of(&recorder->path_calls, process, thread, (uint32_t)call->nr, arguments,
			 recorder->named);
	for (unsigned i = 0; i < count; i++) {
		const struct sighting key = { .kind = SIGHT_FILE,
					      .scene = scene_of(nested, process),
					      .what = recorder->named[i].text,
					      .use = recorder->named[i].use };
		struct sighting *sighting = note(nested, &key, where);

		if (path_settle(thread, sighting->what, settled))
			sighting->found = true;
		else
			sighting->missing = true;
	}
}

/* Its reports are not looked for: under a lock it has a descriptor for them, and says nothing where
 * it may not write. */
void nested_call(struct nested *nested, struct recorder *recorder, struct process *process,
		 pid_t thread, const struct seccomp_data *call, const void *where)
{
	struct sighting key = { .kind = SIGHT_CALL,
				.scene = scene_of(nested, process),
				.number = (uint32_t)call->nr };
	uint64_t arguments[ARGUMENTS];

	if (call->nr == names_syscall("write")->number[ARCH_NATIVE])
		return;
	memcpy(arguments, call->args, sizeof(arguments));
	key.cube = shape_cut(shape_of(&recorder->shapes, key.number), arguments);
	note(nested, &key, where);
	if (has_paths(&recorder->path_calls, key.number))
		note_files(nested, recorder, process, thread, call, where);
}

void nested_fires(struct nested *nested, const struct process *process, const char *phase,
		  const void *where)
{
	struct arena *arena = nested->model.arena;
	uint32_t scene = scene_of(nested, process);

	for (size_t i = 0; i < nested->lock_count; i++)
		if (nested->locks[i].scene == scene && !strcmp(nested->locks[i].phase, phase))
			return;
	*ARENA_PUSH(arena, nested->locks, nested->lock_count) =
		(struct nested_lock){ scene, arena_strndup(arena, phase, strlen(phase)), where };
}

/* --- afterwards ------------------------------------------------------------------------------- */

struct needing {
	struct nested *nested;
	struct context *context;
	const struct recorder *recorder;
	const struct nested_lock *lock;
};

static void note_need(void *data, const struct own_need *need)
{
	const struct needing *needing = data;
	struct implied implied;
	struct cubes cubes;

	if ((need->flags & NEED_SPARED) ||
	    !read_need(needing->context, ARCH_NATIVE, need, &implied))
		return;
	cubes = cubes_of(needing->context->arena, implied.condition);
	for (size_t i = 0; i < cubes.count; i++) {
		const struct sighting key = {
			.kind = SIGHT_CALL,
			.scene = needing->lock->scene,
			.number = implied.number,
			.cube = shape_cut_cube(shape_of(&needing->recorder->shapes, implied.number),
					       &cubes.list[i]),
		};

		note(needing->nested, &key, needing->lock->where);
	}
}

struct coverage nested_cover(struct nested *nested, struct context *context,
			     const struct recorder *recorder, const struct policy *policy)
{
	const struct processes *processes = &recorder->processes;
	struct needing needing = { nested, context, recorder, NULL };

	nested->model.phase_count = processes->phase_count;
	for (unsigned i = 0; i < processes->phase_count; i++)
		nested->model.phases[i] = processes->phases[i];
	for (size_t i = 0; i < nested->lock_count; i++)
		for (size_t j = 0; j < policy->phase_count; j++) {
			if (strcmp(policy->phases[j].name, nested->locks[i].phase) != 0)
				continue;
			needing.lock = &nested->locks[i];
			each_unrecorded_need(context->arena, &policy->phases[j], note_need,
					     &needing);
		}
	return cover(context, &nested->model, NULL, policy);
}

const void *nested_where(const struct nested *nested, const struct sighting *sighting)
{
	for (size_t i = 0; i < nested->first_count; i++)
		if (nested->firsts[i].sighting == sighting)
			return nested->firsts[i].where;
	return NULL;
}
