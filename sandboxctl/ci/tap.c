/* tap.c - a verdict as TAP version 13: a line per finding, what there is to say as YAML below it.
 */
#include "outputs.h"

#include <string.h>

/* "#" would begin a directive, and "\" escapes. */
static void description(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '#' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
}

/* A YAML scalar in double quotes, of text that is plain but for line ends. */
static void quoted(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		if (*text == '\n')
			fputs("\\n", out);
		else
			fputc(*text, out);
	}
	fputc('"', out);
}

static void field(FILE *out, const char *name, const char *text)
{
	if (!text)
		return;
	fprintf(out, "  %s: ", name);
	quoted(out, text);
	fputc('\n', out);
}

static void write_diagnosis(const struct findings *findings, const struct finding *finding,
			    FILE *out)
{
	fputs("  ---\n", out);
	field(out, "message", finding_text(findings->arena, finding));
	field(out, "severity", "fail");
	field(out, "allow", finding->suggestion);
	if (finding->place.source)
		field(out, "at",
		      arena_printf(findings->arena, "%s:%u",
				   place_file(findings->arena, finding->place),
				   finding->place.line));
	field(out, "test", finding->test);
	fprintf(out, "  count: %llu\n", (unsigned long long)finding->count);
	fputs("  ...\n", out);
}

void write_tap(const struct findings *findings, FILE *out)
{
	struct checks checks = findings_checks(findings);

	fprintf(out, "TAP version 13\n1..%zu\n", checks.count);
	for (size_t i = 0; i < checks.count; i++) {
		const struct check *check = &checks.list[i];

		fprintf(out, "%s %zu - %s: ", check->finding ? "not ok" : "ok", i + 1,
			check->kind->word);
		description(out, check->title);
		fputc('\n', out);
		if (check->finding)
			write_diagnosis(findings, check->finding, out);
	}
}
