/* fuzz_build.c - any bytes as the lines of a phase, up to the compiled file: verification finds
 * no difference, and the reader takes what the writer made.
 */
#include "../unit/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char beginning[] = "policy 1\nphase a\ntrigger main\ndefault trap\n";

static void trap_when_wrong(const struct memory *memory)
{
	/* At the beginning: further on a message may quote the input. */
	static const char *const wrong[] = { "the compiled filter is wrong",
					     "the compiled policy " };

	for (size_t i = 0; i < memory->diagnostics.count; i++)
		for (size_t j = 0; j < sizeof(wrong) / sizeof(wrong[0]); j++)
			if (!strncmp(memory->diagnostics.list[i].message, wrong[j],
				     strlen(wrong[j])))
				__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct source *source;
	struct compiled compiled;
	struct memory memory;
	struct image image;
	char *text;

	if (!size || size > 512)
		return 0;
	memory_begin(&memory);
	text = arena_printf(&memory.arena, "%s%.*s\n", beginning, (int)size - 1,
			    (const char *)data + 1);
	source = memory_add(&memory, "fuzz", text, strlen(text));
	if (build_policy(&memory.context, source, data[0] & 1 ? ARCH_AARCH64 : ARCH_X86_64, NULL,
			 &compiled) &&
	    make_image(&memory.context, &compiled, "/", &image))
		lint_policy(&memory.context, &compiled);
	trap_when_wrong(&memory);
	memory_end(&memory);
	return 0;
}
