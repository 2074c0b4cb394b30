/* summary.c - what a person reads in ten seconds: red or green, and why. */
#include "outputs.h"

#include <string.h>

enum { SHOWN_MAX = 20, NOTES_MAX = 3 }; /* of each kind: the files have all */

static const char *plural(unsigned long long count)
{
	return count == 1 ? "" : "s";
}

static void say_finding(const struct findings *findings, const struct finding *finding, FILE *out)
{
	const char *text = finding_text(findings->arena, finding);

	for (bool first = true; *text; first = false) {
		size_t length = strcspn(text, "\n");

		fprintf(out, "%s%.*s\n", first ? "  " : "      ", (int)length, text);
		text += length + (text[length] == '\n');
	}
}

static void say_kind(const struct findings *findings, unsigned kind, FILE *out)
{
	bool fails = findings->fails & 1u << kind;
	size_t count = 0, most = fails ? SHOWN_MAX : NOTES_MAX;

	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->list[i];

		if (finding->kind != kind)
			continue;
		if (!count++)
			fprintf(out, "%s %s:\n", fails ? "FAIL" : "note", kinds[kind].word);
		/* What does not fail has one line. */
		if (count <= most && fails)
			say_finding(findings, finding, out);
		else if (count <= most)
			fprintf(out, "  %s\n", finding->title);
	}
	if (count > most)
		fprintf(out, "  and %zu more: see --json, --junit or --sarif\n", count - most);
}

static void say_counts(const struct findings *findings, FILE *out)
{
	fprintf(out, "%s: %u of %u process%s of %s, among %u program%s that ran\n",
		findings->observed ? "met the trigger" : "locked", findings->locked,
		findings->named, findings->named == 1 ? "" : "es", findings->policy->name,
		findings->images, plural(findings->images));
}

void write_summary(const struct findings *findings, FILE *out)
{
	bool fails = findings_fails(findings);

	fprintf(out, "sandboxctl ci: %s, policy %s%s, %.1f s\n", fails ? "RED" : "GREEN",
		findings->policy->name, findings->observed ? " (observed: nothing was denied)" : "",
		findings->seconds);
	say_counts(findings, out);
	if (findings->observed)
		fprintf(out, "put to the policy: %llu call%s\n",
			(unsigned long long)findings->calls, plural(findings->calls));
	for (unsigned kind = 0; kind < FINDING_KINDS; kind++)
		say_kind(findings, kind, out);
}
