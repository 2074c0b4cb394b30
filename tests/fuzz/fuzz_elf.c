/* fuzz_elf.c - any bytes as an ELF file: what is found in it lies in it. */
#include "report/line.h"
#include "trigger/debugfile.h"
#include "trigger/elffile.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile size_t sink;

static void follow(const struct elf_file *file)
{
	struct elf_bytes id = elf_build_id(file);
	struct elf_walk walk = { 0 };
	struct elf_symbol symbol;
	struct elf_file debug;
	struct line tried = { 0 };

	while (elf_next_function(file, &walk, &symbol))
		sink += strlen(symbol.name) + elf_code_from(file, symbol.value);
	for (uint64_t i = 0; i < id.size; i++)
		sink += id.at[i];
	if (debugfile_open(&debug, file, "/nonexistent/object", &tried))
		elf_close(&debug);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_file file;
	char *bytes;

	if (!size || size > 65536)
		return 0;
	bytes = malloc(size); /* of its own: the sanitizer sees its end */
	memcpy(bytes, data, size);
	if (elf_read(&file, bytes, size))
		follow(&file);
	free(bytes);
	return 0;
}
