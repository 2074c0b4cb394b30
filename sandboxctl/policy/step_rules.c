/* step_rules.c - the items of a phase, put together; see steps.h.
 *
 * In order: which items leave others nothing to say, what cannot hold together, what the library is
 * told, and whether a later phase asks for what an earlier one has taken away for good.
 */
#include "step_names.h"
#include "steps.h"

#include <linux/capability.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#define TEXT(...) arena_printf(context->arena, __VA_ARGS__)

static struct diagnostic *fail(struct context *context, struct place place, const char *message)
{
	return diagnose(context->diagnostics, ERROR, place, "%s", message);
}

static bool gives_path(const struct step_item *item)
{
	return path_rights(item->word) && !item->none;
}

static bool gives_port(const struct step_item *item)
{
	return (item->word == STEP_BIND || item->word == STEP_CONNECT) && !item->none;
}

/* --- what adds nothing ------------------------------------------------------------------------ */

/* At most what the other keeps, or lets grow. */
static bool is_stricter(const struct step_item *item, const struct step_item *other)
{
	if (item->word == STEP_CAPABILITIES)
		return !(item->value & ~other->value);
	return item->word == STEP_LIMIT && item->number == other->number &&
	       item->value <= other->value && item->second <= other->second;
}

/* Whether `other` gives all that `item` gives: what need not be there gives nothing for sure. */
static bool gives_as_well(const struct step_item *other, const struct step_item *item)
{
	return gives_path(item) && gives_path(other) && is_beneath(item->path, other->path) &&
	       (item->optional || !other->optional);
}

static void settle_pair(struct steps *steps, size_t first, size_t second)
{
	struct step_item *a = &steps->items[first], *b = &steps->items[second];

	if (a->word != b->word || a->idle || b->idle)
		return;
	if (!strcmp(a->text, b->text) || gives_as_well(a, b) || is_stricter(a, b))
		b->idle = first + 1;
	else if (gives_as_well(b, a) || is_stricter(b, a))
		a->idle = second + 1;
}

static void settle_items(struct steps *steps)
{
	for (size_t i = 0; i < steps->count; i++)
		for (size_t j = i + 1; j < steps->count; j++)
			settle_pair(steps, i, j);
}

/* --- what cannot hold together ---------------------------------------------------------------- */

static const char *clash(const struct step_item *a, const struct step_item *b)
{
	if (a->word == b->word) {
		if (a->none != b->none && (path_rights(a->word) || gives_port(a) || gives_port(b)))
			return "one gives what the other says that nobody has: remove one";
		if (a->word == STEP_ROOT)
			return "there is one root: remove one";
		if (a->word == STEP_CAPABILITIES ||
		    (a->word == STEP_LIMIT && a->number == b->number))
			return "neither is the stricter: say it once";
	}
	if (a->word == STEP_ROOT && !a->path && gives_path(b))
		return "nothing is beneath an empty root: remove one";
	if (a->word == STEP_DETACH && a->value == CLONE_NEWNET && gives_port(b))
		return "a network of its own has nobody to talk to, and sockets opened before need "
		       "no line: remove one";
	return NULL;
}

static void check_pair(struct context *context, const struct step_item *a,
		       const struct step_item *b)
{
	const char *why = clash(a, b);

	if (!why)
		why = clash(b, a);
	if (why)
		fail(context, b->place,
		     TEXT("'%s' contradicts '%s' at %s: %s", b->text, a->text,
			  place_text(context->arena, a->place), why));
}

static void check_items(struct context *context, const struct steps *steps)
{
	for (size_t i = 0; i < steps->count; i++)
		for (size_t j = i + 1; j < steps->count; j++)
			if (!steps->items[i].idle && !steps->items[j].idle &&
			    context->diagnostics->errors <= ERRORS_SHOWN)
				check_pair(context, &steps->items[i], &steps->items[j]);
}

/* --- what the library is told ----------------------------------------------------------------- */

static void add_path(struct context *context, struct steps *steps, const struct step_item *item)
{
	struct path_rule *rule = NULL;

	steps->steps |= POLICYC_STEP_FILES;
	steps->files = POLICYC_FS_ALL;
	if (item->none)
		return;
	for (size_t i = 0; i < steps->path_count && !rule; i++)
		if (!strcmp(steps->path_rules[i].path, item->path))
			rule = &steps->path_rules[i];
	if (!rule) {
		rule = ARENA_PUSH(context->arena, steps->path_rules, steps->path_count);
		rule->path = item->path;
		rule->optional = true;
	}
	rule->rights |= item->value;
	rule->optional = rule->optional && item->optional;
}

