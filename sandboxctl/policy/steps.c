/* steps.c - the lines about a lock's steps, word by word; see steps.h.
 *
 * Each word becomes an item: what it gives or asks for, and how it reads as a line of its own.
 * What the items mean together is step_rules.c's.
 */
#include "steps.h"

#include "step_names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct reader {
	struct context *context;
	struct phase *phase;
	const struct statement *line;
	const char *text; /* of the statement: "read" */
};

#define TEXT(...) arena_printf(reader->context->arena, __VA_ARGS__)

static struct diagnostic *fail(const struct reader *reader, struct place place, const char *message)
{
	return diagnose(reader->context->diagnostics, ERROR, place, "%s", message);
}

static struct step_item *add_item(const struct reader *reader, const struct word *word,
				  const char *text)
{
	struct steps *steps = &reader->phase->steps;
	struct step_item *item;

	if (steps->count == POLICYC_RULES_MAX)
		fail(reader, word->place,
		     TEXT("more than %u paths, ports and other words of steps in one phase",
			  POLICYC_RULES_MAX));
	item = ARENA_PUSH(reader->context->arena, steps->items, steps->count);
	item->word = reader->line->kind;
	item->place = word->place;
	item->text = text;
	return item;
}

static bool is_full(const struct reader *reader)
{
	return reader->phase->steps.count > POLICYC_RULES_MAX;
}

static const struct word *word_at(const struct reader *reader, size_t index)
{
	return &reader->line->words.list[index];
}

static bool take_end(const struct reader *reader, size_t index)
{
	if (index >= reader->line->words.count)
		return true;
	fail(reader, word_at(reader, index)->place, "nothing more is expected on this line");
	return false;
}

/* Behind the last word of the line. */
static void line_ends(const struct reader *reader, const char *what)
{
	struct place place = word_at(reader, reader->line->words.count - 1)->place;

	place.column += place.length;
	place.length = 1;
	fail(reader, place, TEXT("the line ends where %s is expected", what));
}

static const struct step_name *find_name(const struct reader *reader,
					 const struct step_names *names, const struct word *word,
					 const char *name)
{
	const struct step_name *found = find_step_name(names, name);
	struct nearest nearest;

	if (found)
		return found;
	nearest_step_name(&nearest, names, name);
	nearest_hint(reader->context->diagnostics,
		     fail(reader, word->place, TEXT("no %s is called '%s'", names->what, name)),
		     &nearest);
	return NULL;
}

/* `none` as the only word from `index` on; says so when it is not alone. */
static bool is_none(const struct reader *reader, size_t index)
{
	const struct words *words = &reader->line->words;

	for (size_t i = index; i < words->count; i++) {
		if (strcmp(words->list[i].text, "none") != 0)
			continue;
		if (words->count - index > 1)
			fail(reader, words->list[i].place,
			     TEXT("'none' stands alone, as in '%s%s none'", reader->text,
				  index ? " tcp" : ""));
		return true;
	}
	return false;
}

/* --- paths ------------------------------------------------------------------------------------ */

static void read_paths(struct reader *reader)
{
	bool none = is_none(reader, 0);

	for (size_t i = 0; i < reader->line->words.count && !is_full(reader); i++) {
		const struct word *word = word_at(reader, i);
		bool optional = word->text[0] == '-';
		const char *path =
			none ? NULL : read_path(reader->context, word, word->text + optional);
		struct step_item *item;

		if (!none && !path)
			continue;
		item = add_item(reader, word,
				none ? TEXT("%s none", reader->text)
				     : TEXT("%s %s%s", reader->text, optional ? "-" : "",
					    write_path(reader->context->arena, path)));
		item->none = none;
		item->optional = optional;
		item->path = path;
		item->value = path_rights(item->word);
	}
}

static void read_root(struct reader *reader)
{
	const struct word *word = word_at(reader, 0);
	const char *path = NULL;
	struct step_item *item;

	if (!take_end(reader, 1))
		return;
	if (strcmp(word->text, "empty") != 0) {
		path = read_path(reader->context, word, word->text);
		if (!path)
			return;
		if (!path[1]) {
			fail(reader, word->place, "'root /' changes nothing: leave it out")->hint =
				"'root empty' leaves no file; 'root /DIRECTORY' leaves what is "
				"beneath it";
			return;
		}
	}
	item = add_item(reader, word,
			TEXT("root %s", path ? write_path(reader->context->arena, path) : "empty"));
	item->path = path;
}

