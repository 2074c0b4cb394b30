/* loader.h - the loader's list of objects. See loader.c. */
#ifndef LOADER_H
#define LOADER_H

#include <link.h>

/* load, hook: the program, which heads the list (l_next) of the objects that started with it and of
 * those that were opened since. Names without a slash are no files (the vdso). */
const struct link_map *loader_program(void);

#endif
