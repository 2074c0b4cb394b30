/* functions.c - sandboxctl functions: what the trigger `call` could name in a program or library.
 *
 * What it does: lists the functions that the library would find in the file and in its separate
 * debug file, with the library's own reader; finds the ones that a name means.
 * What it must not do: find more than the library does, or another one.
 */
#include "cxxname.h"
#include "options.h"
#include "report/line.h"
#include "trigger/debugfile.h"
#include "trigger/elffile.h"
#include "trigger/symbol.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
	"usage: sandboxctl functions [OPTIONS] FILE [NAME]\n"
	"\n"
	"The functions of a program or library that a trigger `call` could name, those of its\n"
	"separate debug file included. With NAME, the one that `call NAME` means: a symbol, or a\n"
	"C++ name with its parameter list or without.\n"
	"\n"
	"  -j, --json         for other programs\n"
	"  -s, --symbols      only each symbol, a tab, and its C++ name\n";

struct options {
	const char *file, *name;
	bool json, symbols;
};

struct function {
	const char *symbol;    /* as the file has it */
	const char *plain;     /* of a copy, that of the function */
	const char *demangled; /* of plain, NULL: it is not mangled */
	const char *kind;
	uint64_t value, size;
};

struct listed {
	struct arena arena;
	struct function *list;
	size_t count;
};

/* --- reading ---------------------------------------------------------------------------------- */

static const char *kind_of(const struct elf_symbol *symbol, const struct function *function)
{
	if (symbol->is_ifunc)
		return "chosen";
	if (!symbol->is_typed)
		return "untyped";
	return symbol_match(symbol->name, function->plain) == SYMBOL_COPY ? "copy" : "function";
}

static void add_function(struct listed *listed, const struct elf_symbol *symbol)
{
	struct function *function = ARENA_PUSH(&listed->arena, listed->list, listed->count);

	function->symbol = arena_strndup(&listed->arena, symbol->name, strlen(symbol->name));
	function->plain = arena_strndup(&listed->arena, symbol->name, symbol_length(symbol->name));
	function->demangled = cxx_demangle(&listed->arena, function->plain);
	function->kind = kind_of(symbol, function);
	function->value = symbol->value;
	function->size = symbol->size;
}

/* The segments of a debug file are those of its object, and lead nowhere: `object` is asked. */
static void add_functions(struct listed *listed, const struct elf_file *file,
			  const struct elf_file *object)
{
	struct elf_walk walk = { 0 };
	struct elf_symbol symbol;

	while (elf_next_function(file, &walk, &symbol)) {
		if (*symbol.name && elf_code_from(object, symbol.value))
			add_function(listed, &symbol);
	}
}

static int compare_functions(const void *a, const void *b)
{
	const struct function *x = a, *y = b;
	int names = strcmp(x->plain, y->plain);

	if (x->value != y->value)
		return x->value < y->value ? -1 : 1;
	return names ? names : strcmp(x->symbol, y->symbol);
}

/* Most stand in several tables, in .symtab with a version perhaps. */
static void remove_repeated(struct listed *listed)
{
	size_t kept = 0;

	if (listed->count)
		qsort(listed->list, listed->count, sizeof(listed->list[0]), compare_functions);
	for (size_t i = 0; i < listed->count; i++) {
		const struct function *last = kept ? &listed->list[kept - 1] : NULL;

		if (!last || last->value != listed->list[i].value ||
		    strcmp(last->plain, listed->list[i].plain) != 0)
			listed->list[kept++] = listed->list[i];
	}
	listed->count = kept;
}

static bool read_functions(struct listed *listed, const char *path)
{
	struct elf_file file, debug;
	struct line tried = { 0 };

	if (!elf_open(&file, path))
		return false;
	add_functions(listed, &file, &file);
	if (debugfile_open(&debug, &file, path, &tried)) {
		add_functions(listed, &debug, &file);
		elf_close(&debug);
	}
	elf_close(&file);
	remove_repeated(listed);
	return true;
}

/* --- choosing --------------------------------------------------------------------------------- */

static bool is_symbol(struct arena *arena, const struct function *function, const char *name)
{
	(void)arena;
	return symbol_match(function->symbol, name) != SYMBOL_NO;
}

static bool is_cxx_name(struct arena *arena, const struct function *function, const char *name)
{
	return function->demangled && cxx_means(arena, function->demangled, name);
}

