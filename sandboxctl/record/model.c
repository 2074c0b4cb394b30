/* model.c - recordings that were read; see model.h. */
#include "model.h"

#include "paths.h"
#include "policy/query.h"
#include "policy/step_names.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VERSION_KNOWN = 1 };

struct reader {
	struct context *context;
	struct model *model;
	struct place place; /* the line */
	const json_t *line;
	bool good;
};

void model_begin(struct model *model, struct arena *arena)
{
	*model = (struct model){ .arena = arena };
	sightings_begin(&model->sightings, arena);
	scenes_begin(&model->scenes, arena);
}

static void fail(struct reader *reader, const char *message)
{
	if (reader->good)
		diagnose(reader->context->diagnostics, ERROR, reader->place, "%s", message);
	reader->good = false;
}

/* --- fields ----------------------------------------------------------------------------------- */

/* A copy on one line: names are whatever the programs called their files, and what is made of them
 * here is a text with lines. */
static const char *copy(struct arena *arena, const char *text)
{
	char *clean = arena_strndup(arena, text, strlen(text));

	for (char *at = clean; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = '?';
	return clean;
}

/* NULL when there is none: `wanted` says whether that is a mistake. */
static const char *text_field(struct reader *reader, const char *name, bool wanted)
{
	const char *text = json_string_value(json_object_get(reader->line, name));

	if (!text && wanted)
		fail(reader, arena_printf(reader->context->arena,
					  "this line of a recording has no text \"%s\"", name));
	return text ? copy(reader->model->arena, text) : NULL;
}

static uint64_t number_field(const struct reader *reader, const char *name)
{
	return (uint64_t)json_integer_value(json_object_get(reader->line, name));
}

enum { SECONDS_MAX = 1000000000 };

/* 0 where it is missing, or no time: a recording comes from anywhere. */
static double seconds_field(const struct reader *reader)
{
	double seconds = json_number_value(json_object_get(reader->line, "seconds"));

	return seconds > 0 && seconds < SECONDS_MAX ? seconds : 0;
}

static struct run *last_run(const struct reader *reader)
{
	return &reader->model->runs[reader->model->run_count - 1];
}

static bool flag_field(const struct reader *reader, const char *name)
{
	return json_is_true(json_object_get(reader->line, name));
}

/* --- scenes ----------------------------------------------------------------------------------- */

uint32_t model_phase(const struct model *model, const char *name)
{
	for (unsigned i = 0; i < model->phase_count; i++)
		if (!strcmp(model->phases[i], name))
			return 1u << i;
	return 0;
}

static uint32_t phase_bit(struct reader *reader, const char *name)
{
	struct model *model = reader->model;
	uint32_t bit = model_phase(model, name);

	if (bit)
		return bit;
	if (model->phase_count == FIRED_MAX) {
		fail(reader, "the recordings have too many phases");
		return 0;
	}
	model->phases[model->phase_count] = copy(model->arena, name);
	return 1u << model->phase_count++;
}

/* "nginx/1": what follows the last slash is a number. */
static void read_who(struct reader *reader, struct scene *scene)
{
	const char *who = text_field(reader, "who", true);
	const char *slash = who ? strrchr(who, '/') : NULL;

	if (!who)
		return;
	scene->program = who;
	if (!slash || !slash[1] || slash[1 + strspn(slash + 1, "0123456789")])
		return;
	scene->program = arena_strndup(reader->model->arena, who, (size_t)(slash - who));
	scene->generation = (unsigned)strtoul(slash + 1, NULL, 10);
}

static uint32_t read_scene(struct reader *reader)
{
	const json_t *after = json_object_get(reader->line, "after");
	struct scene scene = { .program = "", .pid = (pid_t)number_field(reader, "pid") };

	read_who(reader, &scene);
	for (size_t i = 0; i < json_array_size(after); i++) {
		const char *phase = json_string_value(json_array_get(after, i));

		if (phase)
			scene.fired |= phase_bit(reader, phase);
	}
	return scenes_place(&reader->model->scenes, &scene);
}

/* --- calls, files, addresses ------------------------------------------------------------------ */

static void read_call(struct reader *reader, struct sighting *key, const char *text)
{
	struct diagnostics ignored = { .arena = reader->model->arena };
	struct context context = { reader->model->arena, &ignored, NULL };
	const struct source source = { .text = text, .size = strlen(text), .name = "", .path = "" };
	struct query query;

	if (!parse_query(&context, ARCH_NATIVE, &source, &query)) {
		fail(reader, "this line of a recording names no call that is known here");
		return;
	}
	key->number = query.number;
	key->cube = query_bits(&query);
	/* As the recorder cuts it: the bits that the kernel looks at. */
	for (unsigned i = 0; i < ARGUMENTS; i++) {
		unsigned width =
			query.name && i < query.name->count ? query.name->arguments[i].width : 64;

		key->cube.mask[i] &= width >= 64 ? UINT64_MAX : ((uint64_t)1 << width) - 1;
		key->cube.value[i] &= key->cube.mask[i];
	}
	key->is_foreign = flag_field(reader, "foreign");
	key->is_clone3 = json_object_get(reader->line, "made") != NULL;
}

static const char *known_use(const char *use)
{
	for (int i = 0; use && i < PATH_USES; i++)
		if (!strcmp(use, path_uses[i]))
			return path_uses[i];
	return use;
}

static void add_callers(struct reader *reader, struct sighting *sighting)
{
	const json_t *by = json_object_get(reader->line, "by");

	for (size_t i = 0; i < json_array_size(by); i++) {
		const char *caller = json_string_value(json_array_get(by, i));

		if (caller)
			sighting_caller(sighting, copy(reader->model->arena, caller));
	}
}

static void read_sighting(struct reader *reader, enum sighting_kind kind, const char *text)
{
	struct sighting key = { .kind = kind }, *sighting;
	uint64_t count = number_field(reader, "count"), first = number_field(reader, "first"),
		 last = number_field(reader, "last");
	struct run *run;
	bool is_new;

	key.scene = read_scene(reader);
	if (kind == SIGHT_CALL) {
		read_call(reader, &key, text);
	} else {
		key.what = text;
		key.use = known_use(text_field(reader, "use", true));
	}
	if (!reader->good)
		return;
	sighting = sight(&reader->model->sightings, &key, &is_new);
	sighting->count += count - 1;
	if (is_new || first < sighting->first)
		sighting->first = first;
	if (is_new || last > sighting->last)
		sighting->last = last;
	sighting->found |= flag_field(reader, "found");
	sighting->missing |= flag_field(reader, "missing");
	add_callers(reader, sighting);
	run = last_run(reader);
	*ARENA_PUSH(reader->model->arena, run->sights, run->sight_count) =
		(struct run_sight){ sighting, count, first, last };
}

uint32_t model_prewarms(const struct model *model)
{
	uint32_t prewarms = 0;

	for (size_t i = 0; i < model->run_count; i++)
		prewarms |= model->runs[i].prewarms;
	return prewarms;
}

/* --- runs and triggers ------------------------------------------------------------------------ */

static const char *word_at(const json_t *list, size_t i)
{
	const char *word = json_string_value(json_array_get(list, i));

	return word ? word : "";
}

static const char *joined(struct arena *arena, const json_t *list)
{
	size_t room = 1, length = 0;
	char *text;

	for (size_t i = 0; i < json_array_size(list); i++)
		room += strlen(word_at(list, i)) + 1;
	text = arena_alloc(arena, room, 1);
	for (size_t i = 0; i < json_array_size(list); i++)
		length += (size_t)snprintf(text + length, room - length, "%s%s", i ? " " : "",
					   word_at(list, i));
	return copy(arena, text);
}

static void read_triggers(struct reader *reader, struct run *run)
{
	const json_t *list = json_object_get(reader->line, "triggers");
	struct arena *arena = reader->model->arena;

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);
		const char *phase = json_string_value(json_object_get(one, "phase"));
		const char *text = json_string_value(json_object_get(one, "trigger"));

		if (phase && text)
			*ARENA_PUSH(arena, run->triggers, run->trigger_count) =
				(struct run_trigger){
					copy(arena, phase),
					copy(arena, text),
				};
	}
}

