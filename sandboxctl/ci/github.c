/* github.c - a verdict as workflow commands of GitHub Actions: annotations at the lines of the
 * policy. They are read from the job's output; a line that is none is left alone. */
#include "outputs.h"

#include <string.h>

/* As documented for workflow commands: data, and properties on top of that. */
static void escaped(FILE *out, const char *text, const char *special)
{
	for (; *text; text++) {
		if (strchr(special, *text))
			fprintf(out, "%%%02X", (unsigned char)*text);
		else
			fputc(*text, out);
	}
}

static void data(FILE *out, const char *text)
{
	escaped(out, text, "%\r\n");
}

static void property(FILE *out, const char *text)
{
	escaped(out, text, "%\r\n:,");
}

static void annotate(const struct findings *findings, const struct finding *finding, FILE *out)
{
	struct place place = finding_place(findings, finding);

	fputs("::error file=", out);
	property(out, place_file(findings->arena, place));
	fprintf(out, ",line=%u,col=%u,title=", place.line, place.column);
	property(out, kinds[finding->kind].about);
	fputs("::", out);
	data(out, finding_text(findings->arena, finding));
	fputc('\n', out);
}

void write_github(const struct findings *findings, FILE *out)
{
	/* GitHub shows ten annotations of a step: those that do not fail are left to the files. A
	 * command must begin its line, wherever the suite's own output has ended. */
	if (findings_fails(findings))
		fputc('\n', out);
	for (size_t i = 0; i < findings->count; i++)
		if (finding_fails(findings, &findings->list[i]))
			annotate(findings, &findings->list[i], out);
}
