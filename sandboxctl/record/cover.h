/* cover.h - what was seen, held against a policy.
 *
 * What it is: what of a recording the policy would deny, and what the policy gives that no run of
 * it used. What it must not do: decide by itself. The verdicts are evaluate.c's.
 */
#ifndef COVER_H
#define COVER_H

#include "model.h"

#include "policy/outcome.h"
#include "policy/question.h"

struct denied {
	const struct phase *phase;
	const struct sighting *sighting;
	const struct sighting
		*call;	 /* as it was made: a clone3 is shown as the clone it would be */
	bool perhaps;	 /* arguments that the recording lacks decide */
	bool on_purpose; /* a line names the call and the error it gets: the program goes on */

	struct verdict verdict; /* of a call */

	const char *question;	    /* of a file or port: "read /etc/passwd" */
	const struct step_item *by; /* the line that takes it away, or NULL */
};

/* A word of a line that gives rights: a call, a group, a path, a port. */
struct unused {
	const struct phase *phase;
	struct place place;
};

struct coverage {
	struct denied *denied;
	size_t denied_count;
	size_t missed; /* of those: not on purpose */
	struct unused *unused;
	size_t unused_count;
};

/* The bits of arguments that the policy looks at are kept by a recorder with these shapes. */
void cover_shapes(const struct policy *policy, struct shapes *shapes);

/* `program`: whose policy it is; NULL: of all that were locked. */
struct coverage cover(struct context *context, const struct model *model, const char *program,
		      const struct policy *policy);

#endif
