/* elffile.c - one ELF file: its symbol tables, segments and notes.
 *
 * What it does: maps a file and finds things in it, every offset checked against its size.
 * What it must not do: trust a file, or know what is looked for. sandboxctl has this object too.
 *
 * Contract: any.
 */
#include "trigger/elffile.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "raw.h"

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ELFDATA_HERE ELFDATA2LSB
#else
#define ELFDATA_HERE ELFDATA2MSB
#endif

/* A table of `count` elements of `each` bytes at `offset`, or NULL when it is not all there. */
static const void *table_at(const struct elf_file *file, uint64_t offset, uint64_t count,
			    uint64_t each, uint64_t alignment)
{
	if (offset > file->size || count > (file->size - offset) / each || offset % alignment)
		return NULL;
	return file->bytes + offset;
}

static struct elf_bytes bytes_of(const struct elf_file *file, const Elf64_Shdr *section)
{
	struct elf_bytes none = { 0 };

	if (section->sh_type == SHT_NOBITS || section->sh_offset > file->size ||
	    section->sh_size > file->size - section->sh_offset)
		return none;
	return (struct elf_bytes){ file->bytes + section->sh_offset, section->sh_size };
}

bool elf_read(struct elf_file *file, const void *bytes, uint64_t size)
{
	const Elf64_Ehdr *header = bytes;

	*file = (struct elf_file){ .bytes = bytes, .size = size };
	if (size < sizeof(*header) || header->e_ident[EI_MAG0] != ELFMAG0 ||
	    header->e_ident[EI_MAG1] != ELFMAG1 || header->e_ident[EI_MAG2] != ELFMAG2 ||
	    header->e_ident[EI_MAG3] != ELFMAG3 || header->e_ident[EI_CLASS] != ELFCLASS64 ||
	    header->e_ident[EI_DATA] != ELFDATA_HERE)
		return false;
	if (header->e_shentsize == sizeof(*file->sections))
		file->sections = table_at(file, header->e_shoff, header->e_shnum,
					  sizeof(*file->sections), 8);
	if (header->e_phentsize == sizeof(*file->segments))
		file->segments = table_at(file, header->e_phoff, header->e_phnum,
					  sizeof(*file->segments), 8);
	file->section_count = file->sections ? header->e_shnum : 0;
	file->segment_count = file->segments ? header->e_phnum : 0;
	return true;
}

