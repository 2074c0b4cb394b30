/* test_rights.c - files and ports as lines for Landlock: what is folded, and what is not. */
#include "record/rights.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

enum { SEEN_MAX = 16 };

struct seen {
	const char *use, *what;
	bool missing; /* when it was named; else found */
};

/* The lines for these, one behind another. */
static const char *lines_of(struct arena *arena, const struct seen *seen)
{
	struct sighting sightings[SEEN_MAX], *list[SEEN_MAX];
	struct right_lines lines;
	const char *text = "";
	size_t count = 0;

	memset(sightings, 0, sizeof(sightings));
	for (; seen[count].use; count++) {
		bool is_file = *seen[count].what == '/';

		sightings[count] = (struct sighting){
			.kind = is_file ? SIGHT_FILE : SIGHT_ADDRESS,
			.use = seen[count].use,
			.what = seen[count].what,
			.found = !seen[count].missing,
			.missing = seen[count].missing,
			.count = 1,
		};
		list[count] = &sightings[count];
	}
	lines = find_rights(arena, list, count);
	for (size_t i = 0; i < lines.count; i++)
		text = arena_printf(arena, "%s%s;", text, lines.list[i].text);
	return text;
}

static const struct {
	const char *title, *lines;
	struct seen seen[SEEN_MAX];
} cases[] = {
	{ "two files are two lines",
	  "read    -/srv/a/1;read    -/srv/a/2;",
	  { { "read", "/srv/a/2", false }, { "read", "/srv/a/1", false } } },
	{ "three are their directory",
	  "read    /srv/a;",
	  { { "read", "/srv/a/1", false },
	    { "read", "/srv/a/2", false },
	    { "read", "/srv/a/3", false } } },
	{ "the same one three times is one",
	  "read    -/srv/a/1;",
	  { { "read", "/srv/a/1", false },
	    { "read", "/srv/a/1", false },
	    { "read", "/srv/a/1", false } } },
	{ "three directories are theirs, and so on upwards",
	  "read    /srv/a;",
	  { { "read", "/srv/a/x/1", false },
	    { "read", "/srv/a/x/2", false },
	    { "read", "/srv/a/x/3", false },
	    { "read", "/srv/a/y", false },
	    { "read", "/srv/a/z", false } } },
	{ "one file in each of three directories, too",
	  "read    /srv/a;read    -/srv/b/x/1;read    -/srv/b/y/1;",
	  { { "read", "/srv/a/x/1", false },
	    { "read", "/srv/a/y/1", false },
	    { "read", "/srv/a/z/1", false },
	    { "read", "/srv/b/x/1", false },
	    { "read", "/srv/b/y/1", false } } },
	{ "a directory that was listed has what is in it",
	  "read    /srv/a;read    -/srv/b;",
	  { { "read", "/srv/a", false },
	    { "read", "/srv/a/x/1", false },
	    { "read", "/srv/b", false } } },
	{ "the whole tree is one line",
	  "read    /;",
	  { { "read", "/", false }, { "read", "/srv/b", false } } },
	{ "what others share is never one's",
	  "read    -/etc/a;read    -/etc/b;read    -/etc/c;read    -/var/lib/a;read    -/var/lib/b;"
	  "read    -/var/lib/c;",
	  { { "read", "/etc/a", false },
	    { "read", "/etc/b", false },
	    { "read", "/etc/c", false },
	    { "read", "/var/lib/a", false },
	    { "read", "/var/lib/b", false },
	    { "read", "/var/lib/c", false } } },
	{ "a home is its user's",
	  "read    -/home/me/1;read    -/home/me/2;read    -/home/me/3;",
	  { { "read", "/home/me/1", false },
	    { "read", "/home/me/2", false },
	    { "read", "/home/me/3", false } } },
	{ "where files are made, names are chance",
	  "read    /srv/d;write   /srv/d;create  /srv/d;",
	  { { "make", "/srv/d/new", true },
	    { "write", "/srv/d/new", true },
	    { "read", "/srv/d/old", false } } },
	{ "what was there when it was opened with O_CREAT is not made",
	  "write   -/srv/d/log;",
	  { { "make", "/srv/d/log", false }, { "write", "/srv/d/log", false } } },
	{ "what is not there is no right",
	  "",
	  { { "read", "/srv/none", true }, { "look", "/srv/a", false } } },
	{ "a name that goes on is not beneath",
	  "read    /srv/a;read    -/srv/a-b;",
	  { { "read", "/srv/a/1", false },
	    { "read", "/srv/a/2", false },
	    { "read", "/srv/a/3", false },
	    { "read", "/srv/a/deep/er", false },
	    { "read", "/srv/a-b", false } } },
	{ "numbers of processes are chance",
	  "read    /proc;",
	  { { "read", "/proc/77/stat", false }, { "read", "/proc/stat", false } } },
	{ "odd bytes are written as policies have them",
	  "read    -/srv/a\\040b\\043;",
	  { { "read", "/srv/a b#", false } } },
	{ "a directory for one right is none for another",
	  "read    /srv/a;write   -/srv/a/1;",
	  { { "read", "/srv/a/1", false },
	    { "read", "/srv/a/2", false },
	    { "read", "/srv/a/3", false },
	    { "write", "/srv/a/1", false } } },
	{ "ports in order, each once, of TCP alone",
	  "bind tcp 80 443;connect tcp 53;",
	  { { "bind", "tcp 0.0.0.0:443", false },
	    { "bind", "tcp [::]:443", false },
	    { "bind", "tcp 0.0.0.0:80", false },
	    { "connect", "tcp 10.0.0.1:53", false },
	    { "connect", "udp 10.0.0.1:54", false } } },
};

static void each_case_has_its_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena arena = { 0 };
		const char *lines = lines_of(&arena, cases[i].seen);

		if (strcmp(lines, cases[i].lines) != 0)
			print_message("%s\n", cases[i].title);
		assert_string_equal(lines, cases[i].lines);
		arena_free(&arena);
	}
}

/* A recording comes from anywhere: 60,000 files in as many directories are no matter. */
static void many_files_are_few_steps(void **state)
{
	enum { MANY = 60000 };
	struct arena arena = { 0 };
	struct sighting *all = arena_alloc(&arena, MANY, sizeof(*all));
	struct sighting **list = arena_alloc(&arena, MANY, sizeof(*list));

	(void)state;
	for (int i = 0; i < MANY; i++) {
		all[i] = (struct sighting){
			.kind = SIGHT_FILE,
			.use = "read",
			.what = arena_printf(&arena, "/srv/%d/%d/%d", i % 7, i, i),
			.found = true,
			.count = 1,
		};
		list[i] = &all[i];
	}
	assert_int_equal(find_rights(&arena, list, MANY).count, 7);
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_case_has_its_lines),
		cmocka_unit_test(many_files_are_few_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
