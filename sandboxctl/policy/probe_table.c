/* probe_table.c - see probe_table.h. */
#include "probe_table.h"

#include "harmless.h"
#include "probefile.h"

#include <fcntl.h>
#include <string.h>

/* The offset among all strings; what stands before them is known at the end. */
static uint32_t add_string(struct probe_table *table, const char *text)
{
	uint32_t offset = (uint32_t)table->string_size;

	*ARENA_PUSH(table->arena, table->strings, table->string_count) = text;
	table->string_size += strlen(text) + 1;
	return offset;
}

static const char *call_probe(const struct probe_table *table, const struct policy *policy,
			      const struct phase *phase, const struct query *query,
			      struct probe *probe)
{
	struct verdict verdict;

	if (!harmless_call(query, probe->arguments))
		return "no arguments are known that do no harm were it allowed";
	verdict = evaluate(policy, phase, arches[policy->arch].audit, query->number,
			   probe->arguments);
	if (verdict.action.kind == ACTION_ERRNO && !verdict.action.error)
		return arena_printf(table->arena, "phase %s says that it was done", phase->name);
	probe->kind = harmless_forks(query) ? PROBE_FORK : PROBE_CALL;
	probe->number = query->number;
	probe->error = verdict.action.kind == ACTION_ERRNO ? verdict.action.error : 0;
	return NULL;
}

/* A file that the probe may make, should the path be there already. */
static const char *aside(struct probe_table *table, const char *path, const char *between)
{
	return arena_printf(table->arena, "%s%slibsandbox-probe", path, between);
}

/* Without waiting, and without becoming anybody's terminal; an appending file is one that logs may
 * be. */
static void path_probe(struct probe_table *table, const struct question *question,
		       struct probe *probe)
{
	static const uint64_t quiet = O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

	probe->kind = PROBE_OPEN;
	probe->path = add_string(table, question->path);
	switch ((int)question->word) {
	case STEP_READ:
		probe->arguments[0] = quiet | O_RDONLY;
		break;
	case STEP_WRITE:
		probe->arguments[0] = quiet | O_WRONLY;
		break;
	case STEP_CREATE:
		probe->kind = PROBE_CREATE;
		probe->arguments[0] = quiet | O_WRONLY | O_APPEND | O_CREAT | O_EXCL;
		probe->beneath = add_string(table, aside(table, question->path, "/."));
		probe->beside = add_string(table, aside(table, question->path, "."));
		break;
	default:
		probe->kind = PROBE_EXECUTE;
	}
}

static void question_probe(struct probe_table *table, const struct question *question,
			   struct probe *probe)
{
	if (question->path) {
		path_probe(table, question, probe);
		return;
	}
	probe->kind = question->word == STEP_BIND ? PROBE_BIND : PROBE_CONNECT;
	probe->port = (uint32_t)question->port;
}

const char *add_probe(struct probe_table *table, const struct policy *policy,
		      const struct phase *phase, const struct expectation *expectation)
{
	struct probe probe = { 0 };
	const char *why = NULL;

	if (!expects_denial(expectation))
		return "";
	if (table->count > PROBES_MOST)
		return ""; /* who asks sees it */
	if (expectation->question.text)
		question_probe(table, &expectation->question, &probe);
	else
		why = call_probe(table, policy, phase, &expectation->query, &probe);
	if (why)
		return why;
	probe.phase = add_string(table, phase->name);
	probe.text = add_string(table, expectation->text);
	probe.line = expectation->place.line;
	*ARENA_PUSH(table->arena, table->probes, table->count) = probe;
	return NULL;
}

void *probe_bytes(const struct probe_table *table, enum arch arch, size_t *size)
{
	uint32_t start = (uint32_t)(sizeof(struct probes) + table->count * sizeof(struct probe));
	struct probes *file;
	char *strings;

	*size = start + table->string_size;
	file = arena_alloc(table->arena, *size, 1);
	memcpy(file->magic, PROBES_MAGIC, sizeof(file->magic));
	file->version = PROBES_VERSION;
	file->arch = arches[arch].audit;
	file->size = (uint32_t)*size;
	file->count = (uint32_t)table->count;
	for (size_t i = 0; i < table->count; i++) {
		struct probe *probe = &file->list[i];

		*probe = table->probes[i];
		probe->phase += start;
		probe->text += start;
		probe->path += start;
		probe->beneath += start;
		probe->beside += start;
	}
	strings = (char *)file + start;
	for (size_t i = 0; i < table->string_count; i++) {
		memcpy(strings, table->strings[i], strlen(table->strings[i]) + 1);
		strings += strlen(table->strings[i]) + 1;
	}
	return file;
}
