/* learned.c - from recordings to a policy file; see learned.h. */
#include "learned.h"

#include "record/compose.h"
#include "record/cover.h"
#include "save.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool read_recordings(struct session *session, const struct learned *learned,
			    struct model *model)
{
	const struct source **known =
		arena_alloc(&session->arena, learned->recording_count + 1, sizeof(*known));

	model_begin(model, &session->arena);
	for (size_t i = 0; i < learned->recording_count; i++) {
		const char *path = learned->recordings[i], *why = NULL;
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
			 "another with --trigger, see sandbox-policy(5)",
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

	return !coverage.denied_count;
}

/* A file that is there already and needs no change. */
static bool is_covered(struct session *session, const struct model *model, const char *program,
		       const char *path)
{
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
	return allows_all(session, model, program, policy);
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

bool write_learned(struct session *session, const struct learned *learned)
{
	struct compose compose = { .exact = learned->exact };
	struct model model;
	const char *text, *path;

	if (!read_recordings(session, learned, &model) || !has_fired(&model))
		return false;
	compose.program = model_program(&model);
	compose.recording = learned->recordings[learned->recording_count - 1];
	if (is_covered(session, &model, compose.program, learned->output)) {
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
