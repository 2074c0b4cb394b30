/* images.c - the programs that ran, and what each must have; see images.h. */
#include "images.h"

#include "record/watch.h"

#include <fnmatch.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool same_file(const char *a, const char *b)
{
	struct stat x, y;

	return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* As the library compares them, in preload/policy.c. */
static bool is_called(const char *path, const char *name)
{
	if (!path)
		return false;
	if (!strcmp(name, strchr(name, '/') ? path : last_part(path)))
		return true;
	return strchr(name, '/') && !strcmp(last_part(name), last_part(path)) &&
	       same_file(name, path);
}

/* Does the policy name it? As the library sees it: by its file and by the name it was started by;
 * a name with a slash is a whole path. No names: every program. */
static bool is_named(const struct words *programs, const struct ci_image *image)
{
	for (size_t i = 0; i < programs->count; i++)
		if (is_called(image->path, programs->list[i].text) ||
		    is_called(image->started_as, programs->list[i].text))
			return true;
	return !programs->count;
}

static void add(struct findings *findings, const struct ci_image *image, enum finding_kind kind,
		const char *title, const char *detail)
{
	findings_add(findings, &(struct finding){ .kind = kind,
						  .title = title,
						  .detail = detail,
						  .program = image->name,
						  .command = image->command,
						  .test = image->test,
						  .pid = image->pid });
}

static bool may_end(const struct ci_options *options, const struct ci_image *image)
{
	for (size_t i = 0; image->command && i < options->may_end_count; i++)
		if (!fnmatch(options->may_end[i], image->command, 0))
			return true;
	return false;
}

static void add_unlocked(struct findings *findings, const struct ci_image *image,
			 enum finding_kind kind, const char *title)
{
	struct arena *arena = findings->arena;
	const char *detail = image->unlocked;

	if (image->ended)
		detail = arena_printf(arena, "%s%sit ended by %s", detail ? detail : "",
				      detail ? "; " : "", image->ended);
	add(findings, image, kind, title, detail);
}

static void add_refused(struct findings *findings, const struct ci_image *image)
{
	add(findings, image, FINDING_REFUSED,
	    arena_printf(findings->arena, "%s was stopped by the library", image->name),
	    image->refused);
}

void note_image(struct findings *findings, const struct ci_options *options,
		const struct ci_image *image)
{
	struct arena *arena = findings->arena;

	findings->images++;
	if (!is_named(&findings->policy->programs, image))
		return;
	findings->named++;
	findings->reached += image->is_reached;
	findings->locked += image->is_locked;
	if (image->refused)
		add_refused(findings, image);
	else if (!image->is_reached)
		add(findings, image, FINDING_UNREACHED,
		    arena_printf(arena, "%s ran without the library", image->name), image->why_not);
	else if (!image->is_locked && !may_end(options, image))
		add_unlocked(findings, image, FINDING_UNLOCKED,
			     arena_printf(arena, "%s was never locked", image->name));
}

const char *fork_text(bool by_parent)
{
	return by_parent ? "its parent was, after it had forked it"
			 : "others that its parent forked were";
}

void note_fork(struct findings *findings, const struct ci_options *options,
	       const struct ci_image *image)
{
	if (!is_named(&findings->policy->programs, image))
		return;
	if (image->refused)
		add_refused(findings, image);
	else if (image->unlocked && !may_end(options, image))
		add_unlocked(findings, image, image->is_young ? FINDING_YOUNG : FINDING_FORK,
			     arena_printf(findings->arena,
					  image->is_young ? "a fork of %s ended young, unlocked"
							  : "a fork of %s was never locked",
					  image->name));
}

void note_end(struct findings *findings, int status, bool was_asked)
{
	struct arena *arena = findings->arena;

	findings->ended = status_text(arena, status);
	if (!findings->locked)
		findings_add(
			findings,
			&(struct finding){
				.kind = FINDING_NOTHING,
				.title = findings->named
						 ? "no process was ever locked"
						 : "no program that the policy names ever ran" });
	if (was_asked || status)
		findings_add(
			findings,
			&(struct finding){
				.kind = FINDING_COMMAND,
				.title = was_asked ? "the command was told to end"
						   : arena_printf(arena, "the command ended by %s",
								  findings->ended) });
}
