/* text.c - words of other people's programs, made safe to show; see text.h. */
#include "text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { SHOWN_MAX = 400, ESCAPED = 4 };

/* The length of the character at `at` of which XML, JSON and terminals think no harm, or 0. */
static size_t character(const unsigned char *at, size_t left)
{
	uint32_t value = *at;
	size_t length = value < 0x80 ? 1 : value < 0xe0 ? 2 : value < 0xf0 ? 3 : 4;
	static const uint32_t least[] = { 0, 0x20, 0xa0, 0x800, 0x10000 }; /* by length */

	if (value == 0x7f || (value >= 0x80 && value < 0xc2) || value > 0xf4 || length > left)
		return 0;
	if (length > 1)
		value &= 0xffu >> (length + 1);
	for (size_t i = 1; i < length; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (at[i] & 0x3f);
	}
	if (value < least[length] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000) ||
	    (value & 0xfffe) == 0xfffe)
		return 0;
	/* Marks that turn the direction of what follows: a line must read as it is. */
	if ((value >= 0x202a && value <= 0x202e) || (value >= 0x2066 && value <= 0x2069))
		return 0;
	return length;
}

static char *append(char *out, const unsigned char *at, size_t length)
{
	static const char digits[] = "0123456789abcdef";

	if (length) {
		memcpy(out, at, length);
		return out + length;
	}
	*out++ = '\\';
	*out++ = 'x';
	*out++ = digits[*at >> 4];
	*out++ = digits[*at & 15];
	return out;
}

static const char *convert(struct arena *arena, const char *bytes, size_t size)
{
	char *text = arena_alloc(arena, size * ESCAPED + 1, 1), *out = text;
	const unsigned char *at = (const unsigned char *)bytes, *end = at + size;

	while (at < end) {
		size_t length = character(at, (size_t)(end - at));

		out = append(out, at, length);
		at += length ? length : 1;
	}
	*out = '\0';
	return text;
}

const char *plain(struct arena *arena, const char *text)
{
	return text ? convert(arena, text, strlen(text)) : NULL;
}

const char *plain_words(struct arena *arena, const char *bytes, size_t size)
{
	bool is_cut = size > SHOWN_MAX;
	char *copy;

	while (size && !bytes[size - 1])
		size--;
	if (!size)
		return NULL;
	if (is_cut)
		size = SHOWN_MAX;
	copy = arena_alloc(arena, size + 1, 1);
	for (size_t i = 0; i < size; i++)
		copy[i] = bytes[i] ? bytes[i] : ' ';
	return arena_printf(arena, "%s%s", convert(arena, copy, size), is_cut ? "..." : "");
}
