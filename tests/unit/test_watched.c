/* test_watched.c - the story: what the library's lines make of it, and the first program held. */
#include "watched/watched.h"

#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <setjmp.h>
#include <cmocka.h>

static struct arena arena;
static struct story story;

static struct story_process *take(const char *line)
{
	json_t *event = json_loads(line, 0, NULL);
	struct story_process *process;
	bool is_new;

	assert_non_null(event);
	process = story_take(&story, event, &is_new);
	json_decref(event);
	return process;
}

#define ARMED(pid)                                                                                 \
	"{\"event\":\"armed\",\"pid\":" pid                                                        \
	",\"policy\":\"p\",\"phase\":\"a\",\"trigger\":\"poll\"}"
#define LOCKED(pid) "{\"event\":\"locked\",\"pid\":" pid ",\"policy\":\"p\",\"phase\":\"a\"}"
#define LOADED(pid, ppid)                                                                          \
	"{\"event\":\"loaded\",\"pid\":" pid ",\"ppid\":" ppid ",\"program\":\"x\",\"file\":\"/"   \
	"x\"}"
#define FORKED(pid, ppid) "{\"event\":\"forked\",\"pid\":" pid ",\"ppid\":" ppid "}"

static int begin(void **state)
{
	(void)state;
	story = (struct story){ .arena = &arena };
	return 0;
}

static int end(void **state)
{
	(void)state;
	for (size_t i = 0; i < story.count; i++)
		json_decref(story.list[i]->violations);
	arena_free(&arena);
	return 0;
}

static void a_lock_is_lacking_until_it_comes(void **state)
{
	struct story_process *process = take(LOADED("10", "1"));

	(void)state;
	assert_false(story_lacks_lock(&story, process)); /* nobody armed */
	take(ARMED("10"));
	assert_true(story_lacks_lock(&story, process));
	assert_string_equal(process->triggers[story_missing_phase(&story, process)], "poll");
	take(LOCKED("10"));
	assert_false(story_lacks_lock(&story, process));
}

static void a_child_locks_for_its_family(void **state)
{
	struct story_process *first = take(LOADED("10", "1")), *child;

	(void)state;
	take(ARMED("10"));
	child = take(FORKED("11", "10"));
	assert_ptr_equal(child->parent, first);
	assert_ptr_equal(child->image, first);
	assert_int_equal(child->armed, 1);
	story_end(&story, first, false);
	assert_true(story_lacks_lock(&story, first));
	assert_true(story_is_alive(&story, first));
	take(LOCKED("11"));
	assert_int_equal(child->locked, 1);
	assert_int_equal(first->locked, 0);
	assert_false(story_lacks_lock(&story, first));
}

#define INHERITED(pid)                                                                             \
	"{\"event\":\"locked before the fork\",\"pid\":" pid ",\"policy\":\"p\",\"phase\":\"a\"}"
#define PHASE(event, pid, phase)                                                                   \
	"{\"event\":\"" event "\",\"pid\":" pid ",\"policy\":\"p\",\"phase\":\"" phase "\"}"

/* A master and three workers, of which one never locks; what the master is does not matter. */
static void a_fork_lacks_what_others_of_its_parent_locked(void **state)
{
	struct story_process *first = take(LOADED("10", "1")), *master, *good, *bad, *runs;

	(void)state;
	take(ARMED("10"));
	master = take(FORKED("11", "10"));
	good = take(FORKED("12", "11"));
	bad = take(FORKED("13", "11"));
	runs = take(FORKED("14", "11"));
	assert_false(story_lacks_lock(&story, bad)); /* nobody has yet */
	take(LOCKED("12"));
	assert_false(story_lacks_lock(&story, first));
	assert_false(story_lacks_lock(&story, master));
	assert_false(story_lacks_lock(&story, good));
	assert_true(story_lacks_lock(&story, bad));
	assert_ptr_equal(story_peer(&story, bad), good);
	assert_true(story_lacks_lock(&story, runs));
	story_end(&story, runs, true); /* it executed another program */
	assert_false(story_lacks_lock(&story, runs));
	take(FORKED("15", "13"));
	take(LOCKED("15")); /* its own child is the worker */
	assert_false(story_lacks_lock(&story, bad));
}

/* Told to end while it was starting: an end that the slowest of its kind might have come to. */
static void who_ends_young_is_excused(void **state)
{
	struct story_process *slow, *young, *old;

	(void)state;
	take(LOADED("10", "1"));
	take(ARMED("10"));
	slow = take(FORKED("11", "10"));
	young = take(FORKED("12", "10"));
	old = take(FORKED("13", "10"));
	story.now = STORY_YOUNG_MS;
	take(LOCKED("11"));
	story.now = STORY_YOUNG_TIMES * STORY_YOUNG_MS - 1;
	story_end(&story, slow, false);
	assert_true(story_lacks_lock(&story, young)); /* it is there yet */
	story_end(&story, young, false);
	story.now++;
	story_end(&story, old, false);
	assert_false(story_lacks_lock(&story, slow));
	assert_false(story_ended_young(&story, slow));
	assert_false(story_lacks_lock(&story, young));
	assert_true(story_ended_young(&story, young));
	assert_true(story_lacks_lock(&story, old));
	assert_false(story_ended_young(&story, old));
}

