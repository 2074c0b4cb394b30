/* config.c - the environment table.
 *
 * What it does: turns the SANDBOX_* variables into struct config, and refuses values it does not
 * know: a mistyped SANDBOX_MODE must not become "off" or "enforce" in silence.
 * What it must not do: remove variables. A child that the program starts gets the library again
 * and decides by its own name (the policy's `program`), so the environment stays as it was.
 *
 * Contract: load.
 */
#include "config.h"

#include <stdlib.h>

#include "raw.h"
#include "report/report.h"

static const char *const mode_words[MODES] = {
	[MODE_ENFORCE] = "enforce", [MODE_OBSERVE] = "observe",	  [MODE_DRY_RUN] = "dry-run",
	[MODE_LEARN] = "learn",	    [MODE_TRIGGERS] = "triggers", [MODE_OFF] = "off",
};

static enum mode mode_from(const char *word)
{
	if (!word)
		return MODE_ENFORCE;
	for (int i = 0; i < MODES; i++) {
		if (text_equal(word, mode_words[i]))
			return (enum mode)i;
	}
	report_fatal("SANDBOX_MODE=", word, " is not known: say enforce, observe, dry-run or off",
		     NULL);
}

static bool flag_from(const char *word)
{
	if (!word || text_equal(word, "0"))
		return false;
	if (text_equal(word, "1"))
		return true;
	report_fatal("SANDBOX_VERBOSE=", word, " is not known: say 0 or 1", NULL);
}

/* An empty variable counts as unset: `SANDBOX_POLICY= prog` in a script means "none given". */
static const char *variable(const char *name)
{
	const char *value = secure_getenv(name);

	return value && *value ? value : NULL;
}

void config_read(struct config *config)
{
	const struct {
		const char *name;
		const char **value;
	} table[] = {
		{ "SANDBOX_POLICY", &config->policy },
		{ "SANDBOX_POLICY_PATH", &config->policy_path },
		{ "SANDBOX_TRIGGER", &config->trigger },
		{ "SANDBOX_REPORT", &config->report },
		{ "SANDBOX_PROBES", &config->probes },
		{ "HOME", &config->home },
		{ "XDG_CONFIG_HOME", &config->xdg_config_home },
	};

	for (unsigned i = 0; i < sizeof(table) / sizeof(*table); i++)
		*table[i].value = variable(table[i].name);
	config->mode = mode_from(variable("SANDBOX_MODE"));
	config->verbose = flag_from(variable("SANDBOX_VERBOSE"));
}
