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
/* From 0 to 65535; false after saying what is wrong. */
bool read_port_number(struct context *context, const struct word *word, uint64_t *port);

/* --- step_paths.c ----------------------------------------------------------------------------- */

/* The bytes meant by a text in which odd ones are \ooo: `at`, which stands in the word. NULL after
 * saying what is wrong. */
char *read_bytes(struct context *context, const struct word *word, const char *at);
/* The same text back: those that a word of the language cannot have, and `marks`, as \ooo. */
const char *write_bytes(struct arena *arena, const char *plain, const char *marks);

/* A path: such bytes, absolute, without `.`, `..` and empty parts. NULL after saying what is wrong.
 */
const char *read_path(struct context *context, const struct word *word, const char *at);
const char *write_path(struct arena *arena, const char *path);

/* The rights of read, write, create, execute; 0: no such word. */
uint64_t path_rights(enum statement_kind word);
bool is_beneath(const char *path, const char *directory);

#endif
