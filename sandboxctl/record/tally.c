/* tally.c - what recordings come to; see tally.h. */
#include "tally.h"

#include "compose.h"
#include "groups.h"
#include "policy/decode.h"

#include <stdlib.h>
#include <string.h>

struct counter {
	struct arena *arena;
	struct sighting **seen; /* all, in the order they were read */
	size_t seen_count;
	bool dangerous[TABLE_NUMBERS], sensitive[TABLE_NUMBERS];
	uint32_t *phases; /* by scene: those whose policy must allow what is done there */
	struct tally tally;
};

/* The column of a scene. */
static unsigned tally_column(const struct scene *scene)
{
	unsigned column = 0;

	for (unsigned i = 0; i < FIRED_MAX; i++)
		if (scene->fired & 1u << i)
			column = i + 1;
	return column;
}

static unsigned column_of(const struct counter *counter, const struct sighting *sighting)
{
	return tally_column(&counter->tally.model->scenes.list[sighting->scene]);
}

static uint32_t phases_of(const struct counter *counter, const struct sighting *sighting)
{
	return counter->phases[sighting->scene];
}

static bool is_left(const struct counter *counter, uint32_t phases)
{
	return phases & counter->tally.last;
}

/* Those of one kind, sorted. */
static struct sighting **sorted(const struct counter *counter, enum sighting_kind kind,
				int (*compare)(const void *, const void *), size_t *count)
{
	struct sighting **list =
		arena_alloc(counter->arena, counter->seen_count + 1, sizeof(*list));

	*count = 0;
	for (size_t i = 0; i < counter->seen_count; i++)
		if (counter->seen[i]->kind == kind)
			list[(*count)++] = counter->seen[i];
	if (*count)
		qsort(list, *count, sizeof(*list), compare);
	return list;
}

/* --- whose lock, and where it is -------------------------------------------------------------- */

static void find_lock(struct counter *counter)
{
	const struct model *model = counter->tally.model;
	uint32_t bit;

	counter->tally.program = model_program(model);
	for (size_t i = 0; i < model->fired_count; i++) {
		bit = model_phase(model, model->fired[i].phase);
		if (strcmp(model->fired[i].program, counter->tally.program) != 0)
			continue;
		counter->tally.met |= bit;
		if (bit > counter->tally.last)
			counter->tally.last = bit;
	}
}

static void find_others(struct counter *counter)
{
	struct tally *tally = &counter->tally;
	const struct model *model = tally->model;

	tally->others = "";
	for (size_t i = 0; i < model->fired_count; i++) {
		const char *program = model->fired[i].program;
		bool is_known = !strcmp(program, tally->program) || model->fired[i].again;

		for (size_t j = 0; j < i && !is_known; j++)
			is_known =
				!model->fired[j].again && !strcmp(program, model->fired[j].program);
		if (!is_known)
			tally->others = arena_printf(counter->arena, "%s%s%s", tally->others,
						     *tally->others ? ", " : "", program);
	}
}

static void find_phases(struct counter *counter)
{
	const struct model *model = counter->tally.model;

	counter->phases =
		arena_alloc(counter->arena, model->scenes.count + 1, sizeof(*counter->phases));
	for (uint32_t i = 0; counter->tally.program && i < model->scenes.count; i++) {
		const struct sighting there = { .scene = i };

		for (unsigned j = 0; j < model->phase_count; j++)
			if (is_needed(model, counter->tally.program, 1u << j, &there))
				counter->phases[i] |= 1u << j;
	}
}

/* --- calls ------------------------------------------------------------------------------------ */

static int compare_numbers(const void *a, const void *b)
{
	const struct sighting *x = *(struct sighting *const *)a, *y = *(struct sighting *const *)b;

	if (x->is_foreign != y->is_foreign)
		return x->is_foreign ? 1 : -1;
	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return (x->count < y->count) - (x->count > y->count);
}

