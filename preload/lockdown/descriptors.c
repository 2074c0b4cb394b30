/* descriptors.c - the open descriptors: inventory, expectation, closing.
 *
 * What it does: walks /proc/thread-self/fd; says what each descriptor is; refuses the lock at the
 * first that the policy neither closes nor expects. Closing comes last, with close_range(2), so
 * that a step that fails can still say so on stderr.
 * What it must not do: close the report's own descriptor, or take a table for the program's that a
 * thread does not share (unshare(CLONE_FILES)).
 *
 * Contract: hook; shares_table: signal.
 */
#include "lockdown/descriptors.h"

#include <asm/errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "lockdown/barrier.h"
#include "lockdown/describe.h"
#include "lockdown/numbers.h"
#include "lockdown/proc.h"
#include "lockdown/steps.h"
#include "policyc.h"
#include "raw.h"
#include "report/line.h"
#include "report/report.h"

static struct descriptor now; /* too large for the stack of a thread */

/* --- patterns --------------------------------------------------------------------------------- */

/* `*` in the pattern is any text, an empty one too. */
static bool glob(const char *pattern, const char *text)
{
	const char *star = NULL, *resume = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = pattern++;
			resume = text;
		} else if (*pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star + 1;
			text = ++resume;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

static bool kind_matches(uint32_t wanted, uint32_t kind)
{
	if (wanted == POLICYC_FD_SOCKET)
		return kind >= POLICYC_FD_UNIX && kind <= POLICYC_FD_SOCKET;
	if (wanted == POLICYC_FD_DEVICE && kind == POLICYC_FD_TTY)
		return true;
	return wanted == POLICYC_FD_ANY || wanted == kind;
}

static bool has_slash(const char *text)
{
	while (*text && *text != '/')
		text++;
	return *text;
}

/* tcp:*:80 is the listener; its clients, LOCAL/PEER, want a pattern that knows of peers. */
static bool name_matches(const char *pattern, const struct descriptor *descriptor)
{
	if (!*pattern || text_equal(pattern, "*"))
		return true;
	if (descriptor->connected && !has_slash(pattern))
		return false;
	return glob(pattern, descriptor->name);
}

static bool is_expected(const void *image, struct policyc_list list,
			const struct descriptor *descriptor)
{
	const struct policyc_expected *expected = policyc_at(image, list);
	const uint32_t number = (uint32_t)descriptor->number;

	for (uint32_t i = 0; i < list.count; i++) {
		if (number >= expected[i].numbers.first && number <= expected[i].numbers.last &&
		    kind_matches(expected[i].kind, descriptor->kind) &&
		    name_matches(policyc_string(image, expected[i].pattern), descriptor))
			return true;
	}
	return !list.count;
}

static bool will_be_closed(const void *image, struct policyc_list list, int number)
{
	const struct policyc_range *ranges = policyc_at(image, list);

	for (uint32_t i = 0; i < list.count; i++) {
		if ((uint32_t)number >= ranges[i].first && (uint32_t)number <= ranges[i].last)
			return true;
	}
	return false;
}

/* --- words ------------------------------------------------------------------------------------ */

/* "rw cloexec" */
static void line_how(struct line *line, const struct descriptor *descriptor)
{
	line_text(line, descriptor_access(descriptor));
	descriptor_flags(line, descriptor);
}

/* Names of pipes and the like are numbers that change. */
static bool has_lasting_name(const struct descriptor *descriptor)
{
	switch (descriptor->kind) {
	case POLICYC_FD_PIPE:
		return descriptor->name[0] == '/';
	case POLICYC_FD_EPOLL:
	case POLICYC_FD_EVENTFD:
	case POLICYC_FD_SIGNALFD:
	case POLICYC_FD_TIMERFD:
	case POLICYC_FD_INOTIFY:
		return false;
	default:
		return descriptor->name[0];
	}
}

/* The line of a policy that would expect it. */
static void line_allowing(struct line *line, const struct descriptor *descriptor)
{
	line_text(line, "descriptors expect ");
	line_text(line, descriptor_type(descriptor->kind));
	if (has_lasting_name(descriptor)) {
		line_char(line, ':');
		line_word(line, descriptor->name);
	}
	line->text[line->length] = '\0';
}

/* "7 (tcp rw cloexec)" */
static void line_unexpected(struct line *line, const struct descriptor *descriptor)
{
	line_unsigned(line, (uint64_t)descriptor->number);
	line_text(line, " (");
	line_text(line, descriptor_type(descriptor->kind));
	line_char(line, ' ');
	line_how(line, descriptor);
	line_char(line, ')');
	line->text[line->length] = '\0';
}

static _Noreturn void unexpected(const struct descriptor *descriptor)
{
	struct line what = { 0 }, allowing = { 0 };

	line_unexpected(&what, descriptor);
	line_allowing(&allowing, descriptor);
	report_fatal("descriptor ", what.text,
		     " is open, and the policy does not expect it; this line would allow it: ",
		     allowing.text, NULL);
}

/* The same in a dry run. */
static void tell_unexpected(const char *phase, const struct descriptor *descriptor)
{
	struct line line = { 0 }, allowing = { 0 };
	const struct report_field fields[] = {
		{ "phase", phase, 0 },
		{ "fd", NULL, (uint64_t)descriptor->number },
		{ "allow", allowing.text, 0 },
		{ 0 },
	};

	line_text(&line, "descriptor ");
	line_unexpected(&line, descriptor);
	line_text(&line, " would refuse the lock: the policy does not expect it; this line would "
			 "allow it: ");
	line_allowing(&allowing, descriptor);
	line_text(&line, allowing.text);
	line.text[line.length] = '\0';
	report_event("unexpected", fields, line.text, true);
}

/* "descriptor 7: tcp 127.0.0.1:6379 (rw cloexec)" */
static void line_descriptor(struct line *line, const struct descriptor *descriptor, bool closed)
{
	line_text(line, "descriptor ");
	line_unsigned(line, (uint64_t)descriptor->number);
	line_text(line, closed ? ", to be closed: " : ": ");
	line_text(line, descriptor_type(descriptor->kind));
	if (descriptor->name[0]) {
		line_char(line, ' ');
		line_json(line, descriptor->name);
	}
	line_text(line, " (");
	line_how(line, descriptor);
	line_char(line, ')');
	line->text[line->length] = '\0';
}

static void tell(const char *phase, const struct descriptor *descriptor, bool closed, bool asked)
{
	struct line flags = { 0 }, line = { 0 };
	const struct report_field fields[] = {
		{ "phase", phase, 0 },
		{ "fd", NULL, (uint64_t)descriptor->number },
		{ "type", descriptor_type(descriptor->kind), 0 },
		{ "access", descriptor_access(descriptor), 0 },
		{ "flags", flags.text, 0 },
		{ "then", closed ? "closed" : "open", 0 },
		{ "name", descriptor->name, 0 },
		{ 0 },
	};

	descriptor_flags(&flags, descriptor);
	flags.text[flags.length] = '\0';
	line_descriptor(&line, descriptor, closed);
	report_event("descriptor", fields, line.text, asked);
}

/* --- the walk --------------------------------------------------------------------------------- */

static struct {
	int fd;
	dev_t device;
	ino_t inode;
} marker; /* our descriptor of the directory: who has it has our table */

/* signal: on every held thread. */
static long shares_table(void *argument)
{
	struct stat st = { 0 };

	if (raw(fstat, marker.fd, &st) || st.st_dev != marker.device || st.st_ino != marker.inode)
		return -EBADF;
	return 0;
}

static int open_directory(void)
{
	long fd = proc_open("thread-self/fd", O_RDONLY | O_DIRECTORY);
	struct stat st = { 0 };

	if (fd >= 0 && !raw(fstat, fd, &st)) {
		marker.fd = (int)fd;
		marker.device = st.st_dev;
		marker.inode = st.st_ino;
		return (int)fd;
	}
	report_fatal_errno(
		fd,
		"cannot list the program's descriptors in /proc/thread-self/fd; is /proc "
		"mounted here?",
		NULL);
}

static void walk(const void *image, const struct policyc_phase *phase, int directory, bool dry)
{
	struct numbers list = { .directory = directory };
	bool asked = phase->flags & POLICYC_PHASE_INVENTORY;
	int number;

	numbers_rewind(&list);
	while ((number = numbers_next(&list)) >= 0) {
		bool closed = will_be_closed(image, phase->close, number);

		if (number == list.directory || number == report_descriptor() ||
		    number == proc_kept() || !descriptor_look(&now, list.directory, number))
			continue;
		tell(policyc_string(image, phase->name), &now, closed, asked);
		if (closed || is_expected(image, phase->expected, &now))
			continue;
		if (!dry)
			unexpected(&now);
		tell_unexpected(policyc_string(image, phase->name), &now);
	}
	if (list.error)
		report_fatal_errno(list.error, "cannot list the program's descriptors", NULL);
	raw(close, list.directory);
}

void descriptors_inspect(const void *image, const struct policyc_phase *phase)
{
	int directory = open_directory();

	barrier_run_others(shares_table, NULL,
			   "has a table of descriptors of its own, which the policy's lines about "
			   "descriptors cannot cover");
	walk(image, phase, directory, false);
}

void descriptors_rehearse(const void *image, const struct policyc_phase *phase)
{
	walk(image, phase, open_directory(), true);
}

/* --- closing ---------------------------------------------------------------------------------- */

static void close_all(uint32_t first, uint32_t last)
{
	long error = first <= last ? raw(close_range, first, last, 0) : 0;

	if (error)
		report_fatal_errno(error, "cannot close the descriptors that the policy names",
				   NULL);
}

static void close_sparing_ours(uint32_t first, uint32_t last)
{
	const int report = report_descriptor(), proc = proc_kept();
	const int ours[] = { report < proc ? report : proc, report < proc ? proc : report };

	report_closing(first, last);
	for (int i = 0; i < 2; i++) {
		if (ours[i] < 0 || (uint32_t)ours[i] < first || (uint32_t)ours[i] > last)
			continue;
		if ((uint32_t)ours[i] > first)
			close_all(first, (uint32_t)ours[i] - 1);
		first = (uint32_t)ours[i] + 1;
	}
	close_all(first, last);
}

void descriptors_close(const void *image, const struct policyc_phase *phase)
{
	const struct policyc_range *ranges = policyc_at(image, phase->close);

	for (uint32_t i = 0; i < phase->close.count; i++)
		close_sparing_ours(ranges[i].first, ranges[i].last);
	step_done("descriptors");
}
