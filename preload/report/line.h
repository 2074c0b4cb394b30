/* line.h - building one line in a fixed buffer.
 *
 * What it is: text, numbers and JSON strings appended to a struct line; too much is cut, and the
 * line still ends in a newline. Contract: any (no libc, no allocation).
 */
#ifndef LINE_H
#define LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE_SIZE 1024 /* bytes; lives on the stack of a signal handler, maybe an 8 KiB one */
#define LINE_REST 448  /* what a text of any length leaves for the fields behind it */

struct line {
	unsigned length;
	char text[LINE_SIZE];
};

static inline void line_char(struct line *line, char c)
{
	if (line->length < LINE_SIZE - 1) /* one byte stays for the newline */
		line->text[line->length++] = c;
}

static inline void line_octal(struct line *line, unsigned char c)
{
	line_char(line, '\\');
	line_char(line, (char)('0' + (c >> 6)));
	line_char(line, (char)('0' + (c >> 3 & 7)));
	line_char(line, (char)('0' + (c & 7)));
}

/* Names of files are any bytes. What is not plain ASCII is written as \ooo: a line stays one line,
 * and commands no terminal. */
static inline void line_text(struct line *line, const char *text)
{
	for (; *text; text++) {
		if (*text >= ' ' && *text < 0x7f)
			line_char(line, *text);
		else
			line_octal(line, (unsigned char)*text);
	}
}

static inline void line_number(struct line *line, uint64_t value, unsigned base)
{
	char digits[20];
	unsigned n = 0;

	do {
		digits[n++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	while (n)
		line_char(line, digits[--n]);
}

static inline void line_unsigned(struct line *line, uint64_t value)
{
	line_number(line, value, 10);
}

static inline void line_signed(struct line *line, int64_t value)
{
	if (value < 0)
		line_char(line, '-');
	line_unsigned(line, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

static inline void line_hex(struct line *line, uint64_t value)
{
	line_text(line, "0x");
	line_number(line, value, 16);
}

/* The bytes between JSON quotes. What is not plain ASCII text is written as \u00XX. A long text is
 * cut, so that what follows it still fits and the line stays JSON. */
static inline void line_json(struct line *line, const char *text)
{
	for (; *text && line->length < LINE_SIZE - LINE_REST; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\') {
			line_char(line, '\\');
			line_char(line, (char)c);
		} else if (c < 0x20 || c >= 0x7f) {
			line_text(line, "\\u00");
			line_char(line, "0123456789abcdef"[c >> 4]);
			line_char(line, "0123456789abcdef"[c & 15]);
		} else {
			line_char(line, (char)c);
		}
	}
}

/* A word of a policy: what would end it or mean something there is written as \ooo. A long text is
 * cut, and ends in `*`, which is any text where names are patterns. */
static inline void line_word(struct line *line, const char *text)
{
	static const char special[] = "(){},|&=<>#\\";

	for (; *text && line->length < LINE_SIZE - LINE_REST; text++) {
		unsigned char c = (unsigned char)*text;
		bool plain = c > ' ' && c < 0x7f;

		for (const char *s = special; *s; s++)
			plain = plain && *s != (char)c;
		if (plain)
			line_char(line, (char)c);
		else
			line_octal(line, c);
	}
	if (*text)
		line_char(line, '*');
}

#endif
