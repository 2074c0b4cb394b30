/* jsonplace.h - where a line of a policy stands, put into a JSON object. */
#ifndef JSONPLACE_H
#define JSONPLACE_H

#include "policy/outcome.h"

#include <jansson.h>

static inline void set_place(json_t *object, struct place place)
{
	json_object_set_new(object, "file", json_string(place.source->name));
	json_object_set_new(object, "line", json_integer(place.line));
}

/* And the line itself. */
static inline void set_line(json_t *object, struct arena *arena, struct place place)
{
	set_place(object, place);
	json_object_set_new(object, "text", json_string(line_text(arena, place)));
}

#endif
