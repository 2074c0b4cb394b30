/* lint.c - what is right but not wise in a policy; see build.h. */
#include "build.h"

#include "needs.h"
#include "stack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { SUSPECTS_NAMED = 3, REVIEW_YEARS = 2, DATE_LENGTH = 10 };

/* Dangerous calls that one word of the text allows. */
struct suspect {
	struct place place;
	const char *names;
	size_t count;
};

struct linter {
	struct context *context;
	const struct policy *policy;
	struct diagram diagram;
	struct numbers dangerous;
	struct suspect *suspects;
	size_t suspect_count;
};

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

/* What can come of a call that has these bits in the argument. */
static struct outcomes ask_about(struct linter *linter, const struct phase *phase, const char *call,
				 unsigned slot, uint64_t bits)
{
	struct cube given = { 0 };

	given.mask[slot] = bits;
	given.value[slot] = bits;
	return find_outcomes(linter->context, &linter->diagram, linter->policy, phase,
			     (uint32_t)names_syscall(call)->number[linter->policy->arch], &given);
}

static void lint_exit(struct context *context, const struct policy *policy,
		      const struct phase *phase)
{
	static const uint64_t none[ARGUMENTS];
	uint32_t number = (uint32_t)names_syscall("exit_group")->number[policy->arch];
	struct verdict verdict = evaluate(policy, phase, arches[policy->arch].audit, number, none);

	if (!is_allowed(verdict.action))
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

static void lint_clone(struct linter *linter, const struct phase *phase)
{
	enum arch arch = linter->policy->arch;
	const struct call *call = find_call(phase, (uint32_t)names_syscall("clone")->number[arch]);
	struct outcomes outcomes;

	if (!call || !tests_arguments(call))
		return;
	outcomes = ask_about(linter, phase, "clone3", 0, 0);
	for (size_t i = 0; i < outcomes.count; i++) {
		struct verdict verdict = outcomes.list[i].verdict;

		if (!is_allowed(verdict.action))
			continue;
		warn(linter->context, verdict_place(phase, verdict),
		     "clone3 is allowed, so the tests on clone's flags can be walked around")
			->hint = "write 'errno ENOSYS clone3': programs then use clone";
		return;
	}
}

/* --- lines that need a reason ----------------------------------------------------------------- */

/* A comment in which something stands. */
static bool says_why(const char *comment, const char *end)
{
	while (comment < end && strchr("# \t\r\n", *comment))
		comment++;
	return comment < end;
}

static bool is_comment(const char *start, const char *end)
{
	while (start < end && (*start == ' ' || *start == '\t'))
		start++;
	return start < end && *start == '#' && says_why(start, end);
}

bool has_reason(struct place place)
{
	const char *text = place.source->text, *end = text + place.source->size;
	const char *newline = memchr(place.start, '\n', (size_t)(end - place.start));
	const char *above = place.start, *comment;

	if (newline)
		end = newline;
	comment = memchr(place.start, '#', (size_t)(end - place.start));
	if (comment && says_why(comment, end))
		return true;
	if (above == text)
		return false;
	for (above--; above > text && above[-1] != '\n';)
		above--;
	return is_comment(above, place.start);
}

const char reason_hint[] = "if it must be, say why in a comment on this line or above it";

static bool is_dangerous(const struct linter *linter, uint32_t number)
{
	for (size_t i = 0; i < linter->dangerous.count; i++)
		if (linter->dangerous.list[i] == number)
			return true;
	return false;
}

/* A group is one word: what it brings in is said together. */
static void add_suspect(struct linter *linter, const struct call *call,
			const struct decision *decision)
{
	struct suspect *suspect = NULL;

	for (size_t i = 0; i < linter->suspect_count; i++)
		if (linter->suspects[i].place.start == decision->place.start &&
		    linter->suspects[i].place.column == decision->place.column)
			suspect = &linter->suspects[i];
	if (!suspect) {
		suspect =
			ARENA_PUSH(linter->context->arena, linter->suspects, linter->suspect_count);
		*suspect = (struct suspect){ .place = decision->place, .names = "" };
	}
	if (suspect->count++ < SUSPECTS_NAMED)
		suspect->names = arena_printf(linter->context->arena, "%s%s%s", suspect->names,
					      suspect->count > 1 ? ", " : "", call->name->name);
}

static void lint_dangerous(struct linter *linter, const struct phase *phase)
{
	struct arena *arena = linter->context->arena;

	linter->suspect_count = 0;
	for (size_t i = 0; i < phase->call_count; i++) {
		const struct call *call = &phase->calls[i];

		for (size_t j = 0; j < call->count; j++)
			if (call->list[j].origin == ORIGIN_TEXT && call->list[j].decided &&
			    is_allowed(call->list[j].action) && call->name &&
			    is_dangerous(linter, call->number) && !has_reason(call->list[j].place))
				add_suspect(linter, call, &call->list[j]);
	}
	for (size_t i = 0; i < linter->suspect_count; i++) {
		const struct suspect *suspect = &linter->suspects[i];
		size_t more = suspect->count - 1;
		const char *others = "";

		if (suspect->count > SUSPECTS_NAMED)
			others = arena_printf(arena, " and %zu more",
					      suspect->count - SUSPECTS_NAMED);
		warn(linter->context, suspect->place,
		     arena_printf(arena, "%s%s: allowed without a reason, and @dangerous lists %s",
				  suspect->names, others, more ? "them" : "it"))
			->hint = reason_hint;
	}
}

/* --- memory that can be written and executed -------------------------------------------------- */

static const struct {
	const char *call;
	uint64_t prot;
	const char *problem;
} executable[] = {
	{ "mmap", PROT_WRITE | PROT_EXEC,
	  "mmap may make memory that can be written and executed at once" },
	{ "mprotect", PROT_EXEC, "mprotect may make memory executable that was written before" },
	{ "pkey_mprotect", PROT_EXEC,
	  "pkey_mprotect may make memory executable that was written before" },
};

static void lint_executable(struct linter *linter, const struct phase *phase)
{
	for (size_t i = 0; i < sizeof(executable) / sizeof(executable[0]); i++) {
		struct outcomes outcomes =
			ask_about(linter, phase, executable[i].call, 2, executable[i].prot);

		for (size_t j = 0; j < outcomes.count; j++) {
			const struct verdict *verdict = &outcomes.list[j].verdict;

			if (!is_allowed(verdict->action) || !verdict->decision ||
			    verdict->decision->origin != ORIGIN_TEXT ||
			    has_reason(verdict->decision->place))
				continue;
			warn(linter->context, verdict->decision->place, executable[i].problem)
				->hint = "write 'where not prot has PROT_EXEC'; if it must be, say "
					 "why in a comment on this line or above it";
		}
	}
}

/* --- calls made all the time ------------------------------------------------------------------ */

static void lint_hot(struct context *context, const struct call *call)
{
	for (size_t i = 0; call->name && i < sizeof(hot) / sizeof(hot[0]); i++) {
		if (strcmp(hot[i], call->name->name))
			continue;
		for (size_t j = 0; j < call->count; j++)
			if (call->list[j].origin == ORIGIN_TEXT && call->list[j].condition &&
			    !has_reason(call->list[j].place))
				warn(context, call->list[j].place,
				     arena_printf(context->arena,
						  "a test on %s makes every %s slower: without one "
						  "the kernel decides by the number alone",
						  hot[i], hot[i]));
	}
}

/* libc blocks all signals around these, in pthread_create and posix_spawn: the report's too. */
static const char *const deaf[] = { "clone", "clone3", "execve", "execveat" };

static void lint_deaf(struct context *context, const struct call *call)
{
	for (size_t i = 0; call->name && i < sizeof(deaf) / sizeof(deaf[0]); i++) {
		if (strcmp(deaf[i], call->name->name))
			continue;
		for (size_t j = 0; j < call->count; j++) {
			const struct decision *decision = &call->list[j];

			if (decision->origin == ORIGIN_TEXT && decision->decided &&
			    !has_reason(decision->place) &&
			    (decision->action.kind == ACTION_TRAP ||
			     decision->action.kind == ACTION_TRAP_ERRNO))
				warn(context, decision->place,
				     arena_printf(context->arena,
						  "'%s' of %s may kill without a report: libc "
						  "blocks the signal while it starts threads and "
						  "programs",
						  action_text(context->arena, decision->action),
						  deaf[i]))
					->hint = "write 'errno' with an error, ENOSYS for clone3, "
						 "and the program goes on; if it must be, say why "
						 "in a comment on this line or above it";
		}
	}
}

/* A line that leaves this one nothing, or has a part in it: one that always holds if there is one,
 * else the strictest. */
static const struct decision *who_decides(const struct call *call, const struct decision *idle)
{
	const struct decision *best = NULL;

	for (size_t i = 0; i < call->count; i++) {
		const struct decision *other = &call->list[i];

		if (other == idle || other->origin != ORIGIN_TEXT || !other->decided ||
		    other->action.kind < idle->action.kind)
			continue;
		if (!best || (best->condition &&
			      (!other->condition || other->action.kind > best->action.kind)))
			best = other;
	}
	return best;
}

/* Lines that name a call and decide nothing about it: somebody thought that they do. */
static void lint_dead(struct context *context, const struct call *call)
{
	for (size_t i = 0; i < call->count; i++) {
		const struct decision *decision = &call->list[i], *other;

		if (decision->origin != ORIGIN_TEXT || decision->decided ||
		    (!decision->named && !decision->condition))
			continue;
		other = who_decides(call, decision);
		warn(context, decision->place,
		     arena_printf(context->arena,
				  "'%s' decides nothing about %s here: other lines decide every "
				  "case%s%s",
				  action_text(context->arena, decision->action),
				  call->name ? call->name->name : "this number",
				  other ? ", as at " : "",
				  other ? place_text(context->arena, other->place) : ""))
			->hint = "what is stricter wins whatever the order; 'override' replaces "
				 "earlier lines";
	}
}

/* A deny list on top of another phase is right; who takes it for a new start is wrong. */
static void lint_stack(struct context *context, const struct policy *policy)
{
	struct clashes clashes = find_clashes(context, policy);

	for (size_t i = 0; i < clashes.count; i++) {
		const struct clash *clash = &clashes.list[i];

		if (clash->by_default && !has_reason(clash->places[LATER]))
			warn(context, clash->places[LATER], clash_text(context->arena, clash))
				->hint = "if this phase only takes more away, say so in a comment "
					 "on this line or above it";
	}
}

/* A question without an answer looks like one that nothing is wrong with. */
static void lint_unanswered(const struct linter *linter)
{
	const struct diagram *diagram = &linter->diagram;

	if (diagram->gave_up || diagram->too_large)
		warn(linter->context, linter->policy->phases[0].place,
		     "some conditions of this policy are too intricate: not all that could be "
		     "wrong was looked for");
}

void lint_policy(struct context *context, const struct compiled *compiled)
{
	const struct policy *policy = compiled->policy;
	struct linter *linter = ARENA_NEW(context->arena, struct linter);

	linter->context = context;
	linter->policy = policy;
	linter->dangerous = resolve_group(context, "dangerous", policy->source, policy->arch);
	diagram_begin(&linter->diagram, context->arena);
	lint_stack(context, policy);
	lint_needs(context, policy);
	lint_steps(context, policy);
	for (size_t i = 0; i < policy->phase_count; i++) {
		const struct phase *phase = &policy->phases[i];

		lint_exit(context, policy, phase);
		lint_clone(linter, phase);
		lint_dangerous(linter, phase);
		lint_executable(linter, phase);
		lint_around(context, &linter->diagram, policy, phase);
		lint_undone(context, &linter->diagram, policy, phase);
		lint_tests(context, phase);
		lint_open(context, &linter->diagram, policy, phase);
		for (size_t j = 0; j < phase->call_count; j++) {
			lint_hot(context, &phase->calls[j]);
			lint_deaf(context, &phase->calls[j]);
			lint_dead(context, &phase->calls[j]);
		}
	}
	lint_unanswered(linter);
}

/* --- groups that nobody looks after ----------------------------------------------------------- */

static void lint_date(struct context *context, const struct source *source, const char *limit)
{
	struct diagnostics ignored = { .arena = context->arena };
	const struct syntax *text = parse_group(context->arena, &ignored, source);

	for (size_t i = 0; i < text->count; i++) {
		const struct words *words = &text->list[i].words;

		if (text->list[i].kind == STATEMENT_GROUP && strcmp(words->list[0].text, limit) < 0)
			warn(context, words->list[0].place,
			     arena_printf(context->arena,
					  "this group was reviewed more than %d years ago: newer "
					  "calls may be missing",
					  REVIEW_YEARS))
				->hint = "look through it again and write today's date";
	}
}

void lint_dates(struct context *context, const struct compiled *compiled, const char *today)
{
	const struct policy *policy = compiled->policy;
	static const char suffix[] = ".group";
	char limit[sizeof("-9223372036854775808-01-31")];

	snprintf(limit, sizeof(limit), "%04ld%s", strtol(today, NULL, 10) - REVIEW_YEARS,
		 strlen(today) == DATE_LENGTH ? today + 4 : "");
	for (size_t i = 0; i < policy->source_count; i++) {
		const char *name = policy->sources[i]->name;
		size_t length = strlen(name), end = strlen(suffix);

		if (length > end && !strcmp(name + length - end, suffix))
			lint_date(context, policy->sources[i], limit);
	}
}
