/* tally.h - what recordings come to, for reports: each call, file, address and calling object, and
 * how often it was seen before any trigger and after each.
 *
 * What it is: sightings sorted, put together and counted.
 * What it must not do: print; judge (choose.h); trust the numbers of a recording to be small.
 */
#ifndef TALLY_H
#define TALLY_H

#include "model.h"

/* Counts by how far the process had come: [0] before any trigger; [i + 1] when model->phases[i] was
 * the last of the phases that it had met. */
enum { TALLY_COLUMNS = FIRED_MAX + 1 };

struct tally_call {
	uint32_t number;
	bool is_foreign;  /* made by a program for another architecture */
	const char *name; /* "read", "nr:999" */
	bool is_dangerous, is_sensitive;
	uint64_t counts[TALLY_COLUMNS], count;
	uint32_t left; /* bits: the phases after whose trigger it was made by what is locked then */
	bool is_left;  /* after the last phase */
	struct sighting **kinds; /* with arguments, the most frequent first */
	size_t kind_count;
};

/* A file or an address, and what was done with it. */
struct tally_place {
	const char *what, *use;
	uint64_t counts[TALLY_COLUMNS], count;
	bool is_left, found, missing;
};

struct tally_site {
	const char *object, *offset; /* "libc.so.6", "+0xd4ad7" */
	const struct sighting *sighting;
};

/* One file of code that made calls. */
struct tally_object {
	const char *name;
	const struct tally_site *sites; /* by offset */
	size_t site_count;
	size_t all, left; /* different calls; those of them that were made after the lock, too */
};

struct tally {
	const struct model *model;
	const char *program; /* whose lock it is; NULL: no trigger was met */
	const char *others;  /* programs that met a trigger by themselves, too, or "" */
	uint32_t met;	     /* bits of the phases that it met */
	uint32_t last;	     /* of the last of them; 0: none */

	struct tally_call *calls; /* left after the last phase first, then by count */
	size_t call_count, left;  /* different ones; left after the last phase */
	struct tally_place *files, *addresses;
	size_t file_count, address_count;
	struct tally_object *objects; /* those with the most different calls first */
	size_t object_count;
	size_t kinds, attributed; /* kinds of calls, and those of which a caller is known */

	size_t known; /* calls of the kernel that the tables know */
	size_t dangerous, dangerous_left, sensitive, sensitive_left;
};

struct tally tally(struct context *context, const struct model *model);

/* How many different calls are left after a phase, by its bit. */
size_t tally_left(const struct tally *tally, uint32_t phase);

/* NULL: it was never made. */
const struct tally_call *tally_find(const struct tally *tally, const char *name);

#endif
