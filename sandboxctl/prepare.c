/* prepare.c - a program made ready to be recorded or watched; see prepare.h. */
#include "prepare.h"

#include "save.h"

#include "policy/write.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The first call that blocks: it comes in every server, if not always at the best moment. */
static const char default_trigger[] = "wait";

static bool make_directory(struct session *session, struct preparation *preparation)
{
	const char *path = temporary_directory(&session->arena);

	if (!path)
		return false;
	preparation->directory = path;
	preparation->text = arena_printf(&session->arena, "%s/learn.policy", path);
	preparation->compiled = arena_printf(&session->arena, "%s/learn.policyc", path);
	preparation->recording = arena_printf(&session->arena, "%s/learn.recording", path);
	return true;
}

/* A policy of one phase, in every program: which one it is for shows when it is met. What libc puts
 * off is done before: a policy that is learned from this has it done, too. */
static const struct source *trigger_policy(struct session *session,
					   const struct preparation *preparation)
{
	const char *trigger = preparation->trigger ? preparation->trigger : default_trigger;
	const char *text = preparation->body;

	if (!text)
		text = arena_printf(&session->arena,
				    "policy 1\nprewarm unwinder time-zone\nphase serving\n  "
				    "trigger %s\n  default allow\n",
				    trigger);
	if (!save_file(&session->arena, preparation->text, text, strlen(text)))
		return NULL;
	return session_policy(session, preparation->text);
}

/* --- the policy that names the program -------------------------------------------------------- */

static bool names(const struct syntax *syntax, const char *program)
{
	const char *slash = strrchr(program, '/'), *name = slash ? slash + 1 : program;

	for (size_t i = 0; i < syntax->count; i++) {
		const struct statement *statement = &syntax->list[i];

		for (size_t j = 0;
		     statement->kind == STATEMENT_PROGRAM && j < statement->words.count; j++) {
			const char *word = statement->words.list[j].text;

			if (!strcmp(word, strchr(word, '/') ? program : name))
				return true;
		}
	}
	return false;
}

static const char *naming_in(struct session *session, const char *directory, const char *program)
{
	static const char suffix[] = ".policy";
	struct diagnostics ignored = { .arena = &session->arena };
	DIR *stream = opendir(directory);
	const char *found = NULL, *path, *why;
	struct dirent *entry;

	while (stream && !found && (entry = readdir(stream))) {
		size_t length = strlen(entry->d_name), end = strlen(suffix);
		const struct source *source;

		if (length <= end || strcmp(entry->d_name + length - end, suffix) != 0)
			continue;
		path = arena_printf(&session->arena, "%s/%s", directory, entry->d_name);
		source = files_policy(&session->files, path, &why);
		if (source && names(parse_policy(&session->arena, &ignored, source), program))
			found = path;
	}
	if (stream)
		closedir(stream);
	return found;
}

/* As the library chooses it. */
static const char *find_naming(struct session *session, const char *program)
{
	const char *found = NULL;

	for (size_t i = 0; i < session->files.directory_count && !found; i++)
		found = naming_in(session, session->files.directories[i], program);
	return found;
}

/* --- all together ----------------------------------------------------------------------------- */

static bool compile(struct session *session, struct preparation *preparation)
{
	const struct source *source, *trigger = NULL;
	struct compiled compiled;
	struct image image;
	bool good;

	if (!preparation->policy && !preparation->trigger && !preparation->body)
		preparation->policy = find_naming(session, preparation->program);
	source = preparation->policy ? session_policy(session, preparation->policy)
				     : trigger_policy(session, preparation);
	if (!source)
		return false;
	if (preparation->policy && preparation->trigger)
		trigger = text_source(&session->arena, "<--trigger>", preparation->trigger);
	good = build_policy(&session->context, source, ARCH_NATIVE, trigger, &compiled);
	if (good && preparation->programs)
		compiled.policy->programs = *preparation->programs;
	if (!good || !make_image(&session->context, &compiled, preparation->directory, &image)) {
		session_report(session);
		return false;
	}
	preparation->armed = compiled.policy;
	return save_file(&session->arena, preparation->compiled, image.bytes, image.size);
}

static bool find_program(struct session *session, struct preparation *preparation,
			 const char *program)
{
	const char *why;

	preparation->program = launch_find(session, program);
	if (!preparation->program) {
		complain("%s: no such program", program);
		return false;
	}
	why = preparation->any_program ? NULL : launch_check(session, preparation->program);
	if (why)
		complain("%s: %s", preparation->program, why);
	return !why;
}

static bool set_environment(struct session *session, const struct preparation *preparation)
{
	const char *library = launch_library(session);

	if (!library) {
		complain("libsandbox.so is neither beside sandboxctl nor in ../lib: install it");
		return false;
	}
	unsetenv("SANDBOX_TRIGGER");
	return launch_environment(session, library, preparation->compiled) &&
	       !setenv("SANDBOX_MODE", preparation->mode, 1);
}

bool prepare(struct session *session, struct preparation *preparation, const char *program)
{
	if (!find_program(session, preparation, program) || !make_directory(session, preparation))
		return false;
	if (compile(session, preparation) && set_environment(session, preparation))
		return true;
	unprepare(preparation);
	return false;
}

void unprepare(const struct preparation *preparation)
{
	unlink(preparation->text);
	unlink(preparation->compiled);
	unlink(preparation->recording);
	rmdir(preparation->directory);
}