/* --- ports ------------------------------------------------------------------------------------ */

/* Decimal, and nothing behind it: 010 is ten here. */
static bool read_unsigned(const char *text, uint64_t *number)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*number = strtoull(text, &end, 10);
	return !errno && !*end;
}

bool read_port_number(struct context *context, const struct word *word, uint64_t *port)
{
	if (read_unsigned(word->text, port) && *port <= UINT16_MAX)
		return true;
	diagnose(context->diagnostics, ERROR, word->place, "a port is a number from 0 to 65535");
	return false;
}

static void read_port(struct reader *reader, const struct word *word)
{
	uint64_t port;

	if (read_port_number(reader->context, word, &port))
		add_item(reader, word, TEXT("%s tcp %llu", reader->text, (unsigned long long)port))
			->value = port;
}

static void read_ports(struct reader *reader)
{
	const struct words *words = &reader->line->words;
	struct diagnostic *diagnostic;

	if (strcmp(word_at(reader, 0)->text, "tcp") != 0) {
		diagnostic = fail(reader, word_at(reader, 0)->place,
				  TEXT("'tcp' is expected behind '%s'", reader->text));
		diagnostic->hint = "Landlock knows no other protocol; to test the calls write "
				   "'allow socket where ...'";
	} else if (words->count == 1) {
		line_ends(reader, "a port or 'none'");
	} else if (is_none(reader, 1)) {
		add_item(reader, word_at(reader, 1), TEXT("%s tcp none", reader->text))->none =
			true;
	} else {
		for (size_t i = 1; i < words->count && !is_full(reader); i++)
			read_port(reader, word_at(reader, i));
	}
}

/* --- names ------------------------------------------------------------------------------------ */

static void read_names(struct reader *reader, const struct step_names *names)
{
	for (size_t i = 0; i < reader->line->words.count && !is_full(reader); i++) {
		const struct word *word = word_at(reader, i);
		const struct step_name *name = find_name(reader, names, word, word->text);

		if (name)
			add_item(reader, word, TEXT("%s %s", reader->text, name->name))->value =
				name->value;
	}
}

static void read_scopes(struct reader *reader)
{
	read_names(reader, &scope_names);
}

static void read_namespaces(struct reader *reader)
{
	read_names(reader, &namespace_names);
}

static void read_optionals(struct reader *reader)
{
	read_names(reader, &optional_names);
}

/* One item a line: what several lines keep together is less, not more. */
static void read_capabilities(struct reader *reader)
{
	bool none = is_none(reader, 0);
	const char *text = none ? "capabilities none" : "capabilities";
	const struct step_name *rows = capability_names.rows;
	uint64_t kept = 0;
	struct step_item *item;

	for (size_t i = 0; !none && i < reader->line->words.count; i++) {
		const struct word *word = word_at(reader, i);
		const struct step_name *name =
			find_name(reader, &capability_names, word, word->text);

		if (name)
			kept |= (uint64_t)1 << name->value;
	}
	for (size_t i = 0; i < capability_names.count; i++)
		if (kept >> rows[i].value & 1)
			text = TEXT("%s %s", text, rows[i].name);
	item = add_item(reader, word_at(reader, 0), text);
	item->none = none;
	item->value = kept;
}

static void read_dumpable(struct reader *reader)
{
	const struct word *word = word_at(reader, 0);

	if (strcmp(word->text, "no") != 0)
		fail(reader, word->place, "'dumpable no' is all that can be said of it");
	else if (take_end(reader, 1))
		add_item(reader, word, "dumpable no");
}

/* --- limits ----------------------------------------------------------------------------------- */

static const char limit_form[] =
	"a limit is a number, with K, M, G or T for 1024 times as much, or 'unlimited'";

/* How many times 1024 a last letter stands for. */
static unsigned unit_power(char letter)
{
	static const char units[] = "KMGT";

	for (unsigned i = 0; units[i]; i++)
		if (units[i] == letter)
			return i + 1;
	return 0;
}

