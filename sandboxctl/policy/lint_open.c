/* lint_open.c - files that are opened to be read only, or so it seems; see build.h.
 *
 * What it does: warns where a phase denies opening for writing by a test on the access mode, and
 * leaves what writes all the same: a file is made, or emptied, with O_RDONLY, too.
 * What it must not do: mind phases with lines about files: Landlock sees what is opened.
 */
#include "bind.h"
#include "build.h"
#include "outcome.h"

#include <fcntl.h>

static const char *const opens[] = { "openat", "open", "open_by_handle_at" };

static const struct way {
	const char *text;
	uint64_t mask, value;
} ways[] = {
	{ "O_RDWR", O_ACCMODE, O_RDWR },
	{ "O_RDONLY|O_CREAT", O_ACCMODE | O_CREAT, O_RDONLY | O_CREAT },
	{ "O_RDONLY|O_TRUNC", O_ACCMODE | O_TRUNC, O_RDONLY | O_TRUNC },
};

struct opening {
	struct context *context;
	struct diagram *diagram;
	const struct policy *policy;
	const struct phase *phase;
	const char *call;
};

#define TEXT(...) arena_printf(opening->context->arena, __VA_ARGS__)

static struct outcomes ask(const struct opening *opening, uint64_t mask, uint64_t value)
{
	const struct syscall_name *name = names_syscall(opening->call);
	int slot = find_argument(name, "flags"), number = name->number[opening->policy->arch];
	struct cube given = { 0 };

	if (number < 0)
		return (struct outcomes){ 0 };
	given.mask[slot] = mask;
	given.value[slot] = value;
	return find_outcomes(opening->context, opening->diagram, opening->policy, opening->phase,
			     (uint32_t)number, &given);
}

/* What the text or the default lets through, or NULL. */
static const struct verdict *what_allows(const struct outcomes *outcomes)
{
	for (size_t i = 0; i < outcomes->count; i++) {
		const struct verdict *verdict = &outcomes->list[i].verdict;

		if (is_allowed(verdict->action) &&
		    (!verdict->decision || verdict->decision->origin == ORIGIN_TEXT))
			return verdict;
	}
	return NULL;
}

/* Where it is denied to open for writing: a place without a source when it is not. */
static struct place denied_at(const struct opening *opening)
{
	struct outcomes outcomes = ask(opening, O_ACCMODE, O_WRONLY);

	if (!outcomes.count || what_allows(&outcomes))
		return (struct place){ 0 };
	return verdict_place(opening->phase, outcomes.list[0].verdict);
}

static void lint_call(const struct opening *opening)
{
	struct place denied = denied_at(opening), place = { 0 };
	const char *names = "";

	for (size_t i = 0; denied.source && i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct outcomes outcomes = ask(opening, ways[i].mask, ways[i].value);
		const struct verdict *verdict = what_allows(&outcomes);
		struct place at;

		if (!verdict)
			continue;
		at = verdict->decision ? verdict->decision->place : denied;
		if (has_reason(at))
			continue;
		if (!*names)
			place = at;
		names = TEXT("%s%s%s", names, *names ? ", " : "", ways[i].text);
	}
	if (*names)
		diagnose(opening->context->diagnostics, WARNING, place,
			 "%s with O_WRONLY is denied, and what writes all the same is not: %s",
			 opening->call, names)
			->hint = "test 'flags & (O_ACCMODE|O_CREAT|O_TRUNC)'; if it must be, say "
				 "why in a comment on this line or above it";
}

void lint_open(struct context *context, struct diagram *diagram, const struct policy *policy,
	       const struct phase *phase)
{
	if (phase->steps.steps & ~phase->steps.optional & POLICYC_STEP_FILES)
		return;
	for (size_t i = 0; i < sizeof(opens) / sizeof(opens[0]); i++)
		lint_call(&(struct opening){ context, diagram, policy, phase, opens[i] });
}
