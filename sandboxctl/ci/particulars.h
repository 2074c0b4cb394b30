/* particulars.h - what JSON and SARIF say of a finding by the same names; docs/ci.md explains them.
 */
#ifndef CI_PARTICULARS_H
#define CI_PARTICULARS_H

#include "findings.h"

#include <jansson.h>

/* Nothing where there is no text. */
static inline void set_text(json_t *object, const char *key, const char *text)
{
	if (text)
		json_object_set_new(object, key, json_string(text));
}

static inline void set_particulars(json_t *object, const struct finding *finding)
{
	set_text(object, "program", finding->program);
	set_text(object, "phase", finding->phase);
	set_text(object, "call", finding->call);
	set_text(object, "caller", finding->object);
	set_text(object, "function", finding->function);
	set_text(object, "allow", finding->suggestion);
	set_text(object, "command", finding->command);
}

#endif
