/* beside.c - the compiled form of a policy, beside its text; see beside.h. */
#include "beside.h"

#include "save.h"

#include "policy/write.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *beside_path(struct session *session, const struct source *source)
{
	size_t length = strlen(source->name);
	bool is_policy = length > 7 && !strcmp(source->name + length - 7, ".policy");

	return arena_printf(&session->arena, "%s%s", source->name, is_policy ? "c" : ".policyc");
}

const char *beside_directory(struct session *session, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *directory =
		!slash		? "."
		: slash == path ? "/"
				: arena_strndup(&session->arena, path, (size_t)(slash - path));
	char absolute[PATH_MAX];

	if (!realpath(directory, absolute))
		return "";
	return arena_strndup(&session->arena, absolute, strlen(absolute));
}

/* --- up to date ------------------------------------------------------------------------------- */

static bool phase_starts_programs(const struct policy *policy, const struct phase *phase)
{
	static const char *const calls[] = { "execve", "execveat" };
	static const uint64_t any[ARGUMENTS];

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		uint32_t number = (uint32_t)names_syscall(calls[i])->number[policy->arch];
		struct verdict verdict =
			evaluate(policy, phase, arches[policy->arch].audit, number, any);

		if (verdict.action.kind == ACTION_ALLOW || verdict.action.kind == ACTION_LOG)
			return true;
	}
	return false;
}

static bool starts_programs(const struct policy *policy)
{
	for (size_t i = 0; i < policy->phase_count; i++)
		if (phase_starts_programs(policy, &policy->phases[i]))
			return true;
	return false;
}

static bool has_bytes(struct arena *arena, int file, const struct image *image)
{
	char *bytes = arena_alloc(arena, image->size, 1);

	return read(file, bytes, image->size) == (ssize_t)image->size &&
	       !memcmp(bytes, image->bytes, image->size);
}

/* As the library sees it: a text that is newer makes it old, whatever is in it. */
static bool is_newest(const struct policy *policy, const struct stat *compiled)
{
	struct stat text;

	for (size_t i = 0; i < policy->source_count; i++)
		if (!stat(policy->sources[i]->path, &text) &&
		    (text.st_mtim.tv_sec != compiled->st_mtim.tv_sec
			     ? text.st_mtim.tv_sec > compiled->st_mtim.tv_sec
			     : text.st_mtim.tv_nsec > compiled->st_mtim.tv_nsec))
			return false;
	return true;
}

static bool is_current(struct session *session, const char *path, const struct policy *policy,
		       const struct image *image)
{
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	bool current;

	if (file < 0)
		return false;
	current = !fstat(file, &st) && (uint64_t)st.st_size == image->size &&
		  has_bytes(&session->arena, file, image) && is_newest(policy, &st);
	close(file);
	return current;
}

bool beside_refresh(struct session *session, const struct source *source)
{
	const char *path = beside_path(session, source);
	struct compiled compiled;
	struct image image;

	if (!build_policy(&session->context, source, ARCH_NATIVE, NULL, &compiled) ||
	    !make_image(&session->context, &compiled, beside_directory(session, path), &image)) {
		session_report(session);
		return false;
	}
	if (starts_programs(compiled.policy) &&
	    !is_current(session, path, compiled.policy, &image) &&
	    !save_file(&session->arena, path, image.bytes, image.size))
		complain("note: what %s lets the program start under its lock needs that file, and "
			 "is ended without it: 'sandboxctl compile' writes it",
			 source->name);
	return true;
}
