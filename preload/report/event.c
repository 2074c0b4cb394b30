/* event.c - where lines go and how they look.
 *
 * What it does: people read stderr, machines read JSON lines; both are built here, one write(2) an
 * event. Descriptors are remembered by the file behind them: a daemon that closes everything and
 * opens a database, or takes a client's connection, must not find our line in it.
 * What it must not do: see report.h.
 */
#include "report/report.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/stat.h>

#include "config.h"
#include "policyc.h"
#include "raw.h"
#include "report/errnames.h"
#include "report/line.h"
#include "report/mark.h"
#include "report/objects.h"

/* A descriptor and the file it stood for when we last looked. */
struct target {
	int fd; /* -1: none */
	dev_t device;
	ino_t inode;
};

static struct {
	const char *program;
	const void *image;
	const char *path; /* SANDBOX_REPORT when it is a path */
	bool verbose;
	bool opens_nothing; /* a filter is in force, ours or that of who executed us */
	bool is_blind;	    /* a filter of ours is in force that may refuse fstat(2) */
	bool watched;	    /* SANDBOX_REPORT=watch:PATH: machines read every event */
	uint64_t number;    /* how the watcher calls this program in this process; 0: it does not */
	struct target standard_error; /* as it was at the start */
	struct target people;
	struct target machines;
} out = { .program = "?", .people = { .fd = -1 }, .machines = { .fd = -1 } };

/* Far from the low numbers that programs count on (a daemon dup2()s onto 0..2, or expects 3). */
#define REPORT_FD_MIN 200

static bool target_identify(struct target *target)
{
	struct stat st = { 0 };

	if (target->fd < 0 || raw(fstat, target->fd, &st))
		return false;
	target->device = st.st_dev;
	target->inode = st.st_ino;
	return true;
}

static bool target_unchanged(const struct target *target)
{
	struct target now = { .fd = target->fd };

	return target_identify(&now) && now.device == target->device && now.inode == target->inode;
}

/* How much was written; -1: the program may have given the number to another file since. */
static long target_write(const struct target *target, struct line *line)
{
	if (line->text[line->length - 1] != '\n')
		line->text[line->length++] = '\n';
	if (target->fd < 0 || (!out.is_blind && !target_unchanged(target)))
		return -1;
	return raw(write, target->fd, line->text, line->length);
}

/* The program closed the descriptor under a lock, which lets us open none: the watcher has more. */
static bool take_another(void)
{
	struct target another = { .fd = out.number ? mark_reopen(out.path) : -1 };

	if (another.fd < 0 || (!out.is_blind && !target_identify(&another)))
		return false;
	out.machines = another;
	return true;
}

/* --- opening (load) --------------------------------------------------------------------------- */

static long try_path(const char *path)
{
	long fd = raw(openat, AT_FDCWD, path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY,
		      0644);
	long high;

	if (fd < 0)
		return fd;
	high = raw(fcntl, fd, F_DUPFD_CLOEXEC, REPORT_FD_MIN);
	if (high >= 0) {
		raw(close, fd);
		fd = high;
	}
	return fd;
}

static void open_path(const char *path)
{
	long fd = try_path(path);

	if (fd < 0)
		report_fatal_errno(fd, "cannot open the report file ", path,
				   " (SANDBOX_REPORT); name a file this user may append to", NULL);
	out.machines.fd = (int)fd;
}

static int fd_number(const char *digits)
{
	int value = 0;

	if (!*digits)
		return -1;
	for (; *digits; digits++) {
		if (*digits < '0' || *digits > '9' || value > 1 << 20)
			return -1;
		value = value * 10 + (*digits - '0');
	}
	return value;
}

static bool starts_with(const char *text, const char *start)
{
	while (*start) {
		if (*text++ != *start++)
			return false;
	}
	return true;
}

void report_program(const char *program)
{
	out.program = program;
	out.standard_error.fd = 2;
	if (!target_identify(&out.standard_error))
		out.standard_error.fd = -1;
}

/* The file is opened again when the program has closed it. By then it may have written its title
 * over its environment, and gone to another directory. */
static const char *keep_path(const char *path)
{
	static char kept[PATH_MAX];
	long start = 0;
	size_t length = text_length(path);

	if (*path != '/') {
		start = raw(getcwd, kept, sizeof(kept)) - 1; /* it counts the NUL */
		if (start < 0 || kept[0] != '/')
			start = 0; /* no directory any more, or out of sight */
		else if (start > 1)
			kept[start++] = '/';
	}
	if ((size_t)start + length >= sizeof(kept))
		report_fatal_errno(-ENAMETOOLONG, "cannot open the report file ", path, NULL);
	for (size_t i = 0; i <= length; i++)
		kept[(size_t)start + i] = path[i];
	return kept;
}

