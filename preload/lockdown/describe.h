/* describe.h - what an open descriptor is, in a policy's words. See describe.c. */
#ifndef DESCRIBE_H
#define DESCRIBE_H

#include <stdbool.h>
#include <stdint.h>

#define DESCRIPTOR_NAME 4160 /* a path of any length, " (deleted)" and more behind it */

struct descriptor {
	int number;
	uint32_t kind; /* enum policyc_descriptor */
	int status;    /* F_GETFL */
	bool cloexec;
	bool connected; /* tcp, udp: `name` is LOCAL/PEER */
	char name[DESCRIPTOR_NAME];
};

/* hook: looks at descriptor `number` of the calling thread; `directory` is its /proc/.../fd.
 * False: it is not open. */
bool descriptor_look(struct descriptor *descriptor, int directory, int number);

/* any: "tcp" */
const char *descriptor_type(uint32_t kind);

/* any: "r", "w", "rw", "path"; "cloexec nonblock append", those that are set. */
const char *descriptor_access(const struct descriptor *descriptor);
struct line;
void descriptor_flags(struct line *line, const struct descriptor *descriptor);

#endif
