/* learned.c - what recordings are good for; see learned.h. */
#include "learned.h"

#include "beside.h"
#include "record/compose.h"
#include "record/cover.h"
#include "save.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool has_groups(struct session *session)
{
	if (resolve_group(&session->context, "dangerous", NULL, ARCH_NATIVE).count)
		return true;
	complain("the group @dangerous is not found: it is installed with the policies, or "
		 "SANDBOX_POLICY_PATH names its place");
	return false;
}

bool read_recordings(struct session *session, const char *const *paths, size_t count,
		     struct model *model)
{
	const struct source **known = arena_alloc(&session->arena, count + 1, sizeof(*known));

	model_begin(model, &session->arena);
	for (size_t i = 0; i < count; i++) {
		const char *path = paths[i], *why = NULL;
		const struct source *source = files_text(&session->files, path, &why);
		bool again = false;

		for (size_t j = 0; j < i; j++)
			again |= source && known[j] == source;
		known[i] = source;
		if (again) /* the same file is the same source */
			continue;

		model->partial.source = NULL;
		if (!source) {
			complain("%s: %s", path, why);
			return false;
		}
		if (!model_read(&session->context, model, source)) {
			session_report(session);
			return false;
		}
		if (model->partial.source)
			complain("%s:%u: the last line is not whole and left out: the recorder was "
				 "killed, or the disk was full",
				 path, model->partial.line);
	}
	return true;
}

/* Every phase's trigger must have been met, or there is nothing to write about it. */
static bool has_fired(const struct model *model)
{
	const struct run *run = &model->runs[model->run_count - 1];
	const char *missing = NULL;

	for (size_t i = 0; i < run->trigger_count; i++)
		if (!model_phase(model, run->triggers[i].phase))
			missing = run->triggers[i].text;
	if (!model->fired_count)
		complain("the trigger '%s' was never met, so there is no policy: name "
			 "another with --trigger ('sandboxctl triggers' finds one); or the library "
			 "was not "
			 "in the process ('sandboxctl run --require-lock' says why)",
			 missing ? missing : "?");
	else if (missing)
		complain("the trigger '%s' was never met: the policy lacks its phase", missing);
	return model->fired_count;
}

/* The policy as it is in memory, and what it does with all that was seen. */
static bool allows_all(struct session *session, const struct model *model, const char *program,
		       const struct policy *policy)
{
	struct coverage coverage = cover(&session->context, model, program, policy);

	return !coverage.missed;
}

static bool has_rights(const struct policy *policy)
{
	for (size_t i = 0; i < policy->phase_count; i++)
		if (policy->phases[i].steps.steps & (POLICYC_STEP_FILES | POLICYC_STEP_PORTS))
			return true;
	return false;
}

/* A file that is there already and needs no change. */
static bool is_covered(struct session *session, const struct model *model,
		       const struct learned *learned, const char *program)
{
	const char *path = learned->output;
	const struct policy *policy;
	const struct source *source;
	const char *why = NULL;

	if (access(path, F_OK) || !(source = files_policy(&session->files, path, &why)))
		return false;
	policy = resolve_policy(&session->context, source, ARCH_NATIVE, NULL);
	if (session->context.diagnostics->errors) {
		session->diagnostics = (struct diagnostics){ .arena = &session->arena };
		return false;
	}
	return !(model_prewarms(model) & ~policy->prewarm) &&
	       (!learned->landlock || has_rights(policy)) &&
	       allows_all(session, model, program, policy);
}

/* --- files that a person may have changed ----------------------------------------------------- */

static const char stamp[] = "# rules ";

/* Of all that counts: comments and blanks left out. */
static uint64_t hash_rules(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325ull;

	while (*text) {
		if (*text == '#')
			text += strcspn(text, "\n");
		else if (!strchr(" \t\r\n", *text))
			hash = (hash ^ (unsigned char)*text++) * 0x100000001b3ull;
		else
			text++;
	}
	return hash;
}

static const char *with_stamp(struct session *session, const char *text)
{
	const char *end = strchr(text, '\n'); /* behind the first line */

	return arena_printf(&session->arena, "%.*s\n%s%016llx%s", (int)(end - text), text, stamp,
			    (unsigned long long)hash_rules(text), end);
}

static bool is_ours(const struct source *source)
{
	const char *line = strstr(source->text, stamp);

	return line && strtoull(line + strlen(stamp), NULL, 16) == hash_rules(source->text);
}

/* Where to write: not over what somebody wrote. */
static const char *place_for(struct session *session, const char *path)
{
	const char *why = NULL;
	const struct source *source =
		access(path, F_OK) ? NULL : files_policy(&session->files, path, &why);

	if (access(path, F_OK) || (source && is_ours(source)))
		return path;
	complain("%s was not written by 'sandboxctl learn', or changed since: the new policy is "
		 "%s.learned",
		 path, path);
	return arena_printf(&session->arena, "%s.learned", path);
}

static bool prove(struct session *session, const struct model *model, const char *program,
		  const char *path, const char *text)
{
	struct compiled compiled;

	if (!build_policy(&session->context, text_source(&session->arena, path, text), ARCH_NATIVE,
			  NULL, &compiled)) {
		session_report(session);
		complain("the policy that was written does not compile: please report it");
		return false;
	}
	if (allows_all(session, model, program, compiled.policy))
		return true;
	complain("the policy that was written denies what was seen: please report it");
	return false;
}

