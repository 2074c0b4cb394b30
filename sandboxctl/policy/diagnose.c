/* diagnose.c - errors and warnings with their places; see diagnose.h. */
#include "diagnose.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_SHOWN = 160, LINE_LEAD = 60, WORD_MAX = 64 };

struct diagnostic *diagnose(struct diagnostics *diagnostics, enum severity severity,
			    struct place place, const char *format, ...)
{
	struct diagnostic *diagnostic;
	va_list arguments;
	char message[1024];

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	/* The same word may be looked at more than once (by two phases, by two targets). */
	for (size_t i = 0; i < diagnostics->count; i++) {
		diagnostic = &diagnostics->list[i];
		if (place.start && diagnostic->place.start == place.start &&
		    diagnostic->place.column == place.column &&
		    !strcmp(diagnostic->message, message))
			return diagnostic;
	}
	if (severity == ERROR)
		diagnostics->errors++;
	else
		diagnostics->warnings++;
	/* A text of a hundred thousand mistakes must not become a hundred thousand messages. */
	if (diagnostics->count > 4ul * ERRORS_SHOWN)
		return &diagnostics->list[diagnostics->count - 1];
	diagnostic = ARENA_PUSH(diagnostics->arena, diagnostics->list, diagnostics->count);
	diagnostic->severity = severity;
	diagnostic->place = place;
	diagnostic->message = arena_strndup(diagnostics->arena, message, strlen(message));
	diagnostic->hint = NULL;
	return diagnostic;
}

const char *place_text(struct arena *arena, struct place place)
{
	if (!place.source)
		return "";
	if (!place.line)
		return place.source->name;
	return arena_printf(arena, "%s:%u:%u", place.source->name, place.line, place.column);
}

static size_t line_length(const struct place *place)
{
	const char *end = place->source->text + place->source->size;
	const char *newline = memchr(place->start, '\n', (size_t)(end - place->start));

	return (size_t)((newline ? newline : end) - place->start);
}

/* The source line and the underline; a long line is cut to the part around the place. */
static void write_excerpt(FILE *out, const struct place *place)
{
	size_t length = line_length(place), column = place->column - 1, from = 0, to = length;
	size_t mark = place->length ? place->length : 1;

	if (length > LINE_SHOWN) {
		from = column > LINE_LEAD ? column - LINE_LEAD : 0;
		to = from + LINE_SHOWN < length ? from + LINE_SHOWN : length;
	}
	while (to > from && (place->start[to - 1] == '\r' || place->start[to - 1] == '\n'))
		to--;
	fprintf(out, "  %s", from ? "..." : "");
	for (size_t i = from; i < to; i++) {
		unsigned char c = (unsigned char)place->start[i];

		fputc((c < ' ' && c != '\t') || c == 0x7f ? '?' : c, out);
	}
	fprintf(out, "%s\n  %s", to < length && length > LINE_SHOWN ? "..." : "",
		from ? "   " : "");
	/* Tabs are repeated so that the mark stands under the word whatever their width;
	 * bytes that continue a UTF-8 character take no column. */
	for (size_t i = from; i < column; i++) {
		unsigned char c = i < to ? (unsigned char)place->start[i] : ' ';

		if ((c & 0xc0) != 0x80)
			fputc(c == '\t' ? '\t' : ' ', out);
	}
	fputc('^', out);
	for (size_t i = 1; i < mark && column + i < to; i++)
		fputc('~', out);
	fputc('\n', out);
}

static void write_diagnostic(FILE *out, struct arena *arena, const struct diagnostic *diagnostic)
{
	const char *at = place_text(arena, diagnostic->place);

	fprintf(out, "%s: %s: %s\n", *at ? at : "sandboxctl",
		diagnostic->severity == ERROR ? "error" : "warning", diagnostic->message);
	if (diagnostic->place.source && diagnostic->place.line)
		write_excerpt(out, &diagnostic->place);
	if (diagnostic->hint)
		fprintf(out, "  %s\n", diagnostic->hint);
}

const char *diagnostics_text(const struct diagnostics *diagnostics)
{
	unsigned shown[2] = { 0, 0 };
	char *text = NULL, *copy;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return "sandboxctl: out of memory\n";
	for (size_t i = 0; i < diagnostics->count; i++) {
		const struct diagnostic *diagnostic = &diagnostics->list[i];

		if (shown[diagnostic->severity]++ < ERRORS_SHOWN)
			write_diagnostic(out, diagnostics->arena, diagnostic);
	}
	if (diagnostics->errors > ERRORS_SHOWN)
		fputs("sandboxctl: more errors not shown\n", out);
	fclose(out);
	copy = arena_strndup(diagnostics->arena, text, size);
	free(text);
	return copy;
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned least = a < b ? a : b;

	return least < c ? least : c;
}

/* Insertions, deletions, replacements and swaps of neighbours between two short words. */
static unsigned edit_distance(const char *a, size_t n, const char *b, size_t m)
{
	unsigned rows[3][WORD_MAX + 1];
	unsigned *before = rows[0], *last = rows[1], *row = rows[2];

	for (size_t j = 0; j <= m; j++)
		last[j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		unsigned *spare = before;

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= m; j++) {
			row[j] = min3(last[j] + 1, row[j - 1] + 1,
				      last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
		before = last;
		last = row;
		row = spare;
	}
	return last[m];
}

static uint32_t letters(const char *word)
{
	uint32_t set = 0;

	for (; *word; word++)
		set |= 1u << (*word & 31);
	return set;
}

/* What the distance is at least: the difference of the lengths, and one for each letter that the
 * other word lacks. Most words are ruled out by it, without the whole comparison. */
static unsigned least_distance(const char *a, size_t n, const char *b, size_t m)
{
	uint32_t in_a = letters(a), in_b = letters(b);
	unsigned lacking = (unsigned)__builtin_popcount(in_a & ~in_b);
	unsigned further = (unsigned)__builtin_popcount(in_b & ~in_a);
	unsigned length = (unsigned)(n > m ? n - m : m - n);

	if (lacking < further)
		lacking = further;
	return length < lacking ? lacking : length;
}

void nearest_begin(struct nearest *nearest, const char *word)
{
	size_t length = strlen(word);

	nearest->word = word;
	nearest->best = NULL;
	/* Farther than a third of the word is a guess, not a correction. */
	nearest->distance = length > WORD_MAX ? 0 : (unsigned)(length < 3 ? 2 : length / 3 + 1);
}

void nearest_try(struct nearest *nearest, const char *candidate)
{
	size_t n = strlen(nearest->word), m = strlen(candidate);
	unsigned distance;

	if (n > WORD_MAX || m > WORD_MAX)
		return;
	if (least_distance(nearest->word, n, candidate, m) >= nearest->distance)
		return;
	distance = edit_distance(nearest->word, n, candidate, m);
	if (distance < nearest->distance) {
		nearest->distance = distance;
		/* The word itself is there, so that something else is wrong with it. */
		nearest->best = distance ? candidate : NULL;
	}
}

void nearest_hint(struct diagnostics *diagnostics, struct diagnostic *diagnostic,
		  const struct nearest *nearest)
{
	if (nearest->best)
		diagnostic->hint =
			arena_printf(diagnostics->arena, "did you mean '%s'?", nearest->best);
}
