/* elf.c - from a function's name to its addresses in this process.
 *
 * What it does: looks in the files of the loaded objects, in .symtab (static functions too) and
 * .dynsym (a stripped program that exports its symbols, as redis does), and where .symtab has
 * nothing, in the object's separate debug file.
 * What it must not do: trust a file (elffile.c), or be used after the constructor.
 *
 * Contract: load.
 */
#include "trigger/elf.h"

#include <fcntl.h>
#include <link.h>
#include <sys/auxv.h>

#include "machine.h"
#include "raw.h"
#include "report/line.h"
#include "trigger/debugfile.h"
#include "trigger/elffile.h"

/* One object in which a function is looked for. */
struct object {
	const char *path; /* to open */
	const char *name; /* for people, and for the directory it is in */
	uintptr_t base;
};

struct search {
	const struct wanted *wanted;
	struct object program; /* its base is known only when it comes */
	const char *started_as;
	struct functions *functions;
	enum elf_result result;
	unsigned objects; /* seen so far */
	uintptr_t plain;  /* the function of exactly that name, 0: none yet */
	bool in_symtab;
	bool is_ifunc;
};

/* Where a function was looked for, as far as a line of a refusal has room for it. */
static struct {
	const char *object;  /* the first */
	const char *unread;  /* the one whose file cannot be read */
	unsigned others;     /* how many objects behind that one */
	struct line tried;   /* debug files of the first */
	struct line ignored; /* of the others */
	struct line why;
} looked;

static bool starts_with(const char *text, const char *start)
{
	while (*start) {
		if (*text++ != *start++)
			return false;
	}
	return true;
}

enum match { MATCH_NONE, MATCH_PLAIN, MATCH_COPY };

/* What may stand behind the name: a version (.symtab has NAME@VERSION), what gcc calls a copy with
 * arguments left out or known, or what Go calls code with arguments on the stack. Not .part or
 * .cold: those are pieces. */
static enum match match_suffix(const char *suffix)
{
	static const char *const copies[] = { ".constprop.", ".isra.", ".abi0" };

	if (!*suffix || *suffix == '@' || starts_with(suffix, ".lto_priv."))
		return MATCH_PLAIN;
	for (unsigned i = 0; i < sizeof(copies) / sizeof(*copies); i++) {
		if (starts_with(suffix, copies[i]))
			return MATCH_COPY;
	}
	return MATCH_NONE;
}

static enum match match_symbol(const struct elf_symbol *symbol, const char *wanted)
{
	return starts_with(symbol->name, wanted) ? match_suffix(symbol->name + text_length(wanted))
						 : MATCH_NONE;
}

static void take(struct search *search, const struct elf_symbol *symbol, uintptr_t base,
		 enum match match)
{
	struct functions *functions = search->functions;
	uintptr_t address = base + symbol->value;

	for (unsigned i = 0; i < functions->count; i++) {
		if (functions->list[i].address == address)
			return; /* it stands in both tables */
	}
	if ((match == MATCH_PLAIN && search->plain) || functions->count == FUNCTIONS_MAX) {
		search->result = ELF_AMBIGUOUS;
		return;
	}
	if (match == MATCH_PLAIN)
		search->plain = address;
	if (search->result == ELF_NO_SYMBOL)
		search->result = ELF_FOUND;
	search->is_ifunc |= symbol->is_ifunc;
	functions->list[functions->count++] = (struct function){
		.address = address,
		.size = symbol->size,
		.next = UINT64_MAX,
	};
}

/* Where does the code behind a function begin that may be another's? */
static void bound(struct functions *functions, const struct elf_file *file, uintptr_t base)
{
	struct elf_walk walk = { 0 };
	struct elf_symbol symbol;

	while (elf_next_function(file, &walk, &symbol)) {
		for (unsigned i = 0; i < functions->count; i++) {
			struct function *function = &functions->list[i];
			uint64_t distance = base + symbol.value - function->address;

			if (distance && distance < function->next)
				function->next = distance;
		}
	}
}

static void search_symbols(struct search *search, const struct elf_file *file, uintptr_t base)
{
	struct elf_walk walk = { 0 };
	struct elf_symbol symbol;

	while (elf_next_function(file, &walk, &symbol)) {
		enum match match = match_symbol(&symbol, search->wanted->name);

		if (match == MATCH_NONE)
			continue;
		search->in_symtab |= symbol.in_symtab;
		take(search, &symbol, base, match);
	}
}

/* A stripped object exports some names at most: the copies that gcc made of a function, and all
 * static functions, have theirs in the debug file only. */
static void search_names(struct search *search, const struct elf_file *file,
			 const struct object *object)
{
	struct elf_file debug;

	search_symbols(search, file, object->base);
	if (search->in_symtab || !debugfile_open(&debug, file, object->name,
						 looked.others ? &looked.ignored : &looked.tried))
		return;
	search_symbols(search, &debug, object->base);
	bound(search->functions, &debug, object->base);
	elf_close(&debug);
}

static uint64_t size_of(const struct elf_file *file, uint64_t value)
{
	struct elf_walk walk = { 0 };
	struct elf_symbol symbol;

	while (elf_next_function(file, &walk, &symbol)) {
		if (symbol.value == value && symbol.size)
			return symbol.size;
	}
	return 0;
}

