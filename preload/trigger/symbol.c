/* symbol.c - what a symbol's name says about its function.
 *
 * What it does: knows what may stand behind a function's name: a version (.symtab has
 * NAME@VERSION), what LTO adds to a static one, what gcc calls a copy with arguments left out or
 * known, and what Go calls code with arguments on the stack. Not .part or .cold: those are pieces,
 * with names of their own.
 * What it must not do: demangle (sandboxctl does). sandboxctl has this object too.
 *
 * Contract: any.
 */
#include "trigger/symbol.h"

#include "raw.h"

static bool starts_with(const char *text, const char *start)
{
	while (*start) {
		if (*text++ != *start++)
			return false;
	}
	return true;
}

static enum symbol_match match_suffix(const char *suffix)
{
	static const struct {
		const char *start;
		enum symbol_match match;
	} suffixes[] = {
		{ "@", SYMBOL_PLAIN },		{ ".lto_priv.", SYMBOL_PLAIN },
		{ ".constprop.", SYMBOL_COPY }, { ".isra.", SYMBOL_COPY },
		{ ".abi0", SYMBOL_COPY },
	};

	if (!*suffix)
		return SYMBOL_PLAIN;
	for (unsigned i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
		if (starts_with(suffix, suffixes[i].start))
			return suffixes[i].match;
	}
	return SYMBOL_NO;
}

enum symbol_match symbol_match(const char *symbol, const char *name)
{
	return starts_with(symbol, name) ? match_suffix(symbol + text_length(name)) : SYMBOL_NO;
}

size_t symbol_length(const char *symbol)
{
	size_t length = *symbol ? 1 : 0; /* a name has a letter at least */

	while (match_suffix(symbol + length) == SYMBOL_NO)
		length++;
	return length;
}
