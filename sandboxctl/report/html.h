/* html.h - text into a page, so that it stays text.
 *
 * What it is: the only way in which what a recording says comes into a page. There is none that
 * does not escape it.
 * What it must not do: know what a page is about.
 */
#ifndef HTML_H
#define HTML_H

#include <stdint.h>
#include <stdio.h>

/* As printf() does, but %s is escaped, and whole numbers have commas. Characters that cannot be
 * seen, or that turn the direction of the text around them, are shown as U+202E. Only %s, %zu,
 * %llu and %.2f, without flags, and %%. */
void put(FILE *page, const char *format, ...) __attribute__((format(printf, 2, 3)));

enum { COMMAS_MAX = 32 };

/* "12,345" */
const char *with_commas(char buffer[COMMAS_MAX], uint64_t number);

#endif
