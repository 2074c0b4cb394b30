/* elf.c - symbol tables of the objects in this process.
 *
 * What it does: reads .symtab (static functions too) and .dynsym (a stripped program that exports
 * its symbols, as redis does) from the objects' files, every offset checked against the file.
 * What it must not do: trust a file, or be used after the constructor.
 *
 * Contract: load.
 */
#include "trigger/elf.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "raw.h"

struct file {
	const unsigned char *bytes;
	uint64_t size;
};

struct search {
	const struct wanted *wanted;
	const char *program[2]; /* basenames: of its file, and of what it was started as */
	struct functions *functions;
	enum elf_result result;
	unsigned objects;
	uintptr_t plain; /* the function of exactly that name, 0: none yet */
	bool bounding;	 /* they are found: what is behind them? */
};

/* A table of `count` elements of `each` bytes at `offset`, or NULL when it is not all there. */
static const void *file_at(const struct file *file, uint64_t offset, uint64_t count, uint64_t each)
{
	if (offset > file->size || (each && count > (file->size - offset) / each) || offset % 8)
		return NULL;
	return file->bytes + offset;
}

static bool file_map(struct file *file, const char *path)
{
	struct stat st = { 0 };
	long fd = raw(openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	long bytes = -1;

	if (fd < 0)
		return false;
	if (!raw(fstat, fd, &st) && st.st_size > 0)
		bytes = raw(mmap, NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	raw(close, fd);
	if (bytes < 0 && bytes > -4096)
		return false;
	file->bytes = (const unsigned char *)bytes;
	file->size = (uint64_t)st.st_size;
	return true;
}

static bool starts_with(const char *text, const char *start)
{
	while (*start) {
		if (*text++ != *start++)
			return false;
	}
	return true;
}

enum match { MATCH_NONE, MATCH_PLAIN, MATCH_COPY };

/* What may stand behind the name: a version (.symtab has NAME@VERSION), or what gcc calls a copy
 * with arguments left out or known. Not .part or .cold: those are pieces. */
static enum match match_suffix(const char *suffix)
{
	static const char *const copies[] = { ".constprop.", ".isra." };

	if (!*suffix || *suffix == '@' || starts_with(suffix, ".lto_priv."))
		return MATCH_PLAIN;
	for (unsigned i = 0; i < sizeof(copies) / sizeof(*copies); i++) {
		if (starts_with(suffix, copies[i]))
			return MATCH_COPY;
	}
	return MATCH_NONE;
}

static enum match match_symbol(const struct file *file, const Elf64_Shdr *strings, uint32_t name,
			       const char *wanted)
{
	const char *table;

	if (strings->sh_offset > file->size || strings->sh_size > file->size - strings->sh_offset ||
	    name >= strings->sh_size)
		return MATCH_NONE;
	table = (const char *)file->bytes + strings->sh_offset;
	if (table[strings->sh_size - 1] || /* names end where the table ends, at the latest */
	    !starts_with(table + name, wanted))
		return MATCH_NONE;
	return match_suffix(table + name + text_length(wanted));
}

static void take(struct search *search, const Elf64_Sym *symbol, uintptr_t base, enum match match)
{
	struct functions *functions = search->functions;
	unsigned type = ELF64_ST_TYPE(symbol->st_info);
	uintptr_t address = base + symbol->st_value;

	if (symbol->st_shndx == SHN_UNDEF || !symbol->st_value ||
	    (type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE))
		return;
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
	if (type == STT_GNU_IFUNC)
		search->result = ELF_IFUNC;
	functions->list[functions->count].address = address;
	functions->list[functions->count++].size = symbol->st_size;
}

/* Where does the code begin that may be another's? */
static void bound(struct functions *functions, const Elf64_Sym *symbol, uintptr_t base)
{
	unsigned type = ELF64_ST_TYPE(symbol->st_info);

	if (symbol->st_shndx == SHN_UNDEF || symbol->st_shndx >= SHN_LORESERVE ||
	    (type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE && type != STT_OBJECT))
		return;
	for (unsigned i = 0; i < functions->count; i++) {
		uint64_t distance = base + symbol->st_value - functions->list[i].address;

		if (distance && distance < functions->list[i].next)
			functions->list[i].next = distance;
	}
}

static void search_table(struct search *search, const struct file *file, const Elf64_Shdr *sections,
			 unsigned count, const Elf64_Shdr *table, uintptr_t base)
{
	const Elf64_Sym *symbols;
	uint64_t n = table->sh_size / sizeof(*symbols);

	symbols = file_at(file, table->sh_offset, n, sizeof(*symbols));
	if (!symbols || table->sh_link >= count)
		return;
	for (uint64_t i = 0; i < n && search->bounding; i++)
		bound(search->functions, &symbols[i], base);
	for (uint64_t i = 0; i < n && !search->bounding; i++) {
		enum match match = match_symbol(file, &sections[table->sh_link], symbols[i].st_name,
						search->wanted->name);

		if (match != MATCH_NONE)
			take(search, &symbols[i], base, match);
	}
}

static void search_file(struct search *search, const struct file *file, uintptr_t base)
{
	const Elf64_Ehdr *header = file_at(file, 0, 1, sizeof(*header));
	const Elf64_Shdr *sections;

	if (!header || header->e_ident[EI_CLASS] != ELFCLASS64 ||
	    header->e_shentsize != sizeof(*sections))
		return;
	sections = file_at(file, header->e_shoff, header->e_shnum, sizeof(*sections));
	if (!sections)
		return;
	for (unsigned i = 0; i < header->e_shnum; i++) {
		if (sections[i].sh_type == SHT_SYMTAB || sections[i].sh_type == SHT_DYNSYM)
			search_table(search, file, sections, header->e_shnum, &sections[i], base);
	}
}

/* How many bytes of code there are from `address` on. */
static uint64_t code_from(const struct dl_phdr_info *info, uintptr_t address)
{
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *phdr = &info->dlpi_phdr[i];
		uintptr_t offset = address - info->dlpi_addr - phdr->p_vaddr;

		if (phdr->p_type == PT_LOAD && (phdr->p_flags & PF_X) && offset < phdr->p_filesz)
			return phdr->p_filesz - offset;
	}
	return 0;
}

static bool is_named(const struct search *search, const char *path, bool is_program)
{
	const char *name = search->wanted->object;

	if (!*name)
		return true;
	if (!is_program)
		return text_equal(name, text_basename(path));
	return text_equal(name, search->program[0]) || text_equal(name, search->program[1]);
}

static void search_symbols(struct search *search, const struct dl_phdr_info *info, const char *path)
{
	struct file file;

	if (!file_map(&file, path))
		return; /* the vdso has no file */
	search_file(search, &file, info->dlpi_addr);
	raw(munmap, file.bytes, file.size);
}

/* dl_iterate_phdr: the program comes first, with an empty name. */
static int search_object(struct dl_phdr_info *info, size_t size, void *data)
{
	struct search *search = data;
	bool is_program = search->objects++ == 0;
	const char *path = is_program ? "/proc/self/exe" : info->dlpi_name;

	if (!is_named(search, path, is_program))
		return 0;
	search->result = ELF_NO_SYMBOL;
	if (*search->wanted->name) {
		search_symbols(search, info, path);
	} else {
		search->functions->list[0].address = info->dlpi_addr + search->wanted->offset;
		search->functions->count = 1;
		search->result = ELF_FOUND;
	}
	if (search->result == ELF_NO_SYMBOL)
		return 0;
	for (unsigned i = 0; i < search->functions->count; i++) {
		struct function *function = &search->functions->list[i];

		function->room = function->next = code_from(info, function->address);
		if (search->result == ELF_FOUND && !function->room)
			search->result = ELF_NOT_CODE;
	}
	search->bounding = true;
	search_symbols(search, info, path);
	return 1;
}

enum elf_result elf_find_function(const struct wanted *wanted, struct functions *functions)
{
	static char file[4096];
	struct search search = { .wanted = wanted,
				 .functions = functions,
				 .result = ELF_NO_OBJECT };
	long n = raw(readlinkat, AT_FDCWD, "/proc/self/exe", file, sizeof(file) - 1);

	file[n > 0 ? n : 0] = '\0';
	search.program[0] = text_basename(file);
	search.program[1] = text_basename((const char *)getauxval(AT_EXECFN));
	dl_iterate_phdr(search_object, &search);
	return search.result;
}