/* Of a later version: nothing that we could write. */
static uint32_t read_prewarms(const struct reader *reader)
{
	const json_t *list = json_object_get(reader->line, "prewarm");
	uint32_t prewarms = 0;

	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *text = json_string_value(json_array_get(list, i));
		const struct step_name *name = text ? find_step_name(&prewarm_names, text) : NULL;

		prewarms |= name ? (uint32_t)name->value : 0;
	}
	return prewarms;
}

static void read_run(struct reader *reader)
{
	struct model *model = reader->model;
	const char *arch = text_field(reader, "arch", true);
	struct run *run;

	if (number_field(reader, "recording") != VERSION_KNOWN)
		fail(reader, "this recording was made by another version of sandboxctl");
	else if (arch && strcmp(arch, arches[ARCH_NATIVE].name) != 0)
		fail(reader, "this recording is of another architecture: use it on a machine of "
			     "that kind");
	run = ARENA_PUSH(model->arena, model->runs, model->run_count);
	*run = (struct run){
		.file = reader->place.source->name,
		.program = joined(model->arena, json_object_get(reader->line, "program")),
		.started = text_field(reader, "started", false),
		.kernel = text_field(reader, "kernel", false),
		.policy = text_field(reader, "policy", false),
		.version = text_field(reader, "sandboxctl", false),
		.prewarms = read_prewarms(reader),
	};
	read_triggers(reader, run);
}