static void begin_call(struct counter *counter, struct tally_call *call,
		       const struct sighting *sighting)
{
	uint32_t number = sighting->number;
	bool is_known = !sighting->is_foreign && number < TABLE_NUMBERS;

	*call = (struct tally_call){
		.number = number,
		.is_foreign = sighting->is_foreign,
		.is_dangerous = is_known && counter->dangerous[number],
		.is_sensitive = is_known && counter->sensitive[number],
	};
	call->name = call_name(counter->arena, is_known ? names_number(ARCH_NATIVE, number) : NULL,
			       number);
}

static void find_calls(struct counter *counter)
{
	struct tally *tally = &counter->tally;
	struct tally_call *call = NULL;
	struct sighting **list;
	size_t count;

	list = sorted(counter, SIGHT_CALL, compare_numbers, &count);
	for (size_t i = 0; i < count; i++) {
		const struct sighting *sighting = list[i];

		if (!call || call->number != sighting->number ||
		    call->is_foreign != sighting->is_foreign) {
			call = ARENA_PUSH(counter->arena, tally->calls, tally->call_count);
			begin_call(counter, call, sighting);
			call->kinds = list + i;
		}
		call->kind_count++;
		call->counts[column_of(counter, sighting)] += sighting->count;
		call->count += sighting->count;
		call->left |= phases_of(counter, sighting);
		call->is_left = is_left(counter, call->left);
		tally->attributed += sighting->caller_count > 0;
	}
	tally->kinds = count;
}

