/* test_parse.c - tokens and statements, before any name is looked up. */
#include "memory.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

static struct memory memory;

static int begin(void **unused)
{
	(void)unused;
	memory_begin(&memory);
	return 0;
}

static int end(void **unused)
{
	(void)unused;
	memory_end(&memory);
	return 0;
}

static struct lexer lex(const char *text)
{
	struct lexer lexer;

	lex_begin(&lexer, &memory.arena, &memory.diagnostics,
		  memory_add(&memory, "text", text, strlen(text)));
	return lexer;
}

static const struct syntax *parse(const char *text)
{
	return parse_policy(&memory.arena, &memory.diagnostics,
			    memory_add(&memory, "text", text, strlen(text)));
}

static void words_operators_and_places(void **unused)
{
	static const enum token_kind kinds[] = {
		TOKEN_WORD,  TOKEN_WORD,  TOKEN_AND,	   TOKEN_OPEN, TOKEN_WORD,     TOKEN_BAR,
		TOKEN_WORD,  TOKEN_CLOSE, TOKEN_NE,	   TOKEN_WORD, TOKEN_OPEN_SET, TOKEN_WORD,
		TOKEN_COMMA, TOKEN_WORD,  TOKEN_CLOSE_SET, TOKEN_END,
	};
	struct lexer lexer = lex("\n  # nothing\n\twhere a&(B|C)!=-1 {x,y} # end\n\n");

	(void)unused;
	assert_true(lex_line(&lexer));
	assert_int_equal(lexer.count, sizeof(kinds) / sizeof(kinds[0]));
	for (size_t i = 0; i < lexer.count; i++)
		assert_int_equal(lexer.tokens[i].kind, kinds[i]);
	assert_int_equal(lexer.tokens[1].place.line, 3);
	assert_int_equal(lexer.tokens[1].place.column, 8);
	assert_string_equal(lexer.tokens[9].text, "-1");
	assert_false(lex_line(&lexer));
	assert_int_equal(memory.diagnostics.errors, 0);
}

static void object_names_keep_their_mark(void **unused)
{
	struct lexer lexer = lex("call lib.so!name");

	(void)unused;
	assert_true(lex_line(&lexer));
	assert_string_equal(lexer.tokens[1].text, "lib.so!name");
}

static void paths_go_on_to_the_next_blank(void **unused)
{
	struct lexer lexer = lex("read /a=b,(c)|{d}&<e>!=f -/g=h i=/j # /k");

	(void)unused;
	assert_true(lex_line(&lexer));
	assert_string_equal(lexer.tokens[1].text, "/a=b,(c)|{d}&<e>!=f");
	assert_string_equal(lexer.tokens[2].text, "-/g=h");
	assert_string_equal(lexer.tokens[3].text, "i");
	assert_int_equal(lexer.tokens[4].kind, TOKEN_WRONG);
	assert_string_equal(lexer.tokens[5].text, "/j");
	assert_int_equal(lexer.tokens[6].kind, TOKEN_END);
}

static void strange_bytes_are_errors(void **unused)
{
	struct lexer lexer = lex("allow \x01read \xc3\xa9\r\nallow read\r\n");

	(void)unused;
	assert_true(lex_line(&lexer));
	assert_true(memory.diagnostics.errors >= 2);
	assert_true(lex_line(&lexer));
	assert_int_equal(lexer.count, 3);
}

static void an_errno_after_trap_is_no_call(void **unused)
{
	const struct syntax *syntax = parse("policy 1\nphase a\ntrap EPERM read\ntrap read\n"
					    "override errno 38 write\n");

	(void)unused;
	assert_int_equal(syntax->list[2].action.kind, ACTION_TRAP_ERRNO);
	assert_int_equal(syntax->list[2].action.error, 1);
	assert_int_equal(syntax->list[3].action.kind, ACTION_TRAP);
	assert_int_equal(syntax->list[3].words.count, 1);
	assert_true(syntax->list[4].override);
	assert_int_equal(syntax->list[4].action.error, 38);
}

static void not_binds_to_the_test_and_before_or(void **unused)
{
	const struct condition *condition = parse("policy 1\nphase a\nallow x where not a has B or "
						  "c == 1 and d not in {2, 3}\n")
						    ->list[2]
						    .condition;

	(void)unused;
	assert_int_equal(condition->kind, CONDITION_OR);
	assert_int_equal(condition->left->kind, CONDITION_NOT);
	assert_int_equal(condition->left->left->op, TEST_HAS);
	assert_int_equal(condition->right->kind, CONDITION_AND);
	assert_int_equal(condition->right->right->op, TEST_NOT_IN);
	assert_int_equal(condition->right->right->count, 2);
}

static void the_condition_is_kept_as_written(void **unused)
{
	const struct syntax *syntax = parse(
		"policy 1\nabout A  sentence, with (odd) signs = !\n"
		"phase a\nallow x where  a ==  1   # why\ntrigger wait where timeout > 1 #x\n");

	(void)unused;
	assert_string_equal(syntax->list[1].text, "A  sentence, with (odd) signs = !");
	assert_string_equal(syntax->list[3].text, "a ==  1");
	assert_string_equal(syntax->list[4].trigger.text, "wait where timeout > 1");
	assert_int_equal(memory.diagnostics.errors, 0);
}

static void what_was_meant(void **unused)
{
	static const char *const pairs[][2] = {
		{ "sokcet", "socket" },	       { "opnat", "openat" },	{ "wrtie", "write" },
		{ "epol_wait", "epoll_wait" }, { "getpidd", "getpid" },
	};
	struct nearest nearest;

	(void)unused;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		names_nearest_syscall(&nearest, pairs[i][0]);
		assert_string_equal(nearest.best, pairs[i][1]);
	}
	names_nearest_syscall(&nearest, "zzzzzzzzzz");
	assert_null(nearest.best);
}

static void tables_are_sorted_and_whole(void **unused)
{
	(void)unused;
	for (uint32_t arch = 0; arch < ARCHES; arch++) {
		for (uint32_t number = 0; number <= names_last((enum arch)arch); number++) {
			const struct syscall_name *name = names_number((enum arch)arch, number);

			if (!name)
				continue;
			assert_ptr_equal(names_syscall(name->name), name);
			for (int i = 0; i < name->count; i++)
				assert_non_null(strchr("dulx", name->arguments[i].letter));
		}
	}
	for (int error = 1; error < 133; error++)
		if (names_errno_text((unsigned)error))
			assert_int_equal(names_errno(names_errno_text((unsigned)error)), error);
	assert_non_null(names_constant("ADDR_NO_RANDOMIZE"));
	assert_non_null(names_constant("XATTR_CREATE"));
	assert_int_equal(names_constant("O_DIRECTORY")->value[ARCH_AARCH64], 040000);
	assert_true(names_constant("AT_FDCWD")->is_negative);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(words_operators_and_places, begin, end),
		cmocka_unit_test_setup_teardown(object_names_keep_their_mark, begin, end),
		cmocka_unit_test_setup_teardown(paths_go_on_to_the_next_blank, begin, end),
		cmocka_unit_test_setup_teardown(strange_bytes_are_errors, begin, end),
		cmocka_unit_test_setup_teardown(an_errno_after_trap_is_no_call, begin, end),
		cmocka_unit_test_setup_teardown(not_binds_to_the_test_and_before_or, begin, end),
		cmocka_unit_test_setup_teardown(the_condition_is_kept_as_written, begin, end),
		cmocka_unit_test_setup_teardown(what_was_meant, begin, end),
		cmocka_unit_test_setup_teardown(tables_are_sorted_and_whole, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
