/* cxxname.h - the symbols that a C++ name means. See cxxname.c. */
#ifndef CXXNAME_H
#define CXXNAME_H

#include <stdbool.h>

struct line;

enum cxx_result {
	CXX_FOUND,
	CXX_NONE,
	CXX_SEVERAL,	/* functions of that name */
	CXX_NO_COMMAND, /* there is no sandboxctl to ask */
};

/* Could it be a C++ name rather than a symbol? */
bool cxx_is_name(const char *name);

/* Is it one that no symbol of any language has? */
bool cxx_is_no_symbol(const char *name);

/* load: the symbols in the file at `path` that `name` means: several when one function has several
 * (constructors have). Each ends with a NUL, an empty one ends the list; in scratch. Of several
 * functions, `candidates` has the names. */
enum cxx_result cxx_symbols(const char *path, const char *name, const char **symbols,
			    struct line *candidates);

#endif
