/* model.h - recordings that were read: what all their runs saw together.
 *
 * What it is: the reader of recording(5). Runs of one file and several files become one.
 * What it must not do: read files, or trust them: a recording comes from anywhere.
 */
#ifndef MODEL_H
#define MODEL_H

#include "processes.h"
#include "sightings.h"

#include "policy/policy.h"

struct run_trigger {
	const char *phase, *text;
};

/* So many calls were made when so many seconds had gone. */
struct run_time {
	uint64_t calls;
	double seconds;
};

/* What a line says of a call, file or address: the same thing may have several. */
struct run_sight {
	const struct sighting *sighting;
	uint64_t count, first, last;
};

/* A process was met first. */
struct run_process {
	const char *program;
	unsigned generation;
	uint64_t at;
};

struct run {
	const char *file;				 /* its name */
	const char *program, *started, *kernel, *policy; /* policy: NULL when none was named */
	const char *version;				 /* of sandboxctl */
	const char *end;				 /* "exit 0"; NULL: it was cut off */
	uint64_t calls, processes;			 /* as far as it is known */
	struct run_time *times;				 /* the last one is the end */
	size_t time_count;
	struct run_sight *sights;
	size_t sight_count;
	struct run_process *started_processes;
	size_t process_count;
	struct run_trigger *triggers; /* as they were armed */
	size_t trigger_count;
	uint32_t prewarms; /* enum policyc_prewarm, as they were armed */
};

/* A trigger that a process met. */
struct fired {
	const char *program, *phase, *trigger;
	unsigned generation;
	size_t run;
	pid_t pid;
	uint64_t at;
	unsigned threads;
	bool again; /* the process was locked already: by its parent, or before it executed this */
};

struct model {
	struct arena *arena;
	struct sightings sightings;
	struct scenes scenes;
	const char *phases[FIRED_MAX];
	unsigned phase_count;
	struct run *runs;
	size_t run_count;
	struct fired *fired;
	size_t fired_count;
	struct place partial; /* a last line that is not whole; source NULL: none */
};

void model_begin(struct model *model, struct arena *arena);

/* Adds the runs of a recording; false after saying what is wrong. */
bool model_read(struct context *context, struct model *model, const struct source *source);

/* All calls, files and addresses, in the order they were read. */
struct sighting **model_list(const struct model *model, size_t *count);

/* The bit of a phase in scene.fired; 0: no process met its trigger. */
uint32_t model_phase(const struct model *model, const char *name);

/* What was done before main in any of the runs: the recordings do not have it. */
uint32_t model_prewarms(const struct model *model);

#endif
