/* steps.h - what a lock does beside its filter: files, ports, scopes, root, namespaces,
 * capabilities, limits, descriptors.
 *
 * What it is: the lines of a phase looked up word by word (steps.c), and put together to what the
 * library is told (step_rules.c).
 * What it must not do: look at this machine. Whether a path is there, and whether the kernel can,
 * is known where the policy is used.
 */
#ifndef STEPS_H
#define STEPS_H

#include "policy.h"

/* Fills the steps of every phase from its lines. */
void resolve_steps(struct context *context, struct policy *policy);

/* steps.c: the lines of one phase as items. */
void read_step_lines(struct context *context, struct phase *phase);

/* A path as policies write it: absolute, without `.`, `..` and empty parts, odd bytes as \ooo.
 * NULL after saying what is wrong. `at` is where it stands in the word. */
const char *read_path(struct context *context, const struct word *word, const char *at);
bool read_port_number(struct context *context, const struct word *word, uint64_t *port);
/* The same path back. */
const char *write_path(struct arena *arena, const char *path);

/* The rights of read, write, create, execute; 0: no such word. */
uint64_t path_rights(enum statement_kind word);
bool is_beneath(const char *path, const char *directory);

#endif
