/* json.c - a verdict with all it has; docs/ci.md names the fields. */
#include "outputs.h"
#include "particulars.h"

static json_t *place_of(const struct findings *findings, struct place place)
{
	json_t *object = json_object();

	set_text(object, "file", place_file(findings->arena, place));
	json_object_set_new(object, "line", json_integer(place.line));
	json_object_set_new(object, "column", json_integer(place.column));
	return object;
}

static json_t *finding_of(const struct findings *findings, const struct finding *finding)
{
	json_t *object = json_object(), *tests = json_array();

	set_text(object, "kind", kinds[finding->kind].word);
	json_object_set_new(object, "fails", json_boolean(finding_fails(findings, finding)));
	set_text(object, "title", finding->title);
	set_text(object, "detail", finding->detail);
	set_text(object, "action", finding->action);
	set_particulars(object, finding);
	if (finding->place.source)
		json_object_set_new(object, "place", place_of(findings, finding->place));
	if (finding->pid)
		json_object_set_new(object, "pid", json_integer(finding->pid));
	json_object_set_new(object, "count", json_integer((json_int_t)finding->count));
	for (size_t i = 0; i < finding->test_count; i++)
		json_array_append_new(tests, json_string(finding->tests[i]));
	json_object_set_new(object, "tests", tests);
	return object;
}

static json_t *words_of(uint32_t bits)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < FINDING_KINDS; i++)
		if (bits & 1u << i)
			json_array_append_new(list, json_string(kinds[i].word));
	return list;
}

void write_json(const struct findings *findings, FILE *out)
{
	json_t *object = json_object(), *list = json_array();

	json_object_set_new(object, "green", json_boolean(!findings_fails(findings)));
	set_text(object, "policy", findings->policy->name);
	set_text(object, "mode", findings->observed ? "observe" : "enforce");
	set_text(object, "command", findings->ended);
	json_object_set_new(object, "seconds", json_real(findings->seconds));
	json_object_set_new(object, "images", json_integer(findings->images));
	json_object_set_new(object, "named", json_integer(findings->named));
	json_object_set_new(object, "reached", json_integer(findings->reached));
	json_object_set_new(object, "locked", json_integer(findings->locked));
	if (findings->observed)
		json_object_set_new(object, "calls", json_integer((json_int_t)findings->calls));
	json_object_set_new(object, "looked_for", words_of(findings->looked));
	json_object_set_new(object, "fails_on", words_of(findings->fails));
	for (size_t i = 0; i < findings->count; i++)
		json_array_append_new(list, finding_of(findings, &findings->list[i]));
	json_object_set_new(object, "findings", list);
	json_dumpf(object, out, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
	fputc('\n', out);
	json_decref(object);
}