/* A number of so many bytes of text, with its unit. */
static bool read_amount(const struct reader *reader, const char *text, size_t length,
			uint64_t *amount)
{
	char *copy = arena_strndup(reader->context->arena, text, length);
	unsigned power = length ? unit_power(copy[length - 1]) : 0;

	if (!strcmp(copy, "unlimited")) {
		*amount = UINT64_MAX;
		return true;
	}
	if (power)
		copy[length - 1] = '\0';
	if (!read_unsigned(copy, amount))
		return false;
	for (; power; power--)
		if (__builtin_mul_overflow(*amount, (uint64_t)1024, amount))
			return false;
	return *amount != UINT64_MAX;
}

static const char *amount_text(const struct reader *reader, uint64_t amount)
{
	if (amount == UINT64_MAX)
		return "unlimited";
	return TEXT("%llu", (unsigned long long)amount);
}

static const char *limit_text(const struct reader *reader, const char *resource, uint64_t soft,
			      uint64_t hard)
{
	const char *text = TEXT("limit %s %s", resource, amount_text(reader, soft));

	return soft == hard ? text : TEXT("%s:%s", text, amount_text(reader, hard));
}

static void add_limit(const struct reader *reader, const struct step_name *resource,
		      const struct word *word)
{
	const char *colon = strchr(word->text, ':');
	size_t length = colon ? (size_t)(colon - word->text) : strlen(word->text);
	struct step_item *item;
	uint64_t soft, hard;

	if (!read_amount(reader, word->text, length, &soft) ||
	    !read_amount(reader, colon ? colon + 1 : word->text, colon ? strlen(colon + 1) : length,
			 &hard)) {
		fail(reader, word->place, limit_form);
		return;
	}
	if (soft > hard) {
		fail(reader, word->place,
		     "the soft limit, which comes first, is above the hard one");
		return;
	}
	item = add_item(reader, word, limit_text(reader, resource->name, soft, hard));
	item->number = (uint32_t)resource->value;
	item->value = soft;
	item->second = hard;
}

static void read_limit(struct reader *reader)
{
	const struct word *word = word_at(reader, 0);
	const struct step_name *resource = find_name(reader, &limit_names, word, word->text);

	if (!resource)
		return;
	if (reader->line->words.count == 1)
		line_ends(reader, "a limit");
	else if (take_end(reader, 2))
		add_limit(reader, resource, word_at(reader, 1));
}

/* --- descriptors ------------------------------------------------------------------------------ */

/* 5, 5-9 or 5- up to a ':' or the end; returns what is behind, NULL: that is no range. */
static const char *read_range(const struct reader *reader, const char *text, struct step_item *item)
{
	size_t length = strcspn(text, ":"), first = strcspn(text, "-:");
	char *numbers = arena_strndup(reader->context->arena, text, length);

	if (numbers[first] == '-') {
		numbers[first] = '\0';
		item->second = UINT32_MAX;
		if (numbers[first + 1] && (!read_unsigned(numbers + first + 1, &item->second) ||
					   item->second >= UINT32_MAX))
			return NULL;
	}
	if (!read_unsigned(numbers, &item->value) || item->value >= UINT32_MAX)
		return NULL;
	if (first == length)
		item->second = item->value;
	return item->value <= item->second ? text + length : NULL;
}