static void ask_watcher(void)
{
	const struct mark_watch watch = mark_watched(out.path);

	out.number = watch.number;
	out.machines.fd = watch.file;
	out.opens_nothing = watch.under_lock;
}

void report_open(const struct config *config)
{
	const char *where = config->report ? config->report : "stderr";

	out.verbose = config->verbose;
	if (text_equal(where, "none"))
		return;
	out.people = out.standard_error;
	if (text_equal(where, "stderr"))
		return;
	if (starts_with(where, "fd:")) {
		out.machines.fd = fd_number(where + 3);
	} else {
		out.watched = starts_with(where, "watch:");
		out.path = keep_path(out.watched ? where + sizeof("watch:") - 1 : where);
		if (out.watched)
			ask_watcher();
		if (out.machines.fd < 0)
			open_path(out.path);
	}
	if (!target_identify(&out.machines))
		report_fatal("SANDBOX_REPORT=", where, " does not name an open descriptor", NULL);
}

bool report_watched(void)
{
	return out.watched;
}

uint64_t report_number(void)
{
	return out.number;
}

/* By the kernel's devices.txt. */
static bool is_null_or_terminal(dev_t device)
{
	enum { MEMORY = 1, NULL_DEVICE = 3, CONSOLES = 4, TERMINALS = 5, PTYS = 136 };
	uint64_t minor = (device & 0xff) | (device >> 12 & ~0xffull), major = device >> 8 & 0xfff;

	return (major == MEMORY && minor == NULL_DEVICE) || major == CONSOLES ||
	       major == TERMINALS || (major & ~7ull) == PTYS;
}

/* Descriptor 2 is another file than before. A daemon sends it to /dev/null, to its log, or to a
 * program that logs. Anything else has got the number by chance: a client's connection, a database,
 * a network device. */
static bool takes_lines(int fd)
{
	struct stat st = { 0 };

	if (raw(fstat, fd, &st))
		return false;
	if (S_ISREG(st.st_mode))
		return !out.opens_nothing && (raw(fcntl, fd, F_GETFL) & O_APPEND);
	return S_ISFIFO(st.st_mode) || (S_ISCHR(st.st_mode) && is_null_or_terminal(st.st_rdev));
}

static void find_people(void)
{
	if (out.people.fd < 0 || target_unchanged(&out.people))
		return;
	if (!takes_lines(out.people.fd))
		out.people.fd = -1;
	else
		target_identify(&out.people);
}

void report_find_again(void)
{
	long fd;

	if (!out.opens_nothing)
		find_people();
	if (!out.path || out.opens_nothing || target_unchanged(&out.machines))
		return;
	fd = try_path(out.path);
	out.machines.fd = fd < 0 ? -1 : (int)fd;
	target_identify(&out.machines);
}

void report_policy(const void *image)
{
	out.image = image;
}

/* --- before the lock (hook) ------------------------------------------------------------------- */

void report_seal(void)
{
	find_people();
	if ((out.machines.fd < 0 && !out.path) || target_unchanged(&out.machines))
		return;
	if (!out.path)
		report_fatal("the program closed the descriptor of SANDBOX_REPORT; name a file",
			     NULL);
	if (take_another())
		return;
	if (out.opens_nothing)
		report_fatal("the program closed the descriptor of SANDBOX_REPORT after its first "
			     "lock, which lets no other be opened",
			     NULL);
	open_path(out.path);
	target_identify(&out.machines);
}

void report_locked(bool may_look)
{
	out.opens_nothing = true;
	out.is_blind |= !may_look;
}

int report_descriptor(void)
{
	return out.machines.fd;
}

void report_closing(uint32_t first, uint32_t last)
{
	if (out.people.fd >= 0 && (uint32_t)out.people.fd >= first &&
	    (uint32_t)out.people.fd <= last)
		out.people.fd = -1;
}

static int64_t file_size(const struct target *target)
{
	struct stat st = { 0 };

	if (target->fd < 0 || raw(fstat, target->fd, &st) || !S_ISREG(st.st_mode))
		return -1;
	return st.st_size;
}

int64_t report_file_size(void)
{
	int64_t people = file_size(&out.people), machines = file_size(&out.machines);

	return people > machines ? people : machines;
}

/* --- lines ------------------------------------------------------------------------------------ */

