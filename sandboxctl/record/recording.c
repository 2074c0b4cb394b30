/* recording.c - the file that a recorded run leaves behind; see recording.h. */
#include "recording.h"

#include "policy/decode.h"
#include "policy/step_names.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 64 * 1024, TAIL = 4096 };

/* --- lines ------------------------------------------------------------------------------------ */

/* Whole lines on their way to the file. */
struct lines {
	struct recording *recording;
	char *bytes;
	size_t size, room;
	bool failed;
};

static bool write_all(int file, const char *bytes, size_t size)
{
	while (size) {
		ssize_t count = write(file, bytes, size);

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			return false;
		bytes += count;
		size -= (size_t)count;
	}
	return true;
}

static void lines_write(struct lines *lines)
{
	struct recording *recording = lines->recording;

	if (lines->failed || !lines->size)
		return;
	recording->error = 0;
	if (write_all(recording->file, lines->bytes, lines->size)) {
		recording->good += (off_t)lines->size;
		lines->size = 0;
		return;
	}
	recording->error = errno ? errno : EIO;
	lines->failed = true;
	if (ftruncate(recording->file, recording->good))
		recording->error = errno; /* half a line may be left: the reader ignores it */
}

static void lines_add(struct lines *lines, json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(9));
	size_t length = text ? strlen(text) : 0;

	json_decref(object);
	if (!text || lines->failed) {
		free(text);
		return;
	}
	if (lines->size + length + 1 > lines->room) {
		size_t room = lines->size + length + 1 + CHUNK;
		char *larger = realloc(lines->bytes, room);

		if (!larger) {
			lines->failed = true;
			lines->recording->error = ENOMEM;
			free(text);
			return;
		}
		lines->bytes = larger;
		lines->room = room;
	}
	memcpy(lines->bytes + lines->size, text, length);
	lines->size += length;
	lines->bytes[lines->size++] = '\n';
	free(text);
}

static void lines_end(struct lines *lines)
{
	lines_write(lines);
	free(lines->bytes);
}

/* --- opening ---------------------------------------------------------------------------------- */

/* A run that was killed in the middle of a line: what follows must not be glued to it. */
static bool drop_partial_line(struct recording *recording)
{
	off_t end = lseek(recording->file, 0, SEEK_END);
	char tail[TAIL];

	while (end > 0) {
		off_t from = end > TAIL ? end - TAIL : 0;
		ssize_t count = pread(recording->file, tail, (size_t)(end - from), from);

		if (count != end - from)
			return false;
		while (count && tail[count - 1] != '\n')
			count--;
		end = from + count;
		if (count)
			break;
	}
	recording->good = end;
	return !ftruncate(recording->file, end);
}

static bool open_file(struct recording *recording, const char **why)
{
	struct stat status;

	recording->file =
		open(recording->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0644);
	if (recording->file < 0) {
		*why = strerror(errno);
		return false;
	}
	if (fstat(recording->file, &status) || !S_ISREG(status.st_mode))
		*why = "is not a regular file";
	else if (flock(recording->file, LOCK_EX | LOCK_NB))
		*why = errno == EWOULDBLOCK ? "is being written by another 'sandboxctl learn'"
					    : strerror(errno);
	else if (!drop_partial_line(recording))
		*why = strerror(errno);
	else
		return true;
	close(recording->file);
	return false;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

double recording_seconds(const struct recording *recording)
{
	return now() - recording->started;
}

/* To the millisecond. */
static json_t *seconds_of(const struct recording *recording)
{
	return json_real((double)(long)(recording_seconds(recording) * 1000) / 1000);
}

static json_t *date(void)
{
	char text[sizeof("2026-01-31T12:00:00Z")];
	time_t seconds = time(NULL);
	struct tm parts;

	if (!gmtime_r(&seconds, &parts) ||
	    !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts))
		return json_null();
	return json_string(text);
}

static json_t *texts(const char *const *list)
{
	json_t *array = json_array();

	for (; list && *list; list++)
		json_array_append_new(array, json_string(*list));
	return array;
}