static int compare_calls(const void *a, const void *b)
{
	const struct tally_call *x = a, *y = b;

	if (x->is_left != y->is_left)
		return x->is_left ? -1 : 1;
	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* What there is to close, and what of it is open in the last phase. */
static void count_notable(struct counter *counter)
{
	struct tally *tally = &counter->tally;

	for (uint32_t i = 0; i < TABLE_NUMBERS; i++) {
		tally->known += names_number(ARCH_NATIVE, i) != NULL;
		tally->dangerous += counter->dangerous[i];
		tally->sensitive += counter->sensitive[i];
	}
	for (size_t i = 0; i < tally->call_count; i++) {
		const struct tally_call *call = &tally->calls[i];

		if (!call->is_left)
			continue;
		tally->left++;
		tally->dangerous_left += call->is_dangerous;
		tally->sensitive_left += call->is_sensitive;
	}
}

/* --- files and addresses ---------------------------------------------------------------------- */

static int compare_places(const void *a, const void *b)
{
	const struct sighting *x = *(struct sighting *const *)a, *y = *(struct sighting *const *)b;
	int order = strcmp(x->what, y->what);

	return order ? order : strcmp(x->use, y->use);
}

static struct tally_place *find_places(struct counter *counter, enum sighting_kind kind,
				       size_t *place_count)
{
	struct tally_place *places = NULL, *place = NULL;
	struct sighting **list;
	size_t count;

	list = sorted(counter, kind, compare_places, &count);
	for (size_t i = 0; i < count; i++) {
		const struct sighting *sighting = list[i];

		if (!place || strcmp(place->what, sighting->what) != 0 ||
		    strcmp(place->use, sighting->use) != 0) {
			place = ARENA_PUSH(counter->arena, places, *place_count);
			*place = (struct tally_place){ sighting->what, sighting->use, .count = 0 };
		}
		place->counts[column_of(counter, sighting)] += sighting->count;
		place->count += sighting->count;
		place->is_left |= is_left(counter, phases_of(counter, sighting));
		place->found |= sighting->found;
		place->missing |= sighting->missing;
	}
	return places;
}

/* --- whose code ------------------------------------------------------------------------------- */

static int compare_sites(const void *a, const void *b)
{
	const struct tally_site *x = a, *y = b;
	int order = strcmp(x->object, y->object);

	if (order)
		return order;
	/* "+0x9" before "+0x10" */
	if (strlen(x->offset) != strlen(y->offset))
		return strlen(x->offset) < strlen(y->offset) ? -1 : 1;
	order = strcmp(x->offset, y->offset);
	return order ? order : compare_numbers(&x->sighting, &y->sighting);
}

static struct tally_site *find_sites(const struct counter *counter, size_t *count)
{
	struct tally_site *sites = NULL;

	for (size_t i = 0; i < counter->seen_count; i++) {
		const struct sighting *sighting = counter->seen[i];

		for (unsigned j = 0; j < sighting->caller_count; j++) {
			const char *caller = sighting->callers[j], *plus = strrchr(caller, '+');
			size_t length = plus ? (size_t)(plus - caller) : strlen(caller);

			*ARENA_PUSH(counter->arena, sites, *count) = (struct tally_site){
				arena_strndup(counter->arena, caller, length),
				plus ? plus : "",
				sighting,
			};
		}
	}
	if (*count)
		qsort(sites, *count, sizeof(*sites), compare_sites);
	return sites;
}

static void count_object(const struct counter *counter, struct tally_object *object)
{
	enum { SEEN = 1, LEFT = 2 };
	uint8_t known[TABLE_NUMBERS] = { 0 };

	for (size_t i = 0; i < object->site_count; i++) {
		const struct sighting *sighting = object->sites[i].sighting;

		if (sighting->number >= TABLE_NUMBERS || sighting->is_foreign)
			continue;
		known[sighting->number] |= SEEN;
		if (is_left(counter, phases_of(counter, sighting)))
			known[sighting->number] |= LEFT;
	}
	for (size_t i = 0; i < TABLE_NUMBERS; i++) {
		object->all += known[i] != 0;
		object->left += (known[i] & LEFT) != 0;
	}
}

static int compare_objects(const void *a, const void *b)
{
	const struct tally_object *x = a, *y = b;

	if (x->all != y->all)
		return x->all > y->all ? -1 : 1;
	return strcmp(x->name, y->name);
}

static void find_objects(struct counter *counter)
{
	struct tally *tally = &counter->tally;
	struct tally_object *object = NULL;
	size_t count = 0;
	struct tally_site *sites = find_sites(counter, &count);

	for (size_t i = 0; i < count; i++) {
		if (!object || strcmp(object->name, sites[i].object) != 0) {
			object = ARENA_PUSH(counter->arena, tally->objects, tally->object_count);
			*object = (struct tally_object){ .name = sites[i].object,
							 .sites = sites + i };
		}
		object->site_count++;
	}
	for (size_t i = 0; i < tally->object_count; i++)
		count_object(counter, &tally->objects[i]);
	if (tally->object_count)
		qsort(tally->objects, tally->object_count, sizeof(*tally->objects),
		      compare_objects);
}

/* --- all together ----------------------------------------------------------------------------- */

static void find_sensitive(struct counter *counter)
{
	for (size_t i = 0; i < SENSITIVE; i++) {
		int number = names_syscall(sensitive_calls[i])->number[ARCH_NATIVE];

		if (number >= 0 && number < TABLE_NUMBERS)
			counter->sensitive[number] = true;
	}
}

struct tally tally(struct context *context, const struct model *model)
{
	struct counter counter = { .arena = context->arena, .tally.model = model };

	counter.seen = model_list(model, &counter.seen_count);
	find_dangerous(context, counter.dangerous);
	find_sensitive(&counter);
	find_lock(&counter);
	find_others(&counter);
	find_phases(&counter);
	find_calls(&counter);
	if (counter.tally.call_count)
		qsort(counter.tally.calls, counter.tally.call_count, sizeof(*counter.tally.calls),
		      compare_calls);
	count_notable(&counter);
	counter.tally.files = find_places(&counter, SIGHT_FILE, &counter.tally.file_count);
	counter.tally.addresses =
		find_places(&counter, SIGHT_ADDRESS, &counter.tally.address_count);
	find_objects(&counter);
	return counter.tally;
}

size_t tally_left(const struct tally *tally, uint32_t phase)
{
	size_t left = 0;

	for (size_t i = 0; i < tally->call_count; i++)
		left += (tally->calls[i].left & phase) != 0;
	return left;
}

const struct tally_call *tally_find(const struct tally *tally, const char *name)
{
	for (size_t i = 0; i < tally->call_count; i++)
		if (!tally->calls[i].is_foreign && !strcmp(tally->calls[i].name, name))
			return &tally->calls[i];
	return NULL;
}