/* The symbol leads to a function that chooses the one to be called, by what the processor can do.
 * The loader has asked it for the calls that it bound; it answers the same again. */
static enum elf_result choose_function(struct functions *functions, const struct elf_file *file,
				       uintptr_t base)
{
	struct function *function = &functions->list[0];

	if (functions->count != 1)
		return ELF_AMBIGUOUS;
	if (!elf_code_from(file, function->address - base))
		return ELF_NOT_CODE;
	function->address =
		machine_choose(function->address, getauxval(AT_HWCAP), getauxval(AT_HWCAP2));
	function->size = size_of(file, function->address - base);
	function->next = UINT64_MAX;
	return ELF_FOUND;
}

/* How much code there is from each function on. */
static void measure(struct search *search, const struct elf_file *file, uintptr_t base)
{
	bound(search->functions, file, base);
	for (unsigned i = 0; search->result == ELF_FOUND && i < search->functions->count; i++) {
		struct function *function = &search->functions->list[i];

		function->room = elf_code_from(file, function->address - base);
		if (function->next > function->room)
			function->next = function->room;
		if (!function->room)
			search->result = ELF_NOT_CODE;
	}
}

static void search_object(struct search *search, const struct object *object)
{
	struct functions *functions = search->functions;
	struct elf_file file;

	if (looked.object)
		looked.others++;
	else
		looked.object = object->name;
	if (!elf_open(&file, object->path)) {
		looked.unread = object->name;
		search->result = ELF_NO_FILE;
		return;
	}
	if (*search->wanted->name) {
		search_names(search, &file, object);
	} else {
		functions->list[0] = (struct function){
			.address = object->base + search->wanted->offset,
			.next = UINT64_MAX,
		};
		functions->count = 1;
		search->result = ELF_FOUND;
	}
	if (search->result == ELF_FOUND && search->is_ifunc)
		search->result = choose_function(functions, &file, object->base);
	measure(search, &file, object->base);
	elf_close(&file);
}

static bool is_wanted(const struct search *search, const struct object *object, bool is_program)
{
	const char *name = search->wanted->object;

	return !*name || text_equal(name, text_basename(object->name)) ||
	       (is_program && text_equal(name, text_basename(search->started_as)));
}

/* dl_iterate_phdr: the program comes first, with an empty name; the vdso has no file. */
static int look_at_object(struct dl_phdr_info *info, size_t size, void *data)
{
	struct search *search = data;
	bool is_program = search->objects++ == 0;
	struct object object = { info->dlpi_name, info->dlpi_name, info->dlpi_addr };

	if (is_program) {
		object = search->program;
		object.base = info->dlpi_addr;
	}
	if (text_basename(object.path) == object.path || !is_wanted(search, &object, is_program))
		return 0;
	search->result = ELF_NO_SYMBOL;
	search_object(search, &object);
	return search->result != ELF_NO_SYMBOL;
}

enum elf_result elf_find_function(const struct wanted *wanted, struct functions *functions)
{
	static char file[4096];
	struct search search = {
		.wanted = wanted,
		.program = { "/proc/self/exe", file, 0 },
		.started_as = (const char *)getauxval(AT_EXECFN),
		.functions = functions,
		.result = ELF_NO_OBJECT,
	};
	long n = raw(readlinkat, AT_FDCWD, "/proc/self/exe", file, sizeof(file) - 1);

	file[n > 0 ? n : 0] = '\0';
	looked.object = NULL;
	looked.others = looked.tried.length = looked.ignored.length = 0;
	dl_iterate_phdr(look_at_object, &search);
	return search.result;
}

/* --- words ------------------------------------------------------------------------------------ */

static const char *why_no_file(void)
{
	looked.why.length = 0;
	line_text(&looked.why, "cannot read the symbols of ");
	line_text(&looked.why, looked.unread);
	looked.why.text[looked.why.length] = '\0';
	return looked.why.text;
}

static const char *why_no_symbol(void)
{
	struct line *why = &looked.why;

	why->length = 0;
	line_text(why, "no loaded object has a function of that name (nm, nm -D); looked in ");
	line_text(why, looked.object);
	looked.tried.text[looked.tried.length] = '\0';
	line_text(why, looked.tried.length ? "; for its debug file: " : "; it names no debug file");
	line_text(why, looked.tried.text);
	if (looked.others) {
		line_text(why, "; in other objects: ");
		line_unsigned(why, looked.others);
	}
	why->text[why->length] = '\0';
	return why->text;
}

const char *elf_why(enum elf_result result)
{
	switch (result) {
	case ELF_NO_OBJECT:
		return "no object of that name is loaded (a library's name is that of its file)";
	case ELF_NO_FILE:
		return why_no_file();
	case ELF_NO_SYMBOL:
		return why_no_symbol();
	case ELF_AMBIGUOUS:
		return "several functions have that name; give one as OBJECT+0xOFFSET (nm)";
	case ELF_NOT_CODE:
		return "it is not in a segment of code of its object";
	default:
		return NULL;
	}
}
