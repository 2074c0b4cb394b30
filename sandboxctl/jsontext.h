/* jsontext.h - a text put into a JSON object, unless there is none. */
#ifndef JSONTEXT_H
#define JSONTEXT_H

#include <jansson.h>

static inline void set_text(json_t *object, const char *key, const char *text)
{
	if (text)
		json_object_set_new(object, key, json_string(text));
}

#endif
