/* lint.c - what is right but not wise in a policy; see build.h. */
#include "build.h"

#include <errno.h>
#include <string.h>

/* Called so often that the kernel's shortcut for calls allowed by number alone is worth having. */
static const char *const hot[] = {
	"read",	  "write",	"readv",       "writev",   "pread64", "pwrite64",
	"sendto", "sendmsg",	"sendmmsg",    "recvfrom", "recvmsg", "recvmmsg",
	"futex",  "epoll_wait", "epoll_pwait", "poll",	   "ppoll",   "clock_gettime",
};

static struct diagnostic *warn(struct context *context, struct place place, const char *message)
{
	return diagnose(context->diagnostics, WARNING, place, "%s", message);
}

static bool is_permission(enum action_kind kind)
{
	return kind == ACTION_ALLOW || kind == ACTION_LOG;
}

static void lint_exit(struct context *context, const struct policy *policy,
		      const struct phase *phase)
{
	static const uint64_t none[ARGUMENTS];
	uint32_t number = (uint32_t)names_syscall("exit_group")->number[policy->arch];
	struct verdict verdict = evaluate(policy, phase, arches[policy->arch].audit, number, none);

	if (!is_permission(verdict.action.kind))
		warn(context, phase->place,
		     arena_printf(context->arena,
				  "phase '%s' does not allow exit_group: the program cannot end "
				  "properly",
				  phase->name));
}

static bool tests_arguments(const struct call *call)
{
	for (size_t i = 0; i < call->count; i++)
		if (call->list[i].origin == ORIGIN_TEXT && call->list[i].condition)
			return true;
	return false;
}

static void lint_clone(struct context *context, const struct policy *policy,
		       const struct phase *phase)
{
	static const uint64_t none[ARGUMENTS];
	uint32_t clone = (uint32_t)names_syscall("clone")->number[policy->arch];
	uint32_t clone3 = (uint32_t)names_syscall("clone3")->number[policy->arch];
	const struct call *call = find_call(phase, clone);
	struct verdict verdict = evaluate(policy, phase, arches[policy->arch].audit, clone3, none);

	if (!call || !tests_arguments(call) || !is_permission(verdict.action.kind))
		return;
	warn(context, verdict.decision ? verdict.decision->place : phase->place,
	     "clone3 is allowed, so the tests on clone's flags can be walked around")
		->hint = "write 'errno ENOSYS clone3': programs then use clone";
}

static void lint_hot(struct context *context, const struct call *call)
{
	for (size_t i = 0; call->name && i < sizeof(hot) / sizeof(hot[0]); i++) {
		if (strcmp(hot[i], call->name->name))
			continue;
		for (size_t j = 0; j < call->count; j++)
			if (call->list[j].origin == ORIGIN_TEXT && call->list[j].condition)
				warn(context, call->list[j].place,
				     arena_printf(context->arena,
						  "a test on %s makes every %s slower: without one "
						  "the kernel decides by the number alone",
						  hot[i], hot[i]));
	}
}

/* Lines that name a call and decide nothing about it: somebody thought that they do. */
static void lint_dead(struct context *context, const struct call *call)
{
	for (size_t i = 0; i < call->count; i++) {
		const struct decision *decision = &call->list[i];

		if (decision->origin != ORIGIN_TEXT || decision->decided ||
		    (!decision->named && !decision->condition))
			continue;
		warn(context, decision->place,
		     arena_printf(
			     context->arena,
			     "'%s' decides nothing about %s here: other lines decide every case",
			     action_text(context->arena, decision->action),
			     call->name ? call->name->name : "this number"))
			->hint = "what is stricter wins whatever the order; 'override' replaces "
				 "earlier lines";
	}
}

void lint_policy(struct context *context, const struct compiled *compiled)
{
	const struct policy *policy = compiled->policy;

	for (size_t i = 0; i < policy->phase_count; i++) {
		const struct phase *phase = &policy->phases[i];

		lint_exit(context, policy, phase);
		lint_clone(context, policy, phase);
		for (size_t j = 0; j < phase->call_count; j++) {
			lint_hot(context, &phase->calls[j]);
			lint_dead(context, &phase->calls[j]);
		}
	}
}
