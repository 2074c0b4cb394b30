/* characters.h - the characters of a text that anybody may have written.
 *
 * What it is: UTF-8 read with care, and which characters nobody sees, or make others look
 * different. What it must not do: know what the text is for.
 */
#ifndef CHARACTERS_H
#define CHARACTERS_H

#include "policy/arena.h"

#include <stdbool.h>
#include <stdint.h>

/* The character at `text`, and its length in bytes; 0: these are not UTF-8. */
size_t read_character(const char *text, uint32_t *character);

/* Nobody sees it, or it makes others look different. */
bool is_unseen(uint32_t character);

/* A copy for a terminal: such characters as <U+202E>. */
const char *seen_text(struct arena *arena, const char *text);

#endif
