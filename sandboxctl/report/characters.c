/* characters.c - the characters of a text; see characters.h. */
#include "characters.h"

#include <stdio.h>
#include <string.h>

/* Controls, joiners, marks of direction, blanks without a width. */
static const struct {
	uint32_t first, last;
} unseen[] = {
	{ 0x00, 0x1f },	    { 0x7f, 0x9f },	{ 0xad, 0xad },	      { 0x61c, 0x61c },
	{ 0x180e, 0x180e }, { 0x200b, 0x200f }, { 0x2028, 0x202e },   { 0x2060, 0x206f },
	{ 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff }, { 0xfff9, 0xfffb },   { 0xd800, 0xdfff },
	{ 0x3164, 0x3164 }, { 0xffa0, 0xffa0 }, { 0xe0000, 0xe0fff },
};

size_t read_character(const char *text, uint32_t *character)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char lead = (unsigned char)*text;
	size_t length = lead < 0x80   ? 1
			: lead < 0xc0 ? 0
			: lead < 0xe0 ? 2
			: lead < 0xf0 ? 3
			: lead < 0xf8 ? 4
				      : 0;

	*character = length == 1 ? lead : length ? lead & (0x7fu >> length) : 0;
	for (size_t i = 1; i < length; i++) {
		if (((unsigned char)text[i] & 0xc0) != 0x80)
			return 0;
		*character = *character << 6 | ((unsigned char)text[i] & 0x3f);
	}
	return length && *character >= least[length] && *character <= 0x10ffff ? length : 0;
}

bool is_unseen(uint32_t character)
{
	for (size_t i = 0; i < sizeof(unseen) / sizeof(unseen[0]); i++)
		if (character >= unseen[i].first && character <= unseen[i].last)
			return true;
	return false;
}

const char *seen_text(struct arena *arena, const char *text)
{
	enum { SHOWN_MAX = 9 }; /* "<U+E0001>" */
	char *shown = arena_alloc(arena, strlen(text) * SHOWN_MAX + 1, 1), *at = shown;

	while (*text) {
		uint32_t character;
		size_t length = read_character(text, &character);

		if (!length)
			at += sprintf(at, "<%02x>", (unsigned char)*text);
		else if (is_unseen(character))
			at += sprintf(at, "<U+%04X>", (unsigned)character);
		else
			at = mempcpy(at, text, length);
		text += length ? length : 1;
	}
	return shown;
}