static void add_port(struct context *context, struct steps *steps, const struct step_item *item)
{
	uint32_t right = item->word == STEP_BIND ? POLICYC_NET_BIND_TCP : POLICYC_NET_CONNECT_TCP;
	struct policyc_port *rule = NULL;

	steps->steps |= POLICYC_STEP_PORTS;
	steps->ports |= right;
	if (item->none)
		return;
	for (size_t i = 0; i < steps->port_count && !rule; i++)
		if (steps->port_rules[i].port == item->value)
			rule = &steps->port_rules[i];
	if (!rule)
		rule = ARENA_PUSH(context->arena, steps->port_rules, steps->port_count);
	rule->port = (uint32_t)item->value;
	rule->rights |= right;
}

static void add_limit(struct context *context, struct steps *steps, const struct step_item *item)
{
	struct policyc_limit *limit;

	steps->steps |= POLICYC_STEP_LIMITS;
	limit = ARENA_PUSH(context->arena, steps->limits, steps->limit_count);
	limit->resource = item->number;
	limit->soft = item->value;
	limit->hard = item->second;
}

static void add_item(struct context *context, struct steps *steps, const struct step_item *item)
{
	if (path_rights(item->word))
		add_path(context, steps, item);
	switch (item->word) {
	case STEP_BIND:
	case STEP_CONNECT:
		add_port(context, steps, item);
		break;
	case STEP_SCOPE:
		steps->steps |= POLICYC_STEP_SCOPE;
		steps->scope |= (uint32_t)item->value;
		break;
	case STEP_ROOT:
		steps->steps |= POLICYC_STEP_ROOT;
		steps->root = item->path;
		break;
	case STEP_DETACH:
		steps->steps |= POLICYC_STEP_DETACH;
		steps->detach |= item->value;
		break;
	case STEP_CAPABILITIES:
		steps->steps |= POLICYC_STEP_CAPABILITIES;
		steps->capabilities = item->value;
		break;
	case STEP_LIMIT:
		add_limit(context, steps, item);
		break;
	case STEP_DUMPABLE:
		steps->steps |= POLICYC_STEP_NOT_DUMPABLE;
		break;
	case STEP_DESCRIPTORS:
		steps->steps |= POLICYC_STEP_DESCRIPTORS;
		break;
	default:
		break;
	}
}

static bool may_miss_ports(const struct steps *steps, uint64_t bits)
{
	return (bits & OPTIONAL_BIND || !(steps->ports & POLICYC_NET_BIND_TCP)) &&
	       (bits & OPTIONAL_CONNECT || !(steps->ports & POLICYC_NET_CONNECT_TCP));
}

/* A root takes a mount namespace with it: both may be missing, or neither. */
static void add_root_namespace(struct steps *steps, uint64_t written)
{
	steps->steps |= POLICYC_STEP_DETACH;
	steps->detach |= CLONE_NEWNS;
	if (!(steps->optional & POLICYC_STEP_ROOT))
		steps->detach_optional &= ~(uint64_t)CLONE_NEWNS;
	else if (!(written & CLONE_NEWNS))
		steps->detach_optional |= CLONE_NEWNS;
}

static void add_optional(struct steps *steps)
{
	uint64_t bits = 0, written = steps->detach;

	for (size_t i = 0; i < steps->count; i++)
		if (steps->items[i].word == STEP_OPTIONAL)
			bits |= steps->items[i].value;
	steps->optional = (uint32_t)bits & steps->steps;
	if (steps->steps & POLICYC_STEP_FILES)
		steps->optional |= (uint32_t)bits & POLICYC_PARTS;
	if (steps->steps & POLICYC_STEP_PORTS && may_miss_ports(steps, bits))
		steps->optional |= POLICYC_STEP_PORTS;
	steps->detach_optional = bits >> 32 & steps->detach;
	if (steps->steps & POLICYC_STEP_ROOT)
		add_root_namespace(steps, written);
	if (steps->detach && steps->detach_optional == steps->detach)
		steps->optional |= POLICYC_STEP_DETACH;
}

static int compare_limits(const void *a, const void *b)
{
	uint32_t x = ((const struct policyc_limit *)a)->resource;
	uint32_t y = ((const struct policyc_limit *)b)->resource;

	return (x > y) - (x < y);
}

static void collect_items(struct context *context, struct steps *steps)
{
	for (size_t i = 0; i < steps->count; i++)
		if (!steps->items[i].idle)
			add_item(context, steps, &steps->items[i]);
	if (steps->limit_count)
		qsort(steps->limits, steps->limit_count, sizeof(steps->limits[0]), compare_limits);
	add_optional(steps);
}

/* --- one phase after another ------------------------------------------------------------------ */