static const char *compiled_path(struct session *session, const char *output)
{
	const struct source source = { .name = output };
	const char *path = beside_path(session, &source), *slash = strrchr(path, '/');

	return arena_printf(&session->arena, "%s/%s", beside_directory(session, path),
			    slash ? slash + 1 : path);
}

bool write_learned(struct session *session, const struct learned *learned)
{
	struct compose compose = { .exact = learned->exact, .landlock = learned->landlock };
	struct model model;
	const char *text, *path;

	if (!read_recordings(session, learned->recordings, learned->recording_count, &model) ||
	    !has_fired(&model))
		return false;
	compose.program = model_program(&model);
	compose.compiled = compiled_path(session, learned->output);
	compose.recording = learned->recordings[learned->recording_count - 1];
	if (is_covered(session, &model, learned, compose.program)) {
		if (!learned->quiet)
			complain("%s allows all that was seen: it stays as it is", learned->output);
		return true;
	}
	text = with_stamp(session, compose_policy(&session->context, &model, &compose));
	if (!prove(session, &model, compose.program, learned->output, text))
		return false;
	path = place_for(session, learned->output);
	if (!save_file(&session->arena, path, text, strlen(text)))
		return false;
	if (!learned->quiet)
		complain("%s is written: read it through, then try it: sandboxctl run -p %s -- %s",
			 path,
			 strchr(path, '/') ? path : arena_printf(&session->arena, "./%s", path),
			 compose.program);
	return true;
}

/* --- against a policy ------------------------------------------------------------------------- */

static void print_denied_call(struct arena *arena, const struct denied *denied)
{
	const struct sighting *sighting = denied->call;

	printf("  %s: %llu time%s%s%s%s\n", call_text(arena, sighting->number, &sighting->cube),
	       (unsigned long long)sighting->count, sighting->count == 1 ? "" : "s",
	       sighting->caller_count ? ", from " : "",
	       sighting->caller_count ? sighting->callers[0] : "",
	       denied->perhaps ? ", for some values of what was not recorded" : "");
	printf("    %s: %s\n", action_text(arena, denied->verdict.action),
	       verdict_reason(arena, denied->phase, denied->verdict));
}

static void print_denied_step(struct arena *arena, const struct denied *denied)
{
	printf("  %s: %llu time%s%s\n", denied->question,
	       (unsigned long long)denied->sighting->count, denied->sighting->count == 1 ? "" : "s",
	       denied->perhaps ? ", where the kernel can" : "");
	if (denied->by)
		printf("    %s:%u: %s\n", denied->by->place.source->name, denied->by->place.line,
		       line_text(arena, denied->by->place));
	else
		puts("    no line gives it");
}

/* Those that the policy lacks, or those that it answers with an error on purpose; false: none. */
static bool print_denied(struct arena *arena, const struct coverage *coverage,
			 const struct phase *phase, bool on_purpose)
{
	bool any = false;

	for (size_t i = 0; i < coverage->denied_count; i++) {
		const struct denied *denied = &coverage->denied[i];

		if (denied->phase != phase || denied->on_purpose != on_purpose)
			continue;
		if (!any)
			printf("phase %s %s:\n", phase->name,
			       on_purpose ? "would have answered with the error of its line"
					  : "would have denied");
		any = true;
		if (denied->question)
			print_denied_step(arena, denied);
		else
			print_denied_call(arena, denied);
	}
	return any;
}

static void print_unused(const struct coverage *coverage, const struct phase *phase)
{
	const char *last = NULL;

	for (size_t i = 0; i < coverage->unused_count; i++) {
		struct place place = coverage->unused[i].place;

		if (coverage->unused[i].phase != phase)
			continue;
		if (!last)
			printf("phase %s gives what was not used:", phase->name);
		if (last != place.start)
			printf("\n  %s:%u:", place.source->name, place.line);
		last = place.start;
		printf(" %.*s", (int)place.length, place.start + place.column - 1);
	}
	if (last)
		putchar('\n');
}

int check_learned(struct session *session, const struct learned *learned, int status)
{
	const struct policy *policy = session_resolve(session, learned->check, ARCH_NATIVE);
	struct coverage coverage;
	struct model model;

	if (!policy ||
	    !read_recordings(session, learned->recordings, learned->recording_count, &model) ||
	    !has_fired(&model))
		return EXIT_SETUP;
	coverage = cover(&session->context, &model, model_program(&model), policy);
	for (size_t i = 0; i < policy->phase_count; i++) {
		const struct phase *phase = &policy->phases[i];

		if (!model_phase(&model, phase->name)) {
			printf("phase %s was never met\n", phase->name);
			continue;
		}
		if (!print_denied(&session->arena, &coverage, phase, false))
			printf("phase %s would have denied nothing\n", phase->name);
		print_denied(&session->arena, &coverage, phase, true);
		print_unused(&coverage, phase);
	}
	return coverage.missed ? EXIT_POLICY : status;
}

void tell_run(const struct watch *watch)
{
	const struct recorder *recorder = &watch->recorder;
	struct arena arena = { 0 };

	complain("%llu calls of %u process%s in %.1f s, ended by %s",
		 (unsigned long long)recorder->sightings.total, recorder->processes.started,
		 recorder->processes.started == 1 ? "" : "es", recording_seconds(&watch->recording),
		 status_text(&arena, watch->status));
	arena_free(&arena);
}
