/* recording.h - the file that a recorded run leaves behind: JSON, one object a line.
 *
 * What it is: the writer; recording(5) has the format, model.h the reader.
 * What it must not do: leave a part of a line, whatever happens: lines are written whole, and a
 * write that fails half way is taken back.
 */
#ifndef RECORDING_H
#define RECORDING_H

#include "recorder.h"

struct recording {
	const char *path;
	int file;
	off_t good; /* up to here there are whole lines */
	int error;  /* of the last write, 0: it worked */
	double started;
};

struct recording_head {
	char **argv;
	const char *policy;	    /* NULL: none was named */
	const struct policy *armed; /* whose phases and triggers the library has */
};

/* Opens or makes the file and writes the head of a run. False: `*why`. */
bool recording_open(struct recording *recording, const char *path,
		    const struct recording_head *head, const char **why);

/* Writes what is new, under the recorder's lock. What cannot be written stays queued, and
 * recording->error says why. */
void recording_flush(struct recording *recording, struct recorder *recorder);

/* All the rest, and how it ended ("exit 0", "signal SIGTERM"). False: the recording is not whole;
 * recording->error says why. */
bool recording_close(struct recording *recording, struct recorder *recorder, const char *end);

double recording_seconds(const struct recording *recording);

/* A call of which these bits are known, as query.h reads it. */
const char *call_text(struct arena *arena, uint32_t number, const struct cube *cube);

#endif
