/* write.h - a compiled policy as bytes.
 *
 * What it is: the image of a .policyc file, checked by the reader that the library uses.
 * What it must not do: write files (the subcommand compile does).
 */
#ifndef WRITE_H
#define WRITE_H

#include "build.h"

struct image {
	void *bytes; /* 8-byte aligned */
	size_t size;
};

/* `directory`: where the file will be; texts below it are named relative to it. False after
 * saying what is wrong. */
bool make_image(struct context *context, const struct compiled *compiled, const char *directory,
		struct image *image);

#endif