static json_t *triggers_of(const struct policy *policy)
{
	json_t *array = json_array();

	for (size_t i = 0; i < policy->phase_count; i++) {
		const struct phase *phase = &policy->phases[i];

		for (size_t j = 0; j < phase->trigger_count; j++)
			if (!(phase->triggers[j].flags & POLICYC_TRIGGER_STEP))
				json_array_append_new(array, json_pack("{ssss}", "phase",
								       phase->name, "trigger",
								       phase->triggers[j].text));
	}
	return array;
}

static json_t *prewarms_of(const struct policy *policy)
{
	json_t *array = json_array();

	for (size_t i = 0; i < prewarm_names.count; i++)
		if (policy->prewarm & prewarm_names.rows[i].value)
			json_array_append_new(array, json_string(prewarm_names.rows[i].name));
	return array;
}

static json_t *head_line(const struct recording_head *head)
{
	json_t *line = json_object();
	struct utsname system;

	json_object_set_new(line, "recording", json_integer(1));
	json_object_set_new(line, "program", texts((const char *const *)head->argv));
	json_object_set_new(line, "arch", json_string(arches[ARCH_NATIVE].name));
	if (!uname(&system))
		json_object_set_new(line, "kernel", json_string(system.release));
	json_object_set_new(line, "started", date());
	json_object_set_new(line, "sandboxctl", json_string(VERSION));
	if (head->policy)
		json_object_set_new(line, "policy", json_string(head->policy));
	json_object_set_new(line, "triggers", triggers_of(head->armed));
	if (head->armed->prewarm)
		json_object_set_new(line, "prewarm", prewarms_of(head->armed));
	return line;
}

bool recording_open(struct recording *recording, const char *path,
		    const struct recording_head *head, const char **why)
{
	struct lines lines = { .recording = recording };

	*recording = (struct recording){ .path = path, .started = now() };
	if (!open_file(recording, why))
		return false;
	lines_add(&lines, head_line(head));
	lines_end(&lines);
	if (!recording->error)
		return true;
	*why = strerror(recording->error);
	close(recording->file);
	return false;
}

/* --- what was seen ---------------------------------------------------------------------------- */

const char *call_text(struct arena *arena, uint32_t number, const struct cube *cube)
{
	const struct syscall_name *name = names_number(ARCH_NATIVE, number);
	const char *text = call_name(arena, name, number);
	unsigned last = 0;

	for (unsigned i = 0; i < ARGUMENTS; i++)
		if (cube->mask[i])
			last = i + 1;
	for (unsigned i = 0; i < last; i++)
		text = arena_printf(
			arena, "%s%s%s", text, i ? ", " : "(",
			cube->mask[i] ? decode_value(arena, ARCH_NATIVE, name, i, cube->value[i])
				      : "_");
	return last ? arena_printf(arena, "%s)", text) : text;
}

/* "nginx", "nginx/1": the same program in a forked process. */
static json_t *who(const struct scene *scene)
{
	return scene->generation ? json_sprintf("%s/%u", scene->program, scene->generation)
				 : json_string(scene->program);
}

static void set_scene(json_t *line, const struct processes *processes, uint32_t index)
{
	const struct scene *scene = &processes->scenes.list[index];
	json_t *after = json_array();

	for (unsigned i = 0; i < processes->phase_count; i++)
		if (scene->fired & 1u << i)
			json_array_append_new(after, json_string(processes->phases[i]));
	json_object_set_new(line, "who", who(scene));
	if (scene->pid)
		json_object_set_new(line, "pid", json_integer(scene->pid));
	json_object_set_new(line, "after", after);
}

