/* pieces.h - what the files that write a page share: page.c and page_*.c.
 *
 * What it is: tables of counts, a column for what was not locked and one for each phase; and the
 * sections.
 * What it must not do: count. A tally has all numbers.
 */
#ifndef PIECES_H
#define PIECES_H

#include "report.h"

/* Whether any trigger was met; whether those of several phases were. */
bool has_lock(const struct report *report);
bool has_phases(const struct report *report);

/* A table that scrolls by itself, also by keyboard: the page never does sideways. Between the two
 * the heads of its columns, between begin_rows() and end_table() the rows. */
void begin_table(FILE *page, const char *label, bool is_tall);
void put_head(FILE *page, const char *title);
void put_count_heads(FILE *page, const struct report *report);
void begin_rows(FILE *page);
void end_table(FILE *page);

/* Cells. `counts` has one for each of put_count_heads(). */
void put_count(FILE *page, uint64_t count);
void put_counts(FILE *page, const struct report *report, const uint64_t *counts);

/* page_top.c */
void put_top(FILE *page, const struct report *report);
/* The name of the program. */
const char *title_of(const struct report *report);

/* page_calls.c */
void put_lock(FILE *page, const struct report *report);
void put_calls(FILE *page, const struct report *report);
void put_objects(FILE *page, const struct report *report);

/* page_places.c */
void put_files(FILE *page, const struct report *report);
void put_addresses(FILE *page, const struct report *report);

#endif