static const char *policy_name(void)
{
	return out.image ? policyc_string(out.image, policyc_header(out.image)->name) : "";
}

static void people_start(struct line *line, long tid)
{
	long pid = raw(getpid);

	line->length = 0;
	line_text(line, "libsandbox: ");
	line_text(line, out.program);
	line_char(line, '[');
	line_unsigned(line, (uint64_t)pid);
	if (tid > 0 && tid != pid) {
		line_char(line, '/');
		line_unsigned(line, (uint64_t)tid);
	}
	line_text(line, "]: ");
}

static void people_word(struct line *line, const char *key, const char *value)
{
	if (!value)
		return;
	line_text(line, ", ");
	line_text(line, key);
	line_char(line, ' ');
	line_text(line, value);
}

static void json_text(struct line *line, const char *key, const char *value)
{
	line_text(line, ",\"");
	line_text(line, key);
	line_text(line, "\":\"");
	line_json(line, value);
	line_char(line, '"');
}

static void json_number(struct line *line, const char *key, uint64_t value)
{
	line_text(line, ",\"");
	line_text(line, key);
	line_text(line, "\":");
	line_unsigned(line, value);
}

static void json_start(struct line *line, const char *event)
{
	line->length = 0;
	line_text(line, "{\"event\":\"");
	line_json(line, event);
	line_char(line, '"');
	json_text(line, "program", out.program);
	json_number(line, "pid", (uint64_t)raw(getpid));
	if (out.number)
		json_number(line, "image", out.number);
	json_text(line, "policy", policy_name());
}

static void json_end(struct line *line)
{
	long count;

	line_char(line, '}');
	count = target_write(&out.machines, line);
	if (count < 0 && take_another())
		count = target_write(&out.machines, line);
	if (count != line->length && out.number)
		mark_lost();
}

/* "EPERM", or the number. */
static void line_errno(struct line *line, unsigned error)
{
	const char *name = errno_name(error);

	if (name)
		line_text(line, name);
	else
		line_unsigned(line, error);
}

static void people_steps(struct line *line, const struct report_lock *lock, bool done)
{
	const char *before = done ? lock->verb : "left out";

	for (unsigned i = 0; i < lock->count; i++) {
		const struct report_step *step = &lock->steps[i];

		if (!step->error != done)
			continue;
		line_text(line, before == NULL ? " + " : ", ");
		if (before) {
			line_text(line, before);
			line_char(line, ' ');
		}
		before = NULL;
		line_text(line, step->name);
		if (step->error) {
			line_text(line, " (");
			line_errno(line, (unsigned)-step->error);
			line_char(line, ')');
		}
	}
}

/* "steps":["root"],"left out":{"detach net":"EPERM"}: always both, so that a reader need not ask.
 */
static void json_steps(struct line *line, const struct report_lock *lock, bool done)
{
	bool first = true;

	line_text(line, ",\"");
	line_text(line, done ? lock->verb : "left_out");
	line_text(line, done ? "\":[" : "\":{");
	for (unsigned i = 0; i < lock->count; i++) {
		const struct report_step *step = &lock->steps[i];

		if (!step->error != done)
			continue;
		line_text(line, first ? "\"" : ",\"");
		line_json(line, step->name);
		line_char(line, '"');
		if (step->error) {
			line_text(line, ":\"");
			line_errno(line, (unsigned)-step->error);
			line_char(line, '"');
		}
		first = false;
	}
	line_char(line, done ? ']' : '}');
}

static void phase_for_people(const char *event, const char *phase, const char *trigger,
			     const struct report_lock *lock)
{
	struct line line;

	people_start(&line, 0);
	line_text(&line, event);
	line_text(&line, ": policy ");
	line_text(&line, policy_name());
	people_word(&line, "phase", phase);
	people_word(&line, "trigger", trigger);
	if (lock) {
		line_text(&line, ", threads ");
		line_unsigned(&line, lock->threads);
		people_steps(&line, lock, true);
		people_steps(&line, lock, false);
	}
	target_write(&out.people, &line);
}

static void phase_for_machines(const char *event, const char *phase, const char *trigger,
			       const struct report_lock *lock)
{
	struct line line;

	json_start(&line, event);
	if (phase)
		json_text(&line, "phase", phase);
	if (trigger)
		json_text(&line, "trigger", trigger);
	if (lock) {
		json_number(&line, "threads", lock->threads);
		json_steps(&line, lock, true);
		json_steps(&line, lock, false);
	}
	json_end(&line);
}

