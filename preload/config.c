/* config.c - the environment table.
 *
 * What it does: turns the SANDBOX_* variables into struct config, and refuses values it does not
 * know: a mistyped SANDBOX_MODE must not become "off" or "enforce" in silence. And names that are
 * ours but for one slip: SANDBOX_POLCY=redis would lock under the policy "minimal".
 * What it must not do: remove variables. A child that the program starts gets the library again
 * and decides by its own name (the policy's `program`), so the environment stays as it was.
 *
 * Contract: load.
 */
#include "config.h"

#include <stdlib.h>
#include <sys/auxv.h>
#include <unistd.h>

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

/* Not SANDBOX_MODE: without it a policy is enforced, and SANDBOX_NODE may be somebody's own. */
static const char *const ours[] = {
	"SANDBOX_POLICY", "SANDBOX_POLICY_PATH", "SANDBOX_TRIGGER",
	"SANDBOX_REPORT", "SANDBOX_PROBES",	 "SANDBOX_VERBOSE",
};

static bool same_letter(char a, char b)
{
	return (a & ~0x20) == (b & ~0x20); /* in either case */
}

/* Is it `meant` but for one letter too many, too few, or another one, two that changed places, or
 * small letters? */
static bool is_slip(const char *name, size_t length, const char *meant)
{
	size_t wanted = text_length(meant), same = 0;

	while (same < length && same < wanted && same_letter(name[same], meant[same]))
		same++;
	name += same, meant += same;
	length -= same, wanted -= same;
	while (length && wanted && same_letter(name[length - 1], meant[wanted - 1]))
		length--, wanted--;
	if (length == 2 && wanted == 2)
		return same_letter(name[0], meant[1]) && same_letter(name[1], meant[0]);
	return length <= 1 && wanted <= 1;
}

static bool is_ours(const char *name)
{
	for (unsigned i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		if (text_equal(name, ours[i]))
			return true;
	return false;
}

static void refuse_slip(const char *name, size_t length)
{
	for (unsigned i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		if (is_slip(name, length, ours[i]))
			report_fatal("the environment has ", name, ", which means nothing: say ",
				     ours[i], ", or take it out", NULL);
}

static void refuse_slips(void)
{
	for (char **entry = environ; entry && *entry; entry++) {
		char name[sizeof("SANDBOX_POLICY_PATH") + 1] = { 0 };
		size_t length = 0;

		while (length < sizeof(name) - 1 && (*entry)[length] && (*entry)[length] != '=') {
			name[length] = (*entry)[length];
			length++;
		}
		if ((*entry)[length] == '=' && same_letter(name[0], 'S') && !is_ours(name))
			refuse_slip(name, length);
	}
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

	if (!getauxval(AT_SECURE)) /* else the environment says nothing */
		refuse_slips();
	for (unsigned i = 0; i < sizeof(table) / sizeof(*table); i++)
		*table[i].value = variable(table[i].name);
	config->mode = mode_from(variable("SANDBOX_MODE"));
	config->verbose = flag_from(variable("SANDBOX_VERBOSE"));
}
