/* elffile.h - one ELF file: its symbol tables, segments and notes. See elffile.c. */
#ifndef ELFFILE_H
#define ELFFILE_H

#include <elf.h>
#include <stdbool.h>
#include <stdint.h>

/* Everything found in it points into `bytes`. */
struct elf_file {
	const unsigned char *bytes;
	uint64_t size;
	const Elf64_Shdr *sections;
	unsigned section_count;
	const Elf64_Phdr *segments;
	unsigned segment_count;
};

struct elf_bytes {
	const unsigned char *at; /* NULL: there is no such thing */
	uint64_t size;
};

/* A defined function, or what has no type and may be one. */
struct elf_symbol {
	const char *name; /* in .symtab perhaps with a version: NAME@VERSION */
	uint64_t value;	  /* address, before the object is placed */
	uint64_t size;	  /* bytes, 0: not said */
	bool is_ifunc;	  /* value is that of a function that chooses the code */
	bool is_scalable; /* aarch64: takes arguments that a system call may cut (SVE) */
	bool is_typed;	  /* the symbol says that it is a function */
	bool in_symtab;	  /* else it was in .dynsym */
};

/* Where a walk over the symbols is; begins as { 0 }. */
struct elf_walk {
	unsigned section;
	uint64_t symbol;
};

/* False: it cannot be read, or is no 64-bit ELF file of this machine's byte order. */
bool elf_open(struct elf_file *file, const char *path);
void elf_close(struct elf_file *file);

/* The same with bytes (aligned to 8) that are in memory already. */
bool elf_read(struct elf_file *file, const void *bytes, uint64_t size);

/* The next function of .symtab or .dynsym (most stand in both); false at the end. */
bool elf_next_function(const struct elf_file *file, struct elf_walk *walk,
		       struct elf_symbol *symbol);

/* How many bytes of code the file has from the address (before the object is placed) on, in one
 * segment; 0: it is in none. */
uint64_t elf_code_from(const struct elf_file *file, uint64_t address);

struct elf_bytes elf_section(const struct elf_file *file, const char *name);
struct elf_bytes elf_build_id(const struct elf_file *file);

#endif