static const char *range_text(const struct reader *reader, const struct step_item *item)
{
	if (item->second == UINT32_MAX)
		return TEXT("%u-", (unsigned)item->value);
	if (item->second == item->value)
		return TEXT("%u", (unsigned)item->value);
	return TEXT("%u-%u", (unsigned)item->value, (unsigned)item->second);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static void read_close(struct reader *reader, const struct word *word)
{
	struct step_item range = { 0 }, *item;
	const char *end = read_range(reader, word->text, &range);

	if (!end || *end) {
		fail(reader, word->place, "what is closed reads 5, 5-9, or 5- for all from 5 on");
		return;
	}
	item = add_item(reader, word, TEXT("descriptors close %s", range_text(reader, &range)));
	item->value = range.value;
	item->second = range.second;
}

/* [NUMBERS:]TYPE[:GLOB] or NUMBERS */
static bool read_pattern(struct reader *reader, const struct word *word, struct step_item *pattern)
{
	const char *at = word->text;
	const struct step_name *kind;
	size_t length;

	pattern->second = UINT32_MAX;
	if (is_digit(*at)) {
		at = read_range(reader, at, pattern);
		if (!at) {
			fail(reader, word->place,
			     "what may be open reads NUMBER, TYPE, TYPE:NAME or NUMBER:TYPE:NAME");
			return false;
		}
		if (!*at)
			return true;
		at++;
	}
	length = strcspn(at, ":");
	kind = find_name(reader, &descriptor_names, word,
			 arena_strndup(reader->context->arena, at, length));
	if (!kind)
		return false;
	pattern->number = (uint32_t)kind->value;
	if (!at[length])
		return true;
	if (!at[length + 1]) {
		fail(reader, word->place, "a name is expected behind ':'; '*' is any text");
		return false;
	}
	pattern->path = read_bytes(reader->context, word, at + length + 1);
	return pattern->path != NULL;
}

/* The same, written in one way. */
static const char *pattern_text(const struct reader *reader, const struct step_item *pattern)
{
	bool all = !pattern->value && pattern->second == UINT32_MAX;
	const char *text = all ? "" : range_text(reader, pattern);

	if (pattern->number || pattern->path || all)
		text = TEXT("%s%s%s", text, all ? "" : ":",
			    descriptor_names.rows[pattern->number].name);
	if (pattern->path)
		text = TEXT("%s:%s", text,
			    write_bytes(reader->context->arena, pattern->path, "(){},|&=<>#\\"));
	return text;
}

static void read_expected(struct reader *reader, const struct word *word)
{
	struct step_item pattern = { 0 }, *item;

	if (!read_pattern(reader, word, &pattern))
		return;
	item = add_item(reader, word,
			TEXT("descriptors expect %s", pattern_text(reader, &pattern)));
	item->number = pattern.number;
	item->path = pattern.path;
	item->value = pattern.value;
	item->second = pattern.second;
}

static void read_descriptors(struct reader *reader)
{
	static const struct {
		const char *word, *wanted;
		void (*read)(struct reader *reader, const struct word *word);
	} verbs[] = {
		{ "close", "the number of a descriptor", read_close },
		{ "expect", "what may be open", read_expected },
	};
	const struct word *verb = word_at(reader, 0);

	if (!strcmp(verb->text, "report")) {
		if (take_end(reader, 1))
			add_item(reader, verb, "descriptors report")->none = true;
		return;
	}
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verb->text, verbs[i].word) != 0)
			continue;
		if (reader->line->words.count == 1)
			line_ends(reader, verbs[i].wanted);
		for (size_t j = 1; j < reader->line->words.count && !is_full(reader); j++)
			verbs[i].read(reader, word_at(reader, j));
		return;
	}
	fail(reader, verb->place, "'close', 'expect' or 'report' is expected behind 'descriptors'");
}

/* --- lines ------------------------------------------------------------------------------------ */

static const struct {
	const char *text;
	void (*read)(struct reader *reader);
} step_readers[STATEMENT_KINDS] = {
	[STEP_READ] = { "read", read_paths },
	[STEP_WRITE] = { "write", read_paths },
	[STEP_CREATE] = { "create", read_paths },
	[STEP_EXECUTE] = { "execute", read_paths },
	[STEP_BIND] = { "bind", read_ports },
	[STEP_CONNECT] = { "connect", read_ports },
	[STEP_SCOPE] = { "scope", read_scopes },
	[STEP_ROOT] = { "root", read_root },
	[STEP_DETACH] = { "detach", read_namespaces },
	[STEP_CAPABILITIES] = { "capabilities", read_capabilities },
	[STEP_LIMIT] = { "limit", read_limit },
	[STEP_DUMPABLE] = { "dumpable", read_dumpable },
	[STEP_DESCRIPTORS] = { "descriptors", read_descriptors },
	[STEP_OPTIONAL] = { "optional", read_optionals },
};

void read_step_lines(struct context *context, struct phase *phase)
{
	struct reader reader = { .context = context, .phase = phase };

	for (size_t i = 0; i < phase->step_lines.count && !is_full(&reader); i++) {
		reader.line = phase->step_lines.list[i];
		reader.text = step_readers[reader.line->kind].text;
		step_readers[reader.line->kind].read(&reader);
	}
}
