/* config.h - what the environment asks for, read once by the constructor.
 *
 * What it is: struct config, filled from one table of variables (config.c).
 * What it must not do: open anything, or be read again later: a program may change its environment.
 */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdbool.h>

enum mode {
	MODE_ENFORCE,  /* the default */
	MODE_OBSERVE,  /* the kernel logs what would be denied; nothing is denied */
	MODE_DRY_RUN,  /* say when it would lock */
	MODE_LEARN,    /* tell the recorder when it would lock: sandboxctl learn */
	MODE_TRIGGERS, /* and of every hooked call: sandboxctl triggers */
	MODE_OFF,
	MODES
};

struct config {
	const char *policy; /* SANDBOX_POLICY: name or path; NULL: by program, else "minimal" */
	const char *policy_path; /* SANDBOX_POLICY_PATH: colon list, or NULL */
	const char *trigger;	 /* SANDBOX_TRIGGER: replaces the last phase's triggers, or NULL */
	const char *report;	 /* SANDBOX_REPORT: stderr, a path, fd:N, none; NULL = stderr */
	const char *probes;	 /* SANDBOX_PROBES: a table of calls to try at the lock; or NULL */
	const char *home; /* HOME and XDG_CONFIG_HOME, for the user's policies; may be NULL */
	const char *xdg_config_home;
	enum mode mode;
	bool verbose;
};

/* load: fills `config`. Ends the process on a value that is not known. */
void config_read(struct config *config);

#endif
