/* build.c - from a text to proven filters; see build.h. */
#include "build.h"

#include "needs.h"
#include "stack.h"

static bool is_always_made(struct context *context, const struct policy *policy,
			   const struct phase *phase, const char *name)
{
	uint32_t number = (uint32_t)names_syscall(name)->number[policy->arch];
	struct lowered_call lowered;

	for (size_t i = 0; i < phase->call_count; i++)
		if (phase->calls[i].number == number) {
			find_regions(context, policy, phase, &phase->calls[i], &lowered);
			return always_allowed(&lowered);
		}
	return phase->otherwise.action.kind == ACTION_ALLOW ||
	       phase->otherwise.action.kind == ACTION_LOG;
}

/* Verification has done so, except where it is a sample. */
static void mark_decisions(struct context *context, const struct policy *policy,
			   const struct phase *phase)
{
	struct lowered_call lowered;

	for (size_t i = 0; i < phase->call_count; i++)
		if (!phase->calls[i].proven)
			find_regions(context, policy, phase, &phase->calls[i], &lowered);
}

bool build_policy(struct context *context, const struct source *source, enum arch arch,
		  const struct source *trigger, struct compiled *compiled)
{
	struct policy *policy = resolve_policy(context, source, arch, trigger);

	*compiled = (struct compiled){ .policy = policy };
	if (context->diagnostics->errors)
		return false;
	compare_phases(context, policy);
	refuse_denied_needs(context, policy);
	for (size_t i = 0; i < policy->phase_count; i++) {
		const struct phase *phase = &policy->phases[i];
		struct program *program = &compiled->phases[i].program;

		if (!lower_phase(context, policy, phase, program) ||
		    !verify_phase(context, policy, phase, program, &compiled->verified))
			continue;
		mark_decisions(context, policy, phase);
		compiled->phases[i].writes = is_always_made(context, policy, phase, "write");
		compiled->phases[i].looks = is_always_made(context, policy, phase, "fstat");
		compiled->phases[i].rings =
			is_always_made(context, policy, phase, "io_uring_enter");
	}
	return !context->diagnostics->errors;
}
