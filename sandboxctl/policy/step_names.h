/* step_names.h - what the lines about a lock's steps call things: capabilities, resources,
 * namespaces, scopes, kinds of descriptors, what may be missing.
 *
 * What it is: tables, and look-ups in them.
 * What it must not do: depend on the machine it runs on.
 */
#ifndef STEP_NAMES_H
#define STEP_NAMES_H

#include "diagnose.h"

struct step_name {
	const char *name;
	uint64_t value;
};

struct step_names {
	const char *what;   /* "no capability is called 'X'" */
	const char *prefix; /* that people put before the name in capitals, or NULL: "CAP_" */
	const struct step_name *rows;
	size_t count;
};

extern const struct step_names capability_names; /* the number */
extern const struct step_names limit_names;	 /* RLIMIT_* */
extern const struct step_names namespace_names;	 /* CLONE_NEW* */
extern const struct step_names scope_names;	 /* POLICYC_SCOPE_* */
extern const struct step_names descriptor_names; /* enum policyc_descriptor */
extern const struct step_names prewarm_names;	 /* enum policyc_prewarm */
extern const struct step_names optional_names;	 /* enum optional_bits, namespaces << 32 */

/* What `optional` names, beside the bits of enum policyc_step: the kernel has both or neither. */
enum optional_bits {
	OPTIONAL_BIND = 1u << 29,
	OPTIONAL_CONNECT = 1u << 30,
};

/* By its name, or as the kernel's headers write it (CAP_NET_RAW). NULL: none is called so. */
const struct step_name *find_step_name(const struct step_names *names, const char *text);
void nearest_step_name(struct nearest *nearest, const struct step_names *names, const char *text);

#endif
