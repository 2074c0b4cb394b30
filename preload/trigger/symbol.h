/* symbol.h - what a symbol's name says about its function. See symbol.c. */
#ifndef SYMBOL_H
#define SYMBOL_H

#include <stddef.h>

enum symbol_match {
	SYMBOL_NO,
	SYMBOL_PLAIN, /* it is the function */
	SYMBOL_COPY, /* one that gcc made of it for some callers: to call it is to call the function
		      */
};

/* Is `symbol` the function `name`, or a copy of it? */
enum symbol_match symbol_match(const char *symbol, const char *name);

/* How much of `symbol` is the function's own name. */
size_t symbol_length(const char *symbol);

#endif
