/* html.c - text into a page, so that it stays text; see html.h. */
#include "html.h"

#include "characters.h"

#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

/* --- text ------------------------------------------------------------------------------- */

static const struct {
	char character;
	const char *entity;
} entities[] = {
	{ '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" }, { '"', "&quot;" }, { '\'', "&#39;" },
};

static const char *entity_of(char character)
{
	for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++)
		if (entities[i].character == character)
			return entities[i].entity;
	return NULL;
}

static void put_text(FILE *page, const char *text)
{
	while (*text) {
		uint32_t character;
		size_t length = read_character(text, &character);
		const char *entity = entity_of(*text);

		if (!length)
			fprintf(page, "<span class=\"odd\">\\x%02x</span>", (unsigned char)*text);
		else if (is_unseen(character))
			fprintf(page, "<span class=\"odd\">U+%04X</span>", (unsigned)character);
		else if (entity)
			fputs(entity, page);
		else
			fwrite(text, 1, length, page);
		text += length ? length : 1;
	}
}

/* --- numbers ---------------------------------------------------------------------------------- */

const char *with_commas(char buffer[COMMAS_MAX], uint64_t number)
{
	enum { GROUP = 3, BASE = 10 };
	unsigned digits = 0, at = COMMAS_MAX - 1;

	buffer[at] = '\0';
	do {
		if (digits && digits % GROUP == 0)
			buffer[--at] = ',';
		buffer[--at] = (char)('0' + number % BASE);
		number /= BASE;
		digits++;
	} while (number);
	return buffer + at;
}

static void put_number(FILE *page, uint64_t number)
{
	char buffer[COMMAS_MAX];

	fputs(with_commas(buffer, number), page);
}

/* --- all together ----------------------------------------------------------------------------- */

static bool begins(const char **format, const char *word)
{
	size_t length = strlen(word);

	if (strncmp(*format, word, length) != 0)
		return false;
	*format += length;
	return true;
}

void put(FILE *page, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	while (*format) {
		if (begins(&format, "%s"))
			put_text(page, va_arg(values, const char *));
		else if (begins(&format, "%zu"))
			put_number(page, va_arg(values, size_t));
		else if (begins(&format, "%llu"))
			put_number(page, va_arg(values, unsigned long long));
		else if (begins(&format, "%.2f"))
			fprintf(page, "%.2f", va_arg(values, double));
		else if (begins(&format, "%%"))
			fputc('%', page);
		else
			fputc(*format++, page);
	}
	va_end(values);
}
