/* loader.h - the loader's list of objects, and those that come later. See loader.c. */
#ifndef LOADER_H
#define LOADER_H

#include <link.h>
#include <stdbool.h>
#include <stdint.h>

struct wanted;

/* load: the program, which heads the list (l_next) of the objects that are loaded. */
const struct link_map *loader_program(void);

/* load: trigger `number` of phase `phase` waits for the function in every library of the wanted
 * name, whenever it is loaded; `use`: enum entry_use. False: the loader cannot be watched, and *why
 * says why. */
bool loader_want(const struct wanted *wanted, unsigned phase, unsigned number, unsigned use,
		 const char **why);

/* hook: does a trigger of these phases wait for objects? */
bool loader_waits(uint32_t phases);

/* trigger_alone: the loader has added or removed objects, and holds its lock. */
void loader_changed(void *unused);

#endif