static bool gave_path(const struct steps *earlier, const struct step_item *item)
{
	for (size_t i = 0; i < earlier->count; i++)
		if (earlier->items[i].word == item->word && gives_path(&earlier->items[i]) &&
		    is_beneath(item->path, earlier->items[i].path))
			return true;
	return false;
}

static bool gave_port(const struct steps *earlier, const struct step_item *item)
{
	for (size_t i = 0; i < earlier->count; i++)
		if (earlier->items[i].word == item->word && gives_port(&earlier->items[i]) &&
		    earlier->items[i].value == item->value)
			return true;
	return false;
}

static bool lowered_limit(const struct steps *earlier, const struct step_item *item)
{
	for (size_t i = 0; i < earlier->limit_count; i++)
		if (earlier->limits[i].resource == item->number &&
		    earlier->limits[i].hard < item->second)
			return true;
	return false;
}

static bool has(const struct steps *steps, enum policyc_step step)
{
	return steps->steps & step;
}

static const char *undone_path(const struct steps *earlier, const struct step_item *item)
{
	if (has(earlier, POLICYC_STEP_ROOT) && !earlier->root)
		return "has an empty root, with nothing in it";
	if (has(earlier, POLICYC_STEP_FILES) && !gave_path(earlier, item))
		return "does not give it, and a lock is never lifted";
	return NULL;
}

static const char *undone_port(const struct steps *earlier, const struct step_item *item)
{
	uint32_t right = item->word == STEP_BIND ? POLICYC_NET_BIND_TCP : POLICYC_NET_CONNECT_TCP;

	if (earlier->detach & CLONE_NEWNET)
		return "has a network of its own, with nobody to talk to";
	if (earlier->ports & right && !gave_port(earlier, item))
		return "does not give it, and a lock is never lifted";
	return NULL;
}

/* Mounting, and a namespace of any kind, take sys_admin; Landlock lets nobody mount. */
static const char *undone_move(const struct steps *earlier, const struct step_item *item)
{
	if (item->word == STEP_ROOT && has(earlier, POLICYC_STEP_ROOT))
		return "has changed the root: that is done once";
	if (item->word == STEP_ROOT && has(earlier, POLICYC_STEP_FILES))
		return "has lines about files, and under these Landlock lets nobody change the "
		       "root";
	if (item->word == STEP_DETACH && item->value & CLONE_NEWNS &&
	    has(earlier, POLICYC_STEP_FILES))
		return "has lines about files, and under these Landlock lets nobody mount";
	if (has(earlier, POLICYC_STEP_CAPABILITIES) &&
	    !(earlier->capabilities >> CAP_SYS_ADMIN & 1))
		return "has dropped sys_admin, which that takes";
	return NULL;
}

/* Why this cannot be done, or gives nothing, once the earlier phase is locked. */
static const char *undone(const struct steps *earlier, const struct step_item *item)
{
	if (gives_path(item))
		return undone_path(earlier, item);
	if (gives_port(item))
		return undone_port(earlier, item);
	if (item->word == STEP_ROOT || item->word == STEP_DETACH)
		return undone_move(earlier, item);
	if (item->word == STEP_CAPABILITIES && has(earlier, POLICYC_STEP_CAPABILITIES) &&
	    item->value & ~earlier->capabilities)
		return "has dropped one of them";
	if (item->word == STEP_LIMIT && lowered_limit(earlier, item))
		return "has lowered it, and a lock is never lifted";
	return NULL;
}

static void check_order(struct context *context, const struct phase *earlier,
			const struct phase *later)
{
	for (size_t i = 0; i < later->steps.count; i++) {
		const struct step_item *item = &later->steps.items[i];
		const char *why = item->idle ? NULL : undone(&earlier->steps, item);

		if (why && context->diagnostics->errors <= ERRORS_SHOWN)
			fail(context, item->place,
			     TEXT("'%s' cannot be had any more: phase '%s' %s", item->text,
				  earlier->name, why));
	}
}

void resolve_steps(struct context *context, struct policy *policy)
{
	unsigned errors = context->diagnostics->errors;

	for (size_t i = 0; i < policy->phase_count; i++) {
		struct phase *phase = &policy->phases[i];

		read_step_lines(context, phase);
		if (phase->steps.count > POLICYC_RULES_MAX)
			return;
		settle_items(&phase->steps);
		check_items(context, &phase->steps);
		collect_items(context, &phase->steps);
	}
	for (size_t i = 0; i < policy->phase_count && context->diagnostics->errors == errors; i++)
		for (size_t j = i + 1; j < policy->phase_count; j++)
			if (!(policy->phases[i].apart & 1u << j))
				check_order(context, &policy->phases[i], &policy->phases[j]);
}
