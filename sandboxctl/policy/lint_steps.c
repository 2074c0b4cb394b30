/* lint_steps.c - what is right but not wise in the lines about a lock's steps; see build.h. */
#include "build.h"

#include "step_names.h"
#include "steps.h"

#include <string.h>

#define TEXT(...) arena_printf(context->arena, __VA_ARGS__)

static struct diagnostic *warn(struct context *context, struct place place, const char *message)
{
	return diagnose(context->diagnostics, WARNING, place, "%s", message);
}

static bool is_on(const struct step_item *item, enum statement_kind word)
{
	return item->word == word && !item->idle && !item->none;
}

/* --- lines that say nothing ------------------------------------------------------------------- */

/* What an included text says again is no mistake of either. */
static void lint_idle(struct context *context, const struct steps *steps,
		      const struct step_item *item)
{
	const struct step_item *other = &steps->items[item->idle - 1];
	bool same = !strcmp(item->text, other->text);
	bool stricter = item->word == STEP_CAPABILITIES || item->word == STEP_LIMIT;

	if (same && item->place.source != other->place.source)
		return;
	warn(context, item->place,
	     TEXT("'%s' %s: %s%s%s at %s%s", item->text,
		  stricter ? "decides nothing" : "adds nothing", same ? "" : "'",
		  same ? "it is said" : other->text, same ? "" : "'",
		  place_text(context->arena, other->place),
		  same	     ? " already"
		  : stricter ? " is stricter"
			     : " gives it already"));
}

/* --- what is optional ------------------------------------------------------------------------- */

/* What the phase has that may be said to be missing, as the values of optional_names. */
static uint64_t what_is_there(const struct steps *steps)
{
	uint64_t bits = steps->steps | steps->detach << 32;

	if (steps->steps & POLICYC_STEP_FILES)
		bits |= POLICYC_PARTS;
	if (steps->ports & POLICYC_NET_BIND_TCP)
		bits |= OPTIONAL_BIND;
	if (steps->ports & POLICYC_NET_CONNECT_TCP)
		bits |= OPTIONAL_CONNECT;
	return bits;
}

static void lint_optional(struct context *context, const struct steps *steps,
			  const struct step_item *item)
{
	if (!(item->value & what_is_there(steps)))
		warn(context, item->place,
		     TEXT("'%s' is about nothing: the phase does not ask for it", item->text));
	else if (item->value & (OPTIONAL_BIND | OPTIONAL_CONNECT) &&
		 !(steps->optional & POLICYC_STEP_PORTS))
		warn(context, item->place,
		     TEXT("'%s' changes nothing: the kernel has bind and connect or neither, and "
			  "the other one is not optional",
			  item->text));
}

/* --- files ------------------------------------------------------------------------------------ */

/* Every file, or nearly. */
static void lint_all_files(struct context *context, const struct step_item *item)
{
	if (strcmp(item->path, "/") != 0 || has_reason(item->place))
		return;
	warn(context, item->place, TEXT("'%s' is about every file there is", item->text))->hint =
		reason_hint;
}

/* --- capabilities ----------------------------------------------------------------------------- */

/* Mounts, code in the kernel, other processes, the machine: what is dropped beside them is had by
 * them. */
static const char *const masters[] = { "sys_admin", "sys_module", "sys_ptrace", "sys_rawio" };

static void lint_kept(struct context *context, const struct step_item *item)
{
	if (has_reason(item->place))
		return;
	for (size_t i = 0; i < sizeof(masters) / sizeof(masters[0]); i++)
		if (item->value & UINT64_C(1)
					  << find_step_name(&capability_names, masters[i])->value)
			warn(context, item->place,
			     TEXT("'%s' drops little: %s is a way to all others", item->text,
				  masters[i]))
				->hint = reason_hint;
}

/* --- files that are started ------------------------------------------------------------------- */

static bool overlap(const struct step_item *a, const struct step_item *b)
{
	return is_beneath(a->path, b->path) || is_beneath(b->path, a->path);
}

static void lint_started_files(struct context *context, const struct steps *steps,
			       const struct step_item *item)
{
	const struct step_item *writable = NULL;
	bool readable = false;

	for (size_t i = 0; i < steps->count; i++) {
		const struct step_item *other = &steps->items[i];

		if (is_on(other, STEP_READ))
			readable |= overlap(item, other);
		if (is_on(other, STEP_WRITE) && overlap(item, other))
			writable = other;
	}
	if (!readable)
		warn(context, item->place,
		     TEXT("'%s' starts nothing: the kernel reads what it starts", item->text))
			->hint =
			TEXT("write 'read %s', too", write_path(context->arena, item->path));
	if (writable && !has_reason(item->place))
		warn(context, item->place,
		     TEXT("'%s' and '%s' at %s: what the program writes can be started", item->text,
			  writable->text, place_text(context->arena, writable->place)))
			->hint = reason_hint;
}

static void lint_phase(struct context *context, const struct phase *phase)
{
	for (size_t i = 0; i < phase->steps.count; i++) {
		const struct step_item *item = &phase->steps.items[i];

		if (item->idle) {
			lint_idle(context, &phase->steps, item);
			continue;
		}
		if (item->word == STEP_OPTIONAL)
			lint_optional(context, &phase->steps, item);
		if (path_rights(item->word) && !item->none)
			lint_all_files(context, item);
		if (is_on(item, STEP_CAPABILITIES))
			lint_kept(context, item);
		if (is_on(item, STEP_EXECUTE))
			lint_started_files(context, &phase->steps, item);
	}
}

/* --- a lock after a lock ---------------------------------------------------------------------- */

static bool can_list_threads(const struct steps *steps)
{
	bool can = !(steps->steps & POLICYC_STEP_FILES);

	if (steps->steps & POLICYC_STEP_ROOT && !steps->root)
		return false;
	for (size_t i = 0; i < steps->count; i++)
		can |= is_on(&steps->items[i], STEP_READ) &&
		       is_beneath("/proc/self/task", steps->items[i].path);
	return can;
}

/* The library lists a program's threads in /proc when it locks. */
static void lint_later(struct context *context, const struct policy *policy, size_t later)
{
	const struct phase *phase = &policy->phases[later];

	for (size_t i = 0; i < later; i++) {
		const struct phase *earlier = &policy->phases[i];

		if (earlier->apart & 1u << later || can_list_threads(&earlier->steps))
			continue;
		warn(context, phase->place,
		     TEXT("phase '%s' cannot lock a program that has threads: phase '%s' leaves no "
			  "/proc to list them",
			  phase->name, earlier->name))
			->hint = "a program without threads is locked; with threads it is ended";
		return;
	}
}

void lint_steps(struct context *context, const struct policy *policy)
{
	for (size_t i = 0; i < policy->phase_count; i++) {
		lint_phase(context, &policy->phases[i]);
		lint_later(context, policy, i);
	}
}