static void what_a_fork_has_is_what_it_says(void **state)
{
	struct story_process *first = take(LOADED("10", "1")), *before, *after;

	(void)state;
	take(ARMED("10"));
	take(LOCKED("10"));
	/* It was forked before, and only its word comes later. */
	before = take(FORKED("11", "10"));
	after = take(FORKED("12", "10"));
	take(INHERITED("12"));
	assert_true(story_lacks_lock(&story, before));
	assert_ptr_equal(story_peer(&story, before), first);
	assert_false(story_lacks_lock(&story, after));
	take(LOCKED("11"));
	assert_false(story_lacks_lock(&story, before));
	take(PHASE("ends without having locked", "12", "a")); /* its own word goes before all */
	assert_int_equal(after->locked, 0);
}

/* A parent and children that divide their rights, and a child of two phases that got to one. */
static void phases_apart_are_not_lacking(void **state)
{
	struct story_process *one, *other, *half;

	(void)state;
	take(LOADED("10", "1"));
	take(PHASE("armed", "10", "a"));
	take(PHASE("armed", "10", "b"));
	take(PHASE("armed", "10", "c"));
	one = take(FORKED("11", "10"));
	other = take(FORKED("12", "10"));
	half = take(FORKED("13", "10"));
	take(PHASE("locked", "11", "a"));
	take(PHASE("locked", "12", "b"));
	take(PHASE("locked", "12", "c"));
	take(PHASE("locked", "13", "b"));
	assert_false(story_lacks_lock(&story, one));
	assert_false(story_lacks_lock(&story, other));
	assert_true(story_lacks_lock(&story, half));
	assert_int_equal(story_missing_phase(&story, half), 2);
}

static void numbers_come_again(void **state)
{
	struct story_process *first, *second;

	(void)state;
	first = take(LOADED("10", "1"));
	take(ARMED("10"));
	story_end(&story, first, false);
	second = take(LOADED("10", "1"));
	assert_ptr_not_equal(first, second);
	take(ARMED("10"));
	take(LOCKED("10"));
	assert_true(story_lacks_lock(&story, first));
	assert_false(story_lacks_lock(&story, second));
}

static void replaced_by_an_armed_program_it_lacks_nothing(void **state)
{
	struct story_process *first = take(LOADED("10", "1")), *second;

	(void)state;
	take(ARMED("10"));
	second = take(LOADED("10", "1")); /* without its end: it executed another */
	assert_true(first->replaced);
	assert_ptr_equal(second->parent, first);
	assert_true(story_lacks_lock(&story, first));
	take(ARMED("10"));
	assert_false(story_lacks_lock(&story, first));
	assert_true(story_lacks_lock(&story, second));
}

static void what_is_begun_under_a_lock_is_locked(void **state)
{
	struct story_process *first = take(LOADED("10", "1")), *second;

	(void)state;
	take(ARMED("10"));
	take(LOCKED("10"));
	second = take(LOADED("11", "10"));
	take(ARMED("11"));
	assert_true(second->under_lock);
	assert_false(first->under_lock);
	assert_false(story_lacks_lock(&story, second));
}

/* Processes of two pid namespaces, that have the same numbers. */
static void a_number_of_the_watcher_tells_alike_processes_apart(void **state)
{
	struct story_process *a = story_add(&story, BEGUN_EXEC, 100, NULL);
	struct story_process *b = story_add(&story, BEGUN_EXEC, 200, NULL);

	(void)state;
	take("{\"event\":\"armed\",\"pid\":2,\"image\":1,\"policy\":\"p\",\"phase\":\"a\"}");
	take("{\"event\":\"armed\",\"pid\":2,\"image\":2,\"policy\":\"p\",\"phase\":\"a\"}");
	take("{\"event\":\"locked\",\"pid\":2,\"image\":2,\"policy\":\"p\",\"phase\":\"a\"}");
	assert_int_equal(story.count, 2);
	assert_true(story_lacks_lock(&story, a));
	assert_false(story_lacks_lock(&story, b));
	/* A number that was never given is nobody's. */
	take("{\"event\":\"locked\",\"pid\":2,\"image\":77,\"policy\":\"p\",\"phase\":\"a\"}");
	assert_true(story_lacks_lock(&story, a));
}

