/* session.c - what the subcommands share; see sandboxctl.h. */
#include "sandboxctl.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void session_begin(struct session *session)
{
	memset(session, 0, sizeof(*session));
	session->diagnostics.arena = &session->arena;
	files_begin(&session->files, &session->arena);
	session->context =
		(struct context){ &session->arena, &session->diagnostics, &session->files.loader };
}

void session_report(struct session *session)
{
	fputs(diagnostics_text(&session->diagnostics), stderr);
	session->diagnostics = (struct diagnostics){ .arena = &session->arena };
}

void session_end(struct session *session)
{
	arena_free(&session->arena);
}

const struct source *session_policy(struct session *session, const char *name)
{
	struct nearest nearest;
	const char *why = NULL;
	const struct source *source = files_policy(&session->files, name, &why);

	if (source)
		return source;
	complain("%s: %s", name, why);
	if (strchr(name, '/') || strstr(name, ".policy"))
		return NULL;
	nearest_begin(&nearest, name);
	session->files.loader.nearest(&session->files.loader, SOURCE_POLICY, NULL, &nearest);
	if (nearest.best)
		fprintf(stderr, "  did you mean '%s'?\n", nearest.best);
	else
		fputs("  'sandboxctl list' shows those that there are\n", stderr);
	return NULL;
}

const struct policy *session_resolve(struct session *session, const char *name, enum arch arch)
{
	const struct source *source = session_policy(session, name);
	const struct policy *policy;

	if (!source)
		return NULL;
	policy = resolve_policy(&session->context, source, arch, NULL);
	if (!session->diagnostics.errors)
		return policy;
	session_report(session);
	return NULL;
}

bool has_phase(const struct policy *policy, const char *name)
{
	struct nearest nearest;

	if (!name)
		return true;
	nearest_begin(&nearest, name);
	for (size_t i = 0; i < policy->phase_count; i++) {
		if (!strcmp(policy->phases[i].name, name))
			return true;
		nearest_try(&nearest, policy->phases[i].name);
	}
	complain("%s has no phase '%s'", policy->name, name);
	if (nearest.best)
		fprintf(stderr, "  did you mean '%s'?\n", nearest.best);
	return false;
}

void complain(const char *format, ...)
{
	va_list arguments;

	fputs("sandboxctl: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}