void report_phase(const char *event, const char *phase, const char *trigger,
		  const struct report_lock *lock)
{
	phase_for_people(event, phase, trigger, lock);
	phase_for_machines(event, phase, trigger, lock);
}

void report_aside(const char *event, const char *phase, const char *trigger,
		  const struct report_lock *lock)
{
	if (out.verbose)
		phase_for_people(event, phase, trigger, lock);
	if (out.verbose || out.watched)
		phase_for_machines(event, phase, trigger, lock);
}

void report_event(const char *event, const struct report_field *fields, const char *people,
		  bool asked)
{
	struct line line;

	if (asked || out.verbose) {
		people_start(&line, 0);
		line_text(&line, people);
		target_write(&out.people, &line);
	}
	json_start(&line, event);
	for (; fields->name; fields++) {
		if (fields->text)
			json_text(&line, fields->name, fields->text);
		else
			json_number(&line, fields->name, fields->number);
	}
	json_end(&line);
}

/* --- the end before the beginning ------------------------------------------------------------- */

static _Noreturn void fatal_end(struct line *line, unsigned start)
{
	struct line json;
	char keep;

	if (out.machines.fd >= 0) {
		keep = line->text[line->length];
		line->text[line->length] = '\0';
		json_start(&json, "refused");
		json_text(&json, "reason", line->text + start);
		json_end(&json);
		line->text[line->length] = keep;
	}
	/* SANDBOX_REPORT=none silences reports; a program that is stopped must still say why. */
	out.people = out.standard_error;
	if (!out.is_blind)
		find_people();
	target_write(&out.people, line);
	for (;;)
		raw(exit_group, 125);
}

static unsigned fatal_start(struct line *line, const char *text, va_list more)
{
	unsigned start;

	line->length = 0;
	line_text(line, "libsandbox: ");
	line_text(line, out.program);
	line_text(line, ": ");
	start = line->length;
	for (; text; text = va_arg(more, const char *))
		line_text(line, text);
	return start;
}

_Noreturn void report_fatal(const char *text, ...)
{
	struct line line;
	va_list more;
	unsigned start;

	va_start(more, text);
	start = fatal_start(&line, text, more);
	va_end(more);
	fatal_end(&line, start);
}

_Noreturn void report_fatal_errno(long error, const char *text, ...)
{
	struct line line;
	va_list more;
	unsigned start;
	const char *name = errno_name((unsigned)-error);

	va_start(more, text);
	start = fatal_start(&line, text, more);
	va_end(more);
	line_text(&line, ": ");
	if (name) {
		line_text(&line, name);
	} else {
		line_text(&line, "errno ");
		line_unsigned(&line, (uint64_t)-error);
	}
	fatal_end(&line, start);
}

/* --- a denied call (signal) ------------------------------------------------------------------- */

