/* junit.c - a verdict as JUnit's XML, as the Ant task writes it: one test case per finding, and one
 * for each kind of which there is none. Findings that do not fail are in the suite's output. */
#include "outputs.h"
#include "text.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

enum { HOST_SIZE = 256 };

/* Between quotes as well as between tags. The text is plain (text.h), but for line ends. */
static void escaped(FILE *out, const char *text)
{
	static const struct {
		char character;
		const char *entity;
	} entities[] = { { '&', "&amp;" },  { '<', "&lt;" },	{ '>', "&gt;" },
			 { '"', "&quot;" }, { '\'', "&apos;" }, { '\n', "&#10;" } };

	for (; *text; text++) {
		const char *entity = NULL;

		for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++)
			if (*text == entities[i].character)
				entity = entities[i].entity;
		if (entity)
			fputs(entity, out);
		else
			fputc(*text, out);
	}
}

static void attribute(FILE *out, const char *name, const char *text)
{
	fprintf(out, " %s=\"", name);
	escaped(out, text);
	fputc('"', out);
}

static void write_case(const struct findings *findings, const struct check *check, FILE *out)
{
	const struct finding *finding = check->finding;

	fputs("    <testcase", out);
	attribute(out, "name", check->title);
	attribute(out, "classname",
		  arena_printf(findings->arena, "sandbox.%s.%s", findings->policy->name,
			       check->kind->word));
	fputs(" time=\"0\"", out);
	if (!finding) {
		fputs("/>\n", out);
		return;
	}
	fputs(">\n      <failure", out);
	attribute(out, "type", check->kind->id);
	attribute(out, "message", finding->title);
	fputc('>', out);
	escaped(out, finding_text(findings->arena, finding));
	fputs("</failure>\n    </testcase>\n", out);
}

static void write_notes(const struct findings *findings, FILE *out)
{
	fputs("    <system-out>", out);
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->list[i];

		if (finding_fails(findings, finding))
			continue;
		escaped(out, finding_text(findings->arena, finding));
		fputs("&#10;", out);
	}
	fputs("</system-out>\n    <system-err/>\n", out);
}

static void write_head(const struct findings *findings, const struct checks *checks, FILE *out)
{
	char host[HOST_SIZE] = "", stamp[sizeof("2026-01-31T12:00:00")] = "";
	time_t seconds = time(NULL);
	struct tm parts;

	if (gethostname(host, sizeof(host) - 1) || !*host)
		strcpy(host, "localhost");
	if (gmtime_r(&seconds, &parts))
		strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &parts);
	fputs("  <testsuite id=\"0\"", out);
	attribute(out, "package", "sandbox");
	attribute(out, "name", arena_printf(findings->arena, "sandbox.%s", findings->policy->name));
	attribute(out, "timestamp", stamp);
	attribute(out, "hostname", plain(findings->arena, host));
	fprintf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"0\" time=\"%.3f\">\n", checks->count,
		checks->failed, findings->seconds);
}

static void write_properties(const struct findings *findings, FILE *out)
{
	const struct {
		const char *name;
		unsigned value;
	} counts[] = { { "images", findings->images },
		       { "named", findings->named },
		       { "reached", findings->reached },
		       { "locked", findings->locked } };

	fputs("    <properties>\n      <property name=\"mode\"", out);
	attribute(out, "value", findings->observed ? "observe" : "enforce");
	fputs("/>\n", out);
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		fprintf(out, "      <property name=\"%s\" value=\"%u\"/>\n", counts[i].name,
			counts[i].value);
	fputs("    </properties>\n", out);
}

void write_junit(const struct findings *findings, FILE *out)
{
	struct checks checks = findings_checks(findings);

	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n", out);
	write_head(findings, &checks, out);
	write_properties(findings, out);
	for (size_t i = 0; i < checks.count; i++)
		write_case(findings, &checks.list[i], out);
	write_notes(findings, out);
	fputs("  </testsuite>\n</testsuites>\n", out);
}
