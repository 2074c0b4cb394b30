/* elf.c - from a function's name to its addresses in this process.
 *
 * What it does: looks in the files of the loaded objects, in .symtab (static functions too) and
 * .dynsym (a stripped program that exports its symbols, as redis does), and where .symtab has
 * nothing, in the object's separate debug file. Where no symbol has the name it may be a C++ name.
 * What it must not do: trust a file (elffile.c), or call the loader.
 *
 * Contract: load; elf_find_in: hook, by one thread at a time.
 */
#include "trigger/elf.h"

#include <fcntl.h>
#include <sys/auxv.h>

#include "machine.h"
#include "raw.h"
#include "report/line.h"
#include "report/report.h"
#include "scratch.h"
#include "trigger/cxxname.h"
#include "trigger/debugfile.h"
#include "trigger/elffile.h"
#include "trigger/loader.h"
#include "trigger/symbol.h"

/* One object in which a function is looked for. */
struct object {
	const char *path; /* to open */
	const char *name; /* for people, and for the directory it is in */
	uintptr_t base;
	bool is_new; /* its relocations are not done yet */
};

/* What is found of one name in one object. */
struct search {
	const char *name;
	uintptr_t base;
	struct functions *functions;
	uintptr_t plain; /* the function of exactly that name, 0: none yet */
	bool in_symtab, is_ifunc, is_scalable, is_ambiguous;
};

/* Where a function was looked for, as far as a line of a refusal has room for it. */
static struct {
	const char *object;  /* the first */
	const char *unread;  /* the one whose file cannot be read */
	unsigned objects;    /* how many */
	struct line tried;   /* debug files of the first */
	struct line ignored; /* of the others */
	struct line candidates;
	struct line why;
	const char *hint; /* of what else could be meant */
} looked;

