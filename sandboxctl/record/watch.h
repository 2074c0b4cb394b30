/* watch.h - a recorded run from its start to its end, with the person who waits for it.
 *
 * What it is: the file written as it goes, the line that shows how it goes, signals, the end.
 * What it must not do: know what the recording is for.
 */
#ifndef WATCH_H
#define WATCH_H

#include "recording.h"

struct watch {
	struct recorder recorder;
	struct recording recording;
	bool quiet;	    /* no line that shows how it goes */
	unsigned linger_ms; /* what the program leaves behind is ended after this; 0: never */

	/* When it is over: */
	int status;	  /* of the program, as waitpid() has it */
	bool was_asked;	  /* it was ended by a signal to us */
	bool is_complete; /* the recording has all that was seen */
};

/* Records a run of `program` in `file`. `watch` is zero but for the first lines above, after
 * recorder_begin(). False after saying why the program was not started. */
bool watch_run(struct watch *watch, const char *file, const char *program,
	       const struct recording_head *head);

/* "exit 0", "signal SIGTERM" */
const char *status_text(struct arena *arena, int status);

#endif
