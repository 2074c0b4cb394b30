/* probe_table.h - from the lines of a .test file to the table that SANDBOX_PROBES names.
 *
 * What it is: each line that says what must be denied, as a call with harmless arguments and the
 * answer that the policy gives. What it must not do: write files.
 */
#ifndef PROBE_TABLE_H
#define PROBE_TABLE_H

#include "expect.h"

enum { PROBES_MOST = 1024 };

struct probe_table {
	struct arena *arena;
	struct probe *probes;
	size_t count;
	const char **strings; /* their bytes follow the probes, in this order */
	size_t string_count, string_size;
};

/* Adds the probe of a line for one phase. NULL; or why there is none. Lines that say what must be
 * allowed have none, and no reason: "". */
const char *add_probe(struct probe_table *table, const struct policy *policy,
		      const struct phase *phase, const struct expectation *expectation);

/* The bytes of the file. */
void *probe_bytes(const struct probe_table *table, enum arch arch, size_t *size);

#endif