static void take(struct search *search, const struct elf_symbol *symbol, enum symbol_match match)
{
	struct functions *functions = search->functions;
	uintptr_t address = search->base + symbol->value;

	for (unsigned i = 0; i < functions->count; i++) {
		if (functions->list[i].address == address)
			return; /* it stands in both tables */
	}
	if ((match == SYMBOL_PLAIN && search->plain) || functions->count == FUNCTIONS_MAX) {
		search->is_ambiguous = true;
		return;
	}
	if (match == SYMBOL_PLAIN)
		search->plain = address;
	search->is_ifunc |= symbol->is_ifunc;
	search->is_scalable |= symbol->is_scalable;
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

static void search_symbols(struct search *search, const struct elf_file *file)
{
	struct elf_walk walk = { 0 };
	struct elf_symbol symbol;

	while (elf_next_function(file, &walk, &symbol)) {
		enum symbol_match match = symbol_match(symbol.name, search->name);

		if (match == SYMBOL_NO)
			continue;
		search->in_symtab |= symbol.in_symtab;
		take(search, &symbol, match);
	}
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
static enum elf_result measure(struct functions *functions, const struct elf_file *file,
			       uintptr_t base)
{
	bound(functions, file, base);
	for (unsigned i = 0; i < functions->count; i++) {
		struct function *function = &functions->list[i];

		function->room = elf_code_from(file, function->address - base);
		if (function->next > function->room)
			function->next = function->room;
		if (!function->room)
			return ELF_NOT_CODE;
	}
	return ELF_FOUND;
}

/* Adds the functions called `name` to those found. A stripped object exports some names at most:
 * the copies that gcc made of a function, and all static functions, have theirs in the debug file
 * only.
 */
static enum elf_result find_name(const struct elf_file *file, const struct object *object,
				 const char *name, struct functions *functions)
{
	struct search search = { .name = name, .base = object->base, .functions = functions };
	unsigned before = functions->count;
	struct elf_file debug;

	search_symbols(&search, file);
	if (!search.in_symtab &&
	    debugfile_open(&debug, file, object->name,
			   looked.objects > 1 ? &looked.ignored : &looked.tried)) {
		search_symbols(&search, &debug);
		bound(functions, &debug, object->base);
		elf_close(&debug);
	}
	if (search.is_ambiguous)
		return ELF_AMBIGUOUS;
	if (functions->count == before)
		return ELF_NO_SYMBOL;
	if (search.is_scalable)
		return ELF_SCALABLE;
	if (search.is_ifunc && object->is_new)
		return ELF_NOT_CHOSEN;
	return search.is_ifunc ? choose_function(functions, file, object->base) : ELF_FOUND;
}

/* Several symbols that are one function, as a constructor has them. */
static enum elf_result find_names(const struct elf_file *file, const struct object *object,
				  const char *symbol, struct functions *functions)
{
	enum elf_result result = ELF_NO_SYMBOL;

	for (; *symbol; symbol += text_length(symbol) + 1) {
		result = find_name(file, object, symbol, functions);
		if (result != ELF_FOUND && result != ELF_NO_SYMBOL)
			return result;
	}
	return functions->count ? ELF_FOUND : result;
}

static enum elf_result find_symbol(const struct elf_file *file, const struct object *object,
				   struct wanted *wanted, struct functions *functions)
{
	if (wanted->symbols)
		return find_names(file, object, wanted->symbols, functions);
	if (*wanted->name)
		return find_name(file, object, wanted->name, functions);
	functions->list[0] = (struct function){
		.address = object->base + wanted->offset,
		.size = size_of(file, wanted->offset),
		.next = UINT64_MAX,
	};
	functions->count = 1;
	return ELF_FOUND;
}

/* Symbols are looked for again in objects that are loaded later, where nobody can be asked. */
static const char *keep_symbols(const char *symbols)
{
	static char kept[8192];
	static size_t used;
	const char *end = symbols;
	char *start = kept + used;

	while (*end)
		end += text_length(end) + 1;
	end++;
	if ((size_t)(end - symbols) > sizeof(kept) - used)
		report_fatal("the C++ names of the triggers have too many symbols", NULL);
	bytes_copy(start, symbols, (size_t)(end - symbols));
	used += (size_t)(end - symbols);
	return start;
}

/* The same for a name that no symbol has: it may be a C++ name of one, or of several that are one
 * function. */
static enum elf_result find_cxx_name(const struct elf_file *file, const struct object *object,
				     struct wanted *wanted, struct functions *functions)
{
	const char *symbols = "";

	switch (cxx_symbols(object->name, wanted->name, &symbols, &looked.candidates)) {
	case CXX_NONE:
		return ELF_NO_SYMBOL;
	case CXX_SEVERAL:
		return ELF_SEVERAL;
	case CXX_NO_COMMAND:
		return ELF_NO_COMMAND;
	case CXX_FOUND:
		break;
	}
	wanted->symbols = keep_symbols(symbols);
	return find_names(file, object, wanted->symbols, functions);
}

typedef enum elf_result (*finder)(const struct elf_file *, const struct object *, struct wanted *,
				  struct functions *);

static enum elf_result look_in(const struct object *object, struct wanted *wanted, finder find,
			       struct functions *functions)
{
	enum elf_result result;
	struct elf_file file;

	if (!elf_open(&file, object->path)) {
		looked.unread = object->name;
		return ELF_NO_FILE;
	}
	result = find(&file, object, wanted, functions);
	if (result == ELF_FOUND)
		result = measure(functions, &file, object->base);
	elf_close(&file);
	return result;
}

static bool has_name(const struct wanted *wanted, const char *path)
{
	return !*wanted->object || text_equal(wanted->object, text_basename(path));
}

/* Where this library begins (ld(1)). Its own functions are nobody's triggers. */
extern const char __ehdr_start[] __attribute__((visibility("hidden")));

/* The vdso has a name without a slash, and no file. */
bool elf_is_wanted(const struct wanted *wanted, const struct link_map *map)
{
	return text_basename(map->l_name) != map->l_name &&
	       map->l_addr != (uintptr_t)__ehdr_start && has_name(wanted, map->l_name);
}

/* The program goes by two names: Debian's redis-server is a link to redis-check-rdb. */
static bool is_wanted(const struct wanted *wanted, const struct link_map *map,
		      struct object *object)
{
	static char file[4096];
	long n;

	*object = (struct object){ map->l_name, map->l_name, map->l_addr, false };
	if (map != loader_program())
		return elf_is_wanted(wanted, map);
	n = raw(readlinkat, AT_FDCWD, "/proc/self/exe", file, sizeof(file) - 1);
	file[n > 0 ? n : 0] = '\0';
	object->path = "/proc/self/exe";
	object->name = file;
	return has_name(wanted, file) || has_name(wanted, (const char *)getauxval(AT_EXECFN));
}

static void forget_looks(void)
{
	looked.objects = 0;
	looked.tried.length = looked.ignored.length = looked.candidates.length = 0;
}

/* The program first, then its libraries in load order. */
static enum elf_result look_in_objects(struct wanted *wanted, finder find,
				       struct functions *functions)
{
	const struct link_map *map = loader_program();
	enum elf_result result = ELF_NO_OBJECT;
	struct object object;

	looked.objects = 0;
	for (; map && (result == ELF_NO_OBJECT || result == ELF_NO_SYMBOL); map = map->l_next) {
		if (!is_wanted(wanted, map, &object))
			continue;
		if (!looked.objects++)
			looked.object = object.name;
		functions->map = map;
		result = look_in(&object, wanted, find, functions);
	}
	return result;
}

enum elf_result elf_find_function(struct wanted *wanted, struct functions *functions)
{
	enum elf_result result;

	forget_looks();
	looked.hint = *wanted->object ? "" : "; of a library that is loaded later: OBJECT!NAME";
	result = look_in_objects(wanted, find_symbol, functions);
	if (result == ELF_NO_SYMBOL && cxx_is_name(wanted->name))
		result = look_in_objects(wanted, find_cxx_name, functions);
	scratch_drop();
	return result;
}

/* Will the loader write into code (DT_TEXTREL), which may be where the jump would be? */
static bool has_code_relocations(const struct link_map *map)
{
	for (const ElfW(Dyn) *entry = map->l_ld; entry->d_tag != DT_NULL; entry++) {
		if (entry->d_tag == DT_TEXTREL ||
		    (entry->d_tag == DT_FLAGS && (entry->d_un.d_val & DF_TEXTREL)))
			return true;
	}
	return false;
}

enum elf_result elf_find_in(const struct wanted *wanted, const struct link_map *map,
			    struct functions *functions)
{
	const struct object object = { map->l_name, map->l_name, map->l_addr, true };
	struct wanted copy = *wanted;

	forget_looks();
	looked.objects = 1;
	looked.object = map->l_name;
	looked.hint = cxx_is_name(wanted->name) && !wanted->symbols
			      ? "; in objects that are loaded later C++ names have to be mangled"
			      : "";
	functions->map = map;
	return has_code_relocations(map) ? ELF_NOT_PLACED
					 : look_in(&object, &copy, find_symbol, functions);
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

static const char *why_several(void)
{
	looked.why.length = 0;
	line_text(&looked.why, "several functions have that name; give one of ");
	looked.candidates.text[looked.candidates.length] = '\0';
	line_text(&looked.why, looked.candidates.text);
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
	if (looked.objects > 1) {
		line_text(why, "; in other objects: ");
		line_unsigned(why, looked.objects - 1);
	}
	line_text(why, looked.hint);
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
	case ELF_NO_COMMAND:
		return "there is no sandboxctl beside the library to find a C++ name; give the "
		       "mangled name (nm)";
	case ELF_SEVERAL:
		return why_several();
	case ELF_NO_SYMBOL:
		return why_no_symbol();
	case ELF_AMBIGUOUS:
		return "several functions have that name; give one as OBJECT+0xOFFSET (nm)";
	case ELF_NOT_CODE:
		return "it is not in a segment of code of its object";
	case ELF_SCALABLE:
		return "it takes arguments in scalable vector registers (SVE), of which a system "
		       "call "
		       "forgets what is beyond 128 bits";
	case ELF_NOT_CHOSEN:
		return "its object is loaded later, and its code is chosen even later (IFUNC); "
		       "name the chosen function";
	case ELF_NOT_PLACED:
		return "its object is loaded later, and has relocations of its code (DT_TEXTREL)";
	default:
		return NULL;
	}
}
