/* text.h - words of other people's programs, made safe to show.
 *
 * What it is: names, paths and arguments come from the programs under test; in a report they must
 * be one line of valid UTF-8 without control characters, whatever their bytes were.
 * What it must not do: escape for a format (XML, TAP, ...): its writer does.
 */
#ifndef CI_TEXT_H
#define CI_TEXT_H

#include "policy/arena.h"

/* Bytes that are no text are written as \xNN. NULL stays NULL. */
const char *plain(struct arena *arena, const char *text);

/* The same of `size` bytes with NULs between them, as a command line: "make -j 2". What is too long
 * is cut. */
const char *plain_words(struct arena *arena, const char *bytes, size_t size);

#endif