static json_t *sighting_line(struct arena *arena, const struct processes *processes,
			     const struct sighting *sighting)
{
	json_t *line = json_object();

	if (sighting->kind == SIGHT_CALL) {
		json_object_set_new(
			line, "call",
			json_string(sighting->is_foreign
					    ? arena_printf(arena, "nr:%u", sighting->number)
					    : call_text(arena, sighting->number, &sighting->cube)));
		if (sighting->is_foreign)
			json_object_set_new(line, "foreign", json_true());
		if (sighting->is_clone3)
			json_object_set_new(line, "made", json_string("clone3"));
	} else {
		json_object_set_new(
			line, sighting->kind == SIGHT_FILE ? "file" : "address",
			json_string(sighting->settled ? sighting->settled : sighting->what));
		if (sighting->settled)
			json_object_set_new(line, "as", json_string(sighting->what));
		json_object_set_new(line, "use", json_string(sighting->use));
		if (sighting->found)
			json_object_set_new(line, "found", json_true());
		if (sighting->missing)
			json_object_set_new(line, "missing", json_true());
	}
	set_scene(line, processes, sighting->scene);
	json_object_set_new(line, "count",
			    json_integer((json_int_t)(sighting->count - sighting->written)));
	json_object_set_new(line, "first", json_integer((json_int_t)sighting->first));
	json_object_set_new(line, "last", json_integer((json_int_t)sighting->last));
	if (sighting->caller_count) {
		json_t *by = json_array();

		for (unsigned i = 0; i < sighting->caller_count; i++)
			json_array_append_new(by, json_string(sighting->callers[i]));
		json_object_set_new(line, "by", by);
	}
	return line;
}

static json_t *event_line(const struct processes *processes, const struct event *event)
{
	json_t *line = json_object();

	if (event->kind == EVENT_FIRED) {
		json_object_set_new(line, "fired", json_string(event->phase));
		json_object_set_new(line, "trigger", json_string(event->trigger));
		json_object_set_new(line, "threads", json_integer(event->threads));
		if (event->again)
			json_object_set_new(line, "again", json_true());
	} else {
		json_object_set_new(line, "process", json_integer(event->pid));
	}
	set_scene(line, processes, event->scene);
	json_object_set_new(line, "pid", json_integer(event->pid));
	json_object_set_new(line, "at", json_integer((json_int_t)event->at));
	return line;
}

/* --- flushing --------------------------------------------------------------------------------- */

static void add_time(struct lines *lines, const struct recorder *recorder)
{
	json_t *line = json_object();

	json_object_set_new(line, "seconds", seconds_of(lines->recording));
	json_object_set_new(line, "calls", json_integer((json_int_t)recorder->sightings.total));
	lines_add(lines, line);
}

/* One chunk of the queue. False: nothing was left, or it cannot be written. */
static bool flush_some(struct recording *recording, struct recorder *recorder)
{
	struct sighting *taken[CHUNK / 64], *sighting;
	struct lines lines = { .recording = recording };
	struct arena arena = { 0 };
	size_t count = 0;

	for (const struct event *event = recorder->events; event; event = event->next)
		lines_add(&lines, event_line(&recorder->processes, event));
	while (count < sizeof(taken) / sizeof(taken[0]) && lines.size < CHUNK &&
	       (sighting = sightings_next(&recorder->sightings))) {
		if (sighting->count == sighting->written)
			continue;
		lines_add(&lines, sighting_line(&arena, &recorder->processes, sighting));
		taken[count++] = sighting;
	}
	if (lines.size)
		add_time(&lines, recorder);
	lines_end(&lines);
	if (!lines.failed)
		recorder->events = recorder->last_event = NULL;
	for (size_t i = 0; i < count; i++) {
		if (lines.failed)
			sighting_requeue(&recorder->sightings, taken[i]);
		else
			taken[i]->written = taken[i]->count;
	}
	arena_free(&arena);
	return count && !lines.failed;
}

void recording_flush(struct recording *recording, struct recorder *recorder)
{
	recording->error = 0;
	while (flush_some(recording, recorder))
		;
}

bool recording_close(struct recording *recording, struct recorder *recorder, const char *end)
{
	struct lines lines = { .recording = recording };
	json_t *line = json_object();

	recorder_lock(recorder);
	sightings_queue_all(&recorder->sightings);
	recording_flush(recording, recorder);
	json_object_set_new(line, "end", json_string(end));
	json_object_set_new(line, "calls", json_integer((json_int_t)recorder->sightings.total));
	json_object_set_new(line, "processes", json_integer(recorder->processes.started));
	json_object_set_new(line, "seconds", seconds_of(recording));
	recorder_unlock(recorder);
	lines.failed = recording->error != 0;
	lines_add(&lines, line);
	lines_end(&lines);
	if (!recording->error && fsync(recording->file))
		recording->error = errno;
	close(recording->file);
	return !recording->error;
}