static const struct policyc_syscall *find_syscall(uint32_t nr)
{
	const struct policyc_list list = policyc_header(out.image)->syscalls;
	const struct policyc_syscall *calls = policyc_at(out.image, list);
	uint32_t low = 0, high = list.count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (calls[middle].nr == nr)
			return &calls[middle];
		if (calls[middle].nr < nr)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static void line_value(struct line *line, char type, uint64_t value)
{
	switch (type) {
	case 'd':
		line_signed(line, (int32_t)value);
		break;
	case 'u':
		line_unsigned(line, (uint32_t)value);
		break;
	case 'l':
		line_signed(line, (int64_t)value);
		break;
	default:
		line_hex(line, value);
	}
}

/* "name:T name:T" of the table beside the values: "fd=3, buf=0x7f..". */
static void line_arguments(struct line *line, const char *signature, const uint64_t *values)
{
	for (int i = 0; *signature && i < 6; i++) {
		if (i)
			line_text(line, ", ");
		while (*signature && *signature != ':')
			line_char(line, *signature++);
		line_char(line, '=');
		if (*signature)
			signature++;
		line_value(line, *signature, values[i]);
		while (*signature && *signature++ != ' ')
			;
	}
}

static void line_call(struct line *line, uint32_t nr, const struct policyc_syscall *call)
{
	if (call) {
		line_text(line, policyc_string(out.image, call->name));
	} else {
		line_text(line, "nr:");
		line_unsigned(line, nr);
	}
}

static void line_place(struct line *line, uintptr_t address,
		       void (*name)(struct line *line, const char *text))
{
	struct object object;

	if (object_find(address, &object)) {
		name(line, object.name ? object.name : out.program);
		line_char(line, '+');
		line_hex(line, address - object.base);
	} else {
		line_text(line, "anonymous memory ");
		line_hex(line, address);
	}
}

/* --- probes (hook) ---------------------------------------------------------------------------- */

static void line_expected(struct line *line, const struct report_probe *probe)
{
	if (!probe->is_call)
		line_text(line, "denied");
	else if (probe->error)
		line_errno(line, probe->error);
	else
		line_text(line, "SIGSYS");
}

static void line_seen(struct line *line, const struct report_probe *probe)
{
	if (probe->end == PROBE_WAS_MADE) {
		line_text(line, "done");
	} else if (probe->end == PROBE_FAILED) {
		line_errno(line, probe->value);
	} else if (probe->value == SIGSYS) {
		line_text(line, "SIGSYS");
	} else {
		line_text(line, "signal ");
		line_unsigned(line, probe->value);
	}
}

static void probe_for_people(const struct report_probe *probe)
{
	struct line line;

	people_start(&line, 0);
	line_text(&line, "probe: ");
	line_text(&line, probe->text);
	line_text(&line, ": expected ");
	line_expected(&line, probe);
	line_text(&line, ", seen ");
	line_seen(&line, probe);
	target_write(&out.people, &line);
}

void report_probe(const struct report_probe *probe)
{
	struct line line;

	if (!probe->ok || out.verbose)
		probe_for_people(probe);
	json_start(&line, "probe");
	json_text(&line, "phase", probe->phase);
	json_text(&line, "line", probe->text);
	if (probe->is_call) {
		line_text(&line, ",\"call\":\"");
		line_call(&line, probe->number, find_syscall(probe->number));
		line_char(&line, '"');
	}
	line_text(&line, ",\"expected\":\"");
	line_expected(&line, probe);
	line_text(&line, "\",\"seen\":\"");
	line_seen(&line, probe);
	line_text(&line, probe->ok ? "\",\"ok\":true" : "\",\"ok\":false");
	json_end(&line);
}

/* --- a denied call, in words (signal) --------------------------------------------------------- */

static void violation_for_people(const struct report_violation *v,
				 const struct policyc_syscall *call)
{
	struct line line;

	people_start(&line, raw(gettid));
	line_text(&line, "policy ");
	line_text(&line, policy_name());
	line_text(&line, ", phase ");
	line_text(&line, v->phase);
	line_text(&line, ": denied ");
	line_call(&line, v->nr, call);
	line_char(&line, '(');
	line_arguments(&line, call ? policyc_string(out.image, call->arguments) : "", v->arguments);
	line_text(&line, ") at ");
	line_place(&line, v->ip, line_text);
	if (v->caller) {
		line_text(&line, ", called from ");
		line_place(&line, v->caller, line_text);
	}
	if (v->error) {
		line_text(&line, "; it fails with ");
		line_errno(&line, v->error);
	} else {
		line_text(&line, "; the program dies of SIGSYS");
	}
	line_text(&line, "; this line would allow it: allow ");
	line_call(&line, v->nr, call);
	target_write(&out.people, &line);
}

static void json_place(struct line *line, const char *key, uintptr_t address)
{
	line_text(line, ",\"");
	line_text(line, key);
	line_text(line, "\":\"");
	line_place(line, address, line_json);
	line_char(line, '"');
}

static void violation_for_machines(const struct report_violation *v,
				   const struct policyc_syscall *call)
{
	struct line line;

	json_start(&line, "denied");
	json_number(&line, "tid", (uint64_t)raw(gettid));
	json_text(&line, "phase", v->phase);
	json_number(&line, "nr", v->nr);
	line_text(&line, ",\"syscall\":\"");
	line_call(&line, v->nr, call);
	line_text(&line, "\",\"arguments\":[");
	for (int i = 0; i < 6; i++) {
		line_text(&line, i ? ",\"" : "\"");
		line_hex(&line, v->arguments[i]);
		line_char(&line, '"');
	}
	line_char(&line, ']');
	json_place(&line, "at", v->ip);
	if (v->caller)
		json_place(&line, "caller", v->caller);
	if (v->error) {
		line_text(&line, ",\"errno\":\"");
		line_errno(&line, v->error);
		line_char(&line, '"');
	}
	line_text(&line, ",\"allow\":\"allow ");
	line_call(&line, v->nr, call);
	line_char(&line, '"');
	json_end(&line);
}

void report_violation(const struct report_violation *violation)
{
	const struct policyc_syscall *call = find_syscall(violation->nr);

	if (out.machines.fd >= 0)
		violation_for_machines(violation, call);
	if (out.people.fd >= 0 && (out.machines.fd < 0 || out.watched))
		violation_for_people(violation, call);
}
