/* sarif.c - a verdict as SARIF 2.1.0: a rule per kind, a result per finding, at the policy's lines.
 */
#include "outputs.h"
#include "particulars.h"

#include <string.h>

#ifndef VERSION
#define VERSION "unknown"
#endif

static json_t *message(const char *text)
{
	return json_pack("{ss}", "text", text);
}

static json_t *rules(void)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < FINDING_KINDS; i++)
		json_array_append_new(list, json_pack("{ssssso}", "id", kinds[i].id, "name",
						      kinds[i].word, "shortDescription",
						      message(kinds[i].about)));
	return list;
}

/* A path as a URI: relative to the root of the sources, or file:///. */
static const char *uri(struct arena *arena, const char *path)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				   "-._~/";
	const char *text = *path == '/' ? "file://" : "";

	for (; *path; path++)
		text = strchr(safe, *path)
			       ? arena_printf(arena, "%s%c", text, *path)
			       : arena_printf(arena, "%s%%%02X", text, (unsigned char)*path);
	return text;
}

static json_t *location(const struct findings *findings, struct place place)
{
	return json_pack("{s{s{ss}s{sIsI}}}", "physicalLocation", "artifactLocation", "uri",
			 uri(findings->arena, place_file(findings->arena, place)), "region",
			 "startLine", (json_int_t)place.line, "startColumn",
			 (json_int_t)place.column);
}

/* The same finding in the next run, so that a service can tell old from new: what does not change
 * with lines, counts and ids. */
static const char *fingerprint(struct arena *arena, const struct finding *finding)
{
	const char *parts[] = { kinds[finding->kind].id, finding->program,  finding->phase,
				finding->call,		 finding->function, finding->title };
	uint64_t hash = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		for (const char *at = parts[i] ? parts[i] : ""; *at; at++)
			hash = (hash ^ (unsigned char)*at) * 0x100000001b3ull;
	return arena_printf(arena, "%016llx", (unsigned long long)hash);
}

static json_t *properties(const struct finding *finding)
{
	json_t *object = json_object();

	set_particulars(object, finding);
	set_text(object, "test", finding->test);
	return object;
}

static json_t *result(const struct findings *findings, const struct finding *finding)
{
	json_t *object = json_object();

	set_text(object, "ruleId", kinds[finding->kind].id);
	json_object_set_new(object, "ruleIndex", json_integer(finding->kind));
	set_text(object, "level", finding_fails(findings, finding) ? "error" : "note");
	json_object_set_new(object, "message", message(finding_text(findings->arena, finding)));
	json_object_set_new(object, "locations",
			    json_pack("[o]", location(findings, finding_place(findings, finding))));
	json_object_set_new(object, "partialFingerprints",
			    json_pack("{ss}", "finding/v1", fingerprint(findings->arena, finding)));
	json_object_set_new(object, "occurrenceCount", json_integer((json_int_t)finding->count));
	json_object_set_new(object, "properties", properties(finding));
	return object;
}

static json_t *run(const struct findings *findings)
{
	json_t *results = json_array();

	for (size_t i = 0; i < findings->count; i++)
		json_array_append_new(results, result(findings, &findings->list[i]));
	return json_pack("{s{s{sssssoss}}s[{sb}]soss}", "tool", "driver", "name", "sandboxctl",
			 "version", VERSION, "rules", rules(), "informationUri",
			 "https://man7.org/linux/man-pages/man2/seccomp.2.html", "invocations",
			 "executionSuccessful", 1, "results", results, "columnKind",
			 "unicodeCodePoints");
}

void write_sarif(const struct findings *findings, FILE *out)
{
	json_t *log =
		json_pack("{sssss[o]}", "$schema", "https://json.schemastore.org/sarif-2.1.0.json",
			  "version", "2.1.0", "runs", run(findings));

	json_dumpf(log, out, JSON_INDENT(2));
	fputc('\n', out);
	json_decref(log);
}