static void read_fired(struct reader *reader)
{
	struct model *model = reader->model;
	struct fired *fired = ARENA_PUSH(model->arena, model->fired, model->fired_count);
	struct scene scene = { .program = "" };

	read_who(reader, &scene);
	*fired = (struct fired){
		.program = scene.program,
		.generation = scene.generation,
		.phase = text_field(reader, "fired", true),
		.trigger = text_field(reader, "trigger", true),
		.run = model->run_count - 1,
		.pid = (pid_t)number_field(reader, "pid"),
		.at = number_field(reader, "at"),
		.threads = (unsigned)number_field(reader, "threads"),
		.again = flag_field(reader, "again"),
	};
	if (fired->phase)
		phase_bit(reader, fired->phase);
}

static void read_time(struct reader *reader)
{
	struct run *run = last_run(reader);

	run->calls = number_field(reader, "calls");
	*ARENA_PUSH(reader->model->arena, run->times, run->time_count) =
		(struct run_time){ run->calls, seconds_field(reader) };
}

static void read_process(struct reader *reader)
{
	struct run *run = last_run(reader);
	struct scene scene = { .program = "" };

	read_who(reader, &scene);
	*ARENA_PUSH(reader->model->arena, run->started_processes, run->process_count) =
		(struct run_process){ scene.program, scene.generation, number_field(reader, "at") };
	run->processes = run->process_count;
}

static void read_end(struct reader *reader)
{
	struct run *run = last_run(reader);

	read_time(reader);
	run->end = text_field(reader, "end", true);
	run->processes = number_field(reader, "processes");
}

/* --- lines ------------------------------------------------------------------------------------ */

static void read_object(struct reader *reader)
{
	const char *text;

	if (json_object_get(reader->line, "recording")) {
		read_run(reader);
		return;
	}
	if (!reader->model->run_count)
		fail(reader, "this is not a recording: its first line must begin with "
			     "{\"recording\":1");
	else if ((text = text_field(reader, "call", false)))
		read_sighting(reader, SIGHT_CALL, text);
	else if ((text = text_field(reader, "file", false)))
		read_sighting(reader, SIGHT_FILE, text);
	else if ((text = text_field(reader, "address", false)))
		read_sighting(reader, SIGHT_ADDRESS, text);
	else if (json_object_get(reader->line, "fired"))
		read_fired(reader);
	else if (json_object_get(reader->line, "end"))
		read_end(reader);
	else if (json_object_get(reader->line, "seconds"))
		read_time(reader);
	else if (json_object_get(reader->line, "process"))
		read_process(reader);
	/* Other lines are for people and for later versions. */
}

static void read_line(struct reader *reader, const char *start, size_t length)
{
	json_error_t error;
	json_t *line = json_loadb(start, length, 0, &error);

	if (!json_is_object(line))
		fail(reader, "this line of a recording is damaged");
	reader->line = line;
	if (reader->good)
		read_object(reader);
	json_decref(line);
}

bool model_read(struct context *context, struct model *model, const struct source *source)
{
	struct reader reader = { .context = context, .model = model, .good = true };
	const char *start = source->text, *end = source->text + source->size;
	size_t runs = model->run_count;

	reader.place = (struct place){ .source = source, .column = 1 };
	while (reader.good && start < end) {
		const char *newline = memchr(start, '\n', (size_t)(end - start));

		reader.place.line++;
		reader.place.start = start;
		if (!newline) { /* killed, or the disk was full, in the middle of it */
			model->partial = reader.place;
			break;
		}
		if (newline > start)
			read_line(&reader, start, (size_t)(newline - start));
		start = newline + 1;
	}
	if (reader.good && model->run_count == runs)
		fail(&reader, "this is not a recording: it is empty");
	return reader.good;
}

struct sighting **model_list(const struct model *model, size_t *count)
{
	const struct sightings *sightings = &model->sightings;
	struct sighting **list =
		arena_alloc(model->arena, sightings->count + 1, sizeof(struct sighting *));
	size_t n = 0;

	/* New ones are queued as they come. */
	for (struct sighting *at = sightings->queue; at; at = at->queued == at ? NULL : at->queued)
		list[n++] = at;
	*count = n;
	return list;
}