bool elf_open(struct elf_file *file, const char *path)
{
	struct stat st = { 0 };
	long fd = raw(openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	long bytes = -1;

	if (fd < 0)
		return false;
	if (!raw(fstat, fd, &st) && S_ISREG(st.st_mode) && st.st_size > 0)
		bytes = raw(mmap, NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	raw(close, fd);
	if (bytes < 0 && bytes > -4096)
		return false;
	if (elf_read(file, (const void *)bytes, (uint64_t)st.st_size))
		return true;
	elf_close(file);
	return false;
}

void elf_close(struct elf_file *file)
{
	raw(munmap, file->bytes, file->size);
}

/* --- symbols ---------------------------------------------------------------------------------- */

static bool is_symbol_table(const Elf64_Shdr *section)
{
	return section->sh_type == SHT_SYMTAB || section->sh_type == SHT_DYNSYM;
}

/* The name at `offset` of a table of names, or NULL. Names end where the table ends, at the latest.
 */
static const char *name_at(struct elf_bytes names, uint64_t offset)
{
	if (!names.size || names.at[names.size - 1] || offset >= names.size)
		return NULL;
	return (const char *)names.at + offset;
}

static bool take_function(struct elf_symbol *symbol, const Elf64_Sym *from, const char *name)
{
	unsigned type = ELF64_ST_TYPE(from->st_info);

	if (!name || from->st_shndx == SHN_UNDEF || !from->st_value ||
	    (type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE))
		return false;
	*symbol = (struct elf_symbol){ .name = name,
				       .value = from->st_value,
				       .size = from->st_size,
				       .is_ifunc = type == STT_GNU_IFUNC,
				       .is_scalable = from->st_other & STO_AARCH64_VARIANT_PCS,
				       .is_typed = type != STT_NOTYPE };
	return true;
}

/* The same within one table. */
static bool next_in_table(const struct elf_file *file, const Elf64_Shdr *table,
			  struct elf_walk *walk, struct elf_symbol *symbol)
{
	uint64_t count = table->sh_size / sizeof(Elf64_Sym);
	const Elf64_Sym *symbols = table_at(file, table->sh_offset, count, sizeof(*symbols), 8);
	struct elf_bytes names;

	if (!symbols || table->sh_link >= file->section_count)
		return false;
	names = bytes_of(file, &file->sections[table->sh_link]);
	while (walk->symbol < count) {
		const Elf64_Sym *from = &symbols[walk->symbol++];

		if (take_function(symbol, from, name_at(names, from->st_name))) {
			symbol->in_symtab = table->sh_type == SHT_SYMTAB;
			return true;
		}
	}
	return false;
}

bool elf_next_function(const struct elf_file *file, struct elf_walk *walk,
		       struct elf_symbol *symbol)
{
	for (; walk->section < file->section_count; walk->section++, walk->symbol = 0) {
		const Elf64_Shdr *section = &file->sections[walk->section];

		if (is_symbol_table(section) && next_in_table(file, section, walk, symbol))
			return true;
	}
	return false;
}

/* --- segments, sections, notes ---------------------------------------------------------------- */

uint64_t elf_code_from(const struct elf_file *file, uint64_t address)
{
	for (unsigned i = 0; i < file->segment_count; i++) {
		const Elf64_Phdr *segment = &file->segments[i];

		uint64_t offset = address - segment->p_vaddr;

		if (segment->p_type == PT_LOAD && (segment->p_flags & PF_X) &&
		    offset < segment->p_filesz)
			return segment->p_filesz - offset;
	}
	return 0;
}

struct elf_bytes elf_section(const struct elf_file *file, const char *name)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)file->bytes;
	struct elf_bytes names, none = { 0 };

	if (header->e_shstrndx >= file->section_count)
		return none;
	names = bytes_of(file, &file->sections[header->e_shstrndx]);
	for (unsigned i = 0; i < file->section_count; i++) {
		const char *its = name_at(names, file->sections[i].sh_name);

		if (its && text_equal(its, name))
			return bytes_of(file, &file->sections[i]);
	}
	return none;
}

static uint64_t aligned(uint64_t size, uint64_t alignment)
{
	return (size + alignment - 1) & ~(alignment - 1);
}

/* NT_GNU_BUILD_ID of a run of notes: a header of three words, a padded name, padded bytes. */
static struct elf_bytes build_id_in(struct elf_bytes notes, uint64_t alignment)
{
	struct elf_bytes none = { 0 };
	uint64_t at = 0;

	alignment = alignment == 8 ? 8 : 4;
	while (notes.at && at <= notes.size && notes.size - at >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr note;
		uint64_t start, end;

		bytes_copy(&note, notes.at + at, sizeof(note));
		start = aligned(at + sizeof(note) + note.n_namesz, alignment);
		end = start + note.n_descsz;
		if (end > notes.size)
			break;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof("GNU") &&
		    text_equal((const char *)notes.at + at + sizeof(note), "GNU"))
			return (struct elf_bytes){ notes.at + start, note.n_descsz };
		at = aligned(end, alignment);
	}
	return none;
}

/* Sections first: the segments of a debug file are those of its object and lead nowhere. A file
 * without sections has only segments. */
struct elf_bytes elf_build_id(const struct elf_file *file)
{
	struct elf_bytes id = { 0 };

	for (unsigned i = 0; i < file->section_count && !id.at; i++) {
		if (file->sections[i].sh_type == SHT_NOTE)
			id = build_id_in(bytes_of(file, &file->sections[i]),
					 file->sections[i].sh_addralign);
	}
	for (unsigned i = 0; i < file->segment_count && !file->section_count && !id.at; i++) {
		const Elf64_Phdr *segment = &file->segments[i];
		const void *notes = table_at(file, segment->p_offset, segment->p_filesz, 1, 1);

		if (segment->p_type == PT_NOTE && notes)
			id = build_id_in((struct elf_bytes){ notes, segment->p_filesz },
					 segment->p_align);
	}
	return id;
}
