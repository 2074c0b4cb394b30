/* findings.c - what a run of a test suite has shown; see findings.h. */
#include "findings.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct kind kinds[FINDING_KINDS] = {
	[FINDING_COMMAND] = { "command", "command-failed", "The command itself failed",
			      "the command succeeded" },
	[FINDING_NOTHING] = { "nothing", "nothing-locked", "No process was ever locked",
			      "the lock happened" },
	[FINDING_REFUSED] = { "refused", "lock-refused",
			      "The lock could not be set up, so the program was stopped",
			      "no lock was refused" },
	[FINDING_VIOLATION] = { "violations", "denied-call", "The policy denies a call",
				"nothing was denied" },
	[FINDING_UNLOCKED] = { "unlocked", "never-locked",
			       "A process ended without having met its trigger",
			       "every process was locked" },
	[FINDING_FORK] = { "forks", "fork-never-locked",
			   "A forked process was never locked, and another one beside it was",
			   "no fork was left unlocked" },
	[FINDING_UNREACHED] = { "unreached", "not-reached",
				"A program that the policy names ran without the library",
				"every process was reached" },
	[FINDING_ANSWERED] = { "answered", "answered-call",
			       "A line of the policy answers a call with an error",
			       "no call was answered with an error" },
	[FINDING_UNUSED] = { "unused", "unused-rule", "A right that nothing used",
			     "every right was used" },
	[FINDING_NEW] = { "new", "new-in-run", "The baseline does not have it",
			  "nothing is new against the baseline" },
	[FINDING_GONE] = { "gone", "gone-from-run", "The baseline has it, this run does not",
			   "nothing of the baseline is gone" },
	[FINDING_YOUNG] = { "young", "fork-ended-young",
			    "A forked process ended soon, before its lock, and another one was "
			    "locked",
			    "no fork ended before its lock" },
};

/* These fail whatever was chosen: without them nothing else means anything. */
#define ALWAYS (1u << FINDING_COMMAND | 1u << FINDING_NOTHING | 1u << FINDING_REFUSED)

bool read_kinds(struct arena *arena, const char *text, uint32_t *bits, const char **wrong)
{
	*bits = ALWAYS;
	while (*text) {
		size_t length = strcspn(text, ",");
		const char *word = arena_strndup(arena, text, length);
		uint32_t found = 0;

		for (unsigned i = 0; i < FINDING_KINDS; i++)
			if (!strcmp(word, kinds[i].word))
				found = 1u << i;
		if (!strcmp(word, "drift"))
			found = 1u << FINDING_NEW | 1u << FINDING_GONE;
		if (!strcmp(word, "all"))
			found = (1u << FINDING_KINDS) - 1;
		if (!found && strcmp(word, "none") != 0) {
			*wrong = word;
			return false;
		}
		*bits |= found;
		text += length + (text[length] == ',');
	}
	return true;
}

/* --- findings --------------------------------------------------------------------------------- */

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

/* Each command line and each reason is one of its own, but not of calls. */
static bool same_command(const struct finding *a, const struct finding *b)
{
	return a->call || (same_text(a->command, b->command) && same_text(a->detail, b->detail));
}

static bool same_finding(const struct finding *a, const struct finding *b)
{
	return same_command(a, b) && a->kind == b->kind && same_text(a->call, b->call) &&
	       same_text(a->program, b->program) && same_text(a->object, b->object) &&
	       same_text(a->phase, b->phase) && same_text(a->title, b->title) &&
	       a->place.start == b->place.start && a->place.column == b->place.column;
}

static void add_test(struct findings *findings, struct finding *finding, const char *test)
{
	for (size_t i = 0; i < finding->test_count; i++)
		if (!test || !strcmp(finding->tests[i], test))
			return;
	if (test)
		*ARENA_PUSH(findings->arena, finding->tests, finding->test_count) = test;
}

void findings_add(struct findings *findings, const struct finding *finding)
{
	struct finding *known = NULL;

	for (size_t i = 0; i < findings->count && !known; i++)
		if (same_finding(&findings->list[i], finding))
			known = &findings->list[i];
	if (!known) {
		known = ARENA_PUSH(findings->arena, findings->list, findings->count);
		*known = *finding;
		known->count = 0;
	}
	known->count += finding->count ? finding->count : 1;
	add_test(findings, known, finding->test);
}

bool finding_fails(const struct findings *findings, const struct finding *finding)
{
	return findings->fails & 1u << finding->kind;
}

bool findings_fails(const struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++)
		if (finding_fails(findings, &findings->list[i]))
			return true;
	return false;
}

static void add_checks(const struct findings *findings, struct checks *checks, unsigned kind)
{
	bool fails = findings->fails & 1u << kind;
	size_t count = 0;
	struct check *check;

	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->list[i];

		if (finding->kind != kind)
			continue;
		count++;
		if (!fails)
			continue;
		*ARENA_PUSH(findings->arena, checks->list, checks->count) =
			(struct check){ &kinds[kind], finding, finding->title };
		checks->failed++;
	}
	if (!(findings->looked & 1u << kind) || (count && fails))
		return;
	check = ARENA_PUSH(findings->arena, checks->list, checks->count);
	*check = (struct check){ .kind = &kinds[kind], .title = kinds[kind].none };
	if (count)
		check->title =
			arena_printf(findings->arena, "%zu noted, which does not fail", count);
}

struct checks findings_checks(const struct findings *findings)
{
	struct checks checks = { 0 };

	for (unsigned kind = 0; kind < FINDING_KINDS; kind++)
		add_checks(findings, &checks, kind);
	return checks;
}

/* --- words and places ------------------------------------------------------------------------- */

static const char *line(struct arena *arena, const char *text, const char *before, const char *what)
{
	return what && *what ? arena_printf(arena, "%s\n%s%s", text, before, what) : text;
}

const char *finding_text(struct arena *arena, const struct finding *finding)
{
	const char *text = line(arena, finding->title, "", finding->detail);

	if (finding->object)
		text = line(arena, text, "called from ",
			    finding->function ? arena_printf(arena, "%s (%s)", finding->object,
							     finding->function)
					      : finding->object);
	text = line(arena, text, "this line would allow it: ", finding->suggestion);
	if (finding->test_count > 1)
		text = line(arena, text, "",
			    arena_printf(arena, "first in the test %s, and in %zu others",
					 finding->test, finding->test_count - 1));
	else
		text = line(arena, text, "in the test ", finding->test);
	text = line(arena, text, "command: ", finding->command);
	if (finding->count > 1)
		text = line(arena, text, "",
			    arena_printf(arena, "%llu times", (unsigned long long)finding->count));
	return text;
}

const char *place_file(struct arena *arena, struct place place)
{
	const char *path = *place.source->path ? place.source->path : place.source->name;
	char *here = getcwd(NULL, 0);
	size_t length = here ? strlen(here) : 0;
	bool is_below = length && !strncmp(path, here, length) && path[length] == '/';
	const char *file = is_below ? path + length + 1 : path;

	free(here);
	return arena_strndup(arena, file, strlen(file));
}

struct place finding_place(const struct findings *findings, const struct finding *finding)
{
	const struct source *source = findings->policy->source;

	if (finding->place.source)
		return finding->place;
	return (struct place){ .source = source, .line = 1, .column = 1, .start = source->text };
}