/* How many are meant; when any is, only those stay. */
static size_t keep(struct listed *listed, const char *name,
		   bool (*is_meant)(struct arena *, const struct function *, const char *))
{
	size_t kept = 0;

	for (size_t i = 0; i < listed->count; i++) {
		if (is_meant(&listed->arena, &listed->list[i], name))
			listed->list[kept++] = listed->list[i];
	}
	return kept;
}

static const char *name_of(const struct function *function)
{
	return function->demangled ? function->demangled : function->plain;
}

/* One function may have several symbols: gcc's copies of it, a constructor's C1 and C2. But static
 * functions of several sources may share one. */
static bool same_function(const struct function *a, const struct function *b)
{
	bool copies = symbol_match(a->symbol, a->plain) == SYMBOL_COPY ||
		      symbol_match(b->symbol, b->plain) == SYMBOL_COPY;

	if (!strcmp(a->plain, b->plain))
		return copies || a->value == b->value;
	return !strcmp(name_of(a), name_of(b));
}

static bool is_one(const struct listed *listed)
{
	for (size_t i = 1; i < listed->count; i++) {
		for (size_t j = 0; j < i; j++) {
			if (!same_function(&listed->list[i], &listed->list[j]))
				return false;
		}
	}
	return listed->count > 0;
}

/* A symbol of exactly that name goes before C++ names, as it does in the library. */
static void choose(struct listed *listed, const char *name)
{
	size_t kept = keep(listed, name, is_symbol);

	listed->count = kept ? kept : keep(listed, name, is_cxx_name);
}

/* --- showing ---------------------------------------------------------------------------------- */

static void print_symbols(const struct listed *listed)
{
	for (size_t i = 0; i < listed->count; i++) {
		printf("%s\t%s\n", listed->list[i].plain, name_of(&listed->list[i]));
	}
}

static void print_text(const struct listed *listed)
{
	for (size_t i = 0; i < listed->count; i++) {
		const struct function *function = &listed->list[i];

		printf("0x%08" PRIx64 " %7" PRIu64 " %-8s %s", function->value, function->size,
		       function->kind, function->symbol);
		if (function->demangled)
			printf("  %s", function->demangled);
		putchar('\n');
	}
}

static void print_json(const struct listed *listed)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < listed->count; i++) {
		const struct function *function = &listed->list[i];
		json_t *row = json_object();

		json_object_set_new(row, "symbol", json_string_nocheck(function->symbol));
		if (function->demangled)
			json_object_set_new(row, "name", json_string_nocheck(function->demangled));
		json_object_set_new(row, "kind", json_string(function->kind));
		json_object_set_new(row, "offset", json_integer((json_int_t)function->value));
		json_object_set_new(row, "size", json_integer((json_int_t)function->size));
		json_array_append_new(rows, row);
	}
	json_dumpf(rows, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(rows);
}

static void print(const struct listed *listed, const struct options *options)
{
	if (options->symbols)
		print_symbols(listed);
	else if (options->json)
		print_json(listed);
	else
		print_text(listed);
}

/* --- the command ------------------------------------------------------------------------------ */

/* 0: there it is; 1: none or several (--symbols says nothing, its reader knows). */
static int answer(struct listed *listed, const struct options *options)
{
	bool good = true;

	if (options->name) {
		choose(listed, options->name);
		good = is_one(listed);
	}
	print(listed, options);
	if (good || options->symbols)
		return good ? EXIT_GOOD : EXIT_POLICY;
	if (listed->count)
		complain("%s: several functions are called '%s'", options->file, options->name);
	else
		complain("%s: no function is called '%s'", options->file, options->name);
	return EXIT_POLICY;
}

int functions_main(int argc, char **argv)
{
	struct options options = { 0 };
	const struct command command = {
		.name = "functions",
		.help = help,
		.options = { { 'j', "json", .flag = &options.json },
			     { 's', "symbols", .flag = &options.symbols } },
		.arguments = { 1, 2, "give a file, and one name at most" },
	};
	struct listed listed = { 0 };
	int result = read_options(&command, &argc, &argv);

	if (result >= 0)
		return result;
	options.file = argv[0];
	options.name = argv[1];
	if (access(options.file, R_OK)) {
		complain("%s: %s", options.file, strerror(errno));
		result = EXIT_USAGE;
	} else if (!read_functions(&listed, options.file)) {
		complain("%s: cannot be read as a 64-bit program or library", options.file);
		result = EXIT_USAGE;
	} else {
		result = answer(&listed, &options);
		if (cxx_missing())
			complain("C++ names cannot be shown: %s", cxx_missing());
	}
	arena_free(&listed.arena);
	return result;
}