static void lines_of_strangers_do_no_harm(void **state)
{
	(void)state;
	take("{}");
	take("{\"event\":7,\"pid\":\"x\",\"image\":-1}");
	take("{\"event\":\"locked\",\"pid\":-5,\"image\":9223372036854775807,\"phase\":[]}");
	for (int i = 0; i < STORY_PHASES_MAX + 2; i++) {
		char line[128];

		snprintf(line, sizeof(line),
			 "{\"event\":\"armed\",\"pid\":9,\"policy\":\"p\",\"phase\":\"%d\"}", i);
		take(line);
	}
	for (size_t i = 0; i < story.count; i++)
		assert_in_range(story.list[i]->phase_count, 0, STORY_PHASES_MAX);
}

/* --- the first program ------------------------------------------------------------------------ */

static const char *the_library(void)
{
	static char path[PATH_MAX];

	assert_non_null(
		realpath(getenv("LIBRARY") ? getenv("LIBRARY") : "build/libsandbox.so", path));
	return path;
}

static struct watched_options touches(char *marker, bool hold)
{
	static char name[] = "touch";
	static char *argv[] = { name, NULL, NULL };

	argv[1] = marker;
	return (struct watched_options){ .program = "/usr/bin/touch",
					 .argv = argv,
					 .library = the_library(),
					 .need_exec = true,
					 .hold = hold };
}

/* The environment has no LD_PRELOAD, as if somebody had taken it out behind our back. */
static void without_the_library_it_does_not_run(void **state)
{
	char marker[] = "/tmp/test_watched.XXXXXX";
	struct watched_options options;
	const char *why = "";

	(void)state;
	close(mkstemp(marker));
	unlink(marker);
	unsetenv("LD_PRELOAD");
	options = touches(marker, true);
	if (!watched_run(&options, &story, &why)) {
		print_message("no listener here: %s\n", why);
		skip();
	}
	assert_non_null(story.held);
	assert_non_null(strstr(story.held, "LD_PRELOAD"));
	assert_true(access(marker, F_OK));

	options = touches(marker, false);
	end(NULL);
	begin(NULL);
	assert_true(watched_run(&options, &story, &why));
	assert_null(story.held);
	assert_int_equal(story.list[0]->reach, NOT_REACHED);
	assert_false(access(marker, F_OK));
	unlink(marker);
}

static size_t asked_about;

/* Somebody forks just then. */
static bool says_yes(void *asked, const struct story *told)
{
	static const char line[] = FORKED("1", "0") "\n";
	const char *path = strchr(getenv("SANDBOX_REPORT"), ':') + 1;
	int file = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

	if (!asked_about)
		*(bool *)asked = write(file, line, sizeof(line) - 1) == sizeof(line) - 1;
	close(file);
	asked_about = told->count;
	return true;
}

/* nginx' second worker was in the story, and nobody had been asked whether to wait for it. */
static void what_is_judged_was_asked_about(void **state)
{
	char name[] = "sh", option[] = "-c", script[] = "sleep 2 &";
	char *argv[] = { name, option, script, NULL };
	bool wrote = false;
	const struct watched_options options = { .program = "/bin/sh",
						 .argv = argv,
						 .library = the_library(),
						 .enough = says_yes,
						 .argument = &wrote };
	const char *why = "";

	(void)state;
	unsetenv("LD_PRELOAD");
	asked_about = 0;
	assert_true(watched_run(&options, &story, &why));
	assert_true(wrote);
	assert_int_equal(story.list[story.count - 1]->inner, 1);
	assert_int_equal(asked_about, story.count);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_lock_is_lacking_until_it_comes, begin, end),
		cmocka_unit_test_setup_teardown(a_child_locks_for_its_family, begin, end),
		cmocka_unit_test_setup_teardown(a_fork_lacks_what_others_of_its_parent_locked,
						begin, end),
		cmocka_unit_test_setup_teardown(who_ends_young_is_excused, begin, end),
		cmocka_unit_test_setup_teardown(what_a_fork_has_is_what_it_says, begin, end),
		cmocka_unit_test_setup_teardown(phases_apart_are_not_lacking, begin, end),
		cmocka_unit_test_setup_teardown(numbers_come_again, begin, end),
		cmocka_unit_test_setup_teardown(replaced_by_an_armed_program_it_lacks_nothing,
						begin, end),
		cmocka_unit_test_setup_teardown(what_is_begun_under_a_lock_is_locked, begin, end),
		cmocka_unit_test_setup_teardown(a_number_of_the_watcher_tells_alike_processes_apart,
						begin, end),
		cmocka_unit_test_setup_teardown(lines_of_strangers_do_no_harm, begin, end),
		cmocka_unit_test_setup_teardown(without_the_library_it_does_not_run, begin, end),
		cmocka_unit_test_setup_teardown(what_is_judged_was_asked_about, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
