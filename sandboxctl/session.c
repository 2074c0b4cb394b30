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
	if (strchr(name, '/'))
		return NULL;
	nearest_begin(&nearest, name);
	session->files.loader.nearest(&session->files.loader, SOURCE_POLICY, NULL, &nearest);
	if (nearest.best)
		fprintf(stderr, "  did you mean '%s'?\n", nearest.best);
	else
		fputs("  'sandboxctl list' shows those that there are\n", stderr);
	return NULL;
}

bool read_arch(const char *text, enum arch *arch)
{
	static const struct {
		const char *name;
		enum arch arch;
	} names[] = {
		{ "x86_64", ARCH_X86_64 },   { "x86-64", ARCH_X86_64 }, { "amd64", ARCH_X86_64 },
		{ "aarch64", ARCH_AARCH64 }, { "arm64", ARCH_AARCH64 },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(text, names[i].name)) {
			*arch = names[i].arch;
			return true;
		}
	}
	complain("--arch %s: only x86_64 and aarch64 are known", text);
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

int usage_error(const char *command)
{
	fprintf(stderr, "Try 'sandboxctl %s --help'.\n", command);
	return EXIT_USAGE;
}
