/* cxxname.h - C++ names as people write them. See cxxname.c. */
#ifndef CXXNAME_H
#define CXXNAME_H

#include "policy/arena.h"

#include <stdbool.h>

/* What `nm -C` shows for the mangled name, or NULL: it is none. */
const char *cxx_demangle(struct arena *arena, const char *symbol);

/* Does `name`, with its parameter list or without, mean the function `demangled`? */
bool cxx_means(struct arena *arena, const char *demangled, const char *name);

/* Without libstdc++ no mangled name can be read: why, or NULL. */
const char *cxx_missing(void);

#endif
