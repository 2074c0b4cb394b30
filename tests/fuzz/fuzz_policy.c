/* fuzz_policy.c - any bytes as a policy, a group or a trigger: messages, never a crash.
 *
 * The first byte chooses what the rest is. A text that compiles must have passed verification.
 */
#include "../unit/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char policy[] = "policy 1\nphase a\ntrigger main\ndefault trap\nallow @fuzz\n";

static void abort_when_wrong(const struct memory *memory)
{
	for (size_t i = 0; i < memory->diagnostics.count; i++)
		if (strstr(memory->diagnostics.list[i].message, "filter is wrong"))
			__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct source *source, *trigger = NULL;
	const char *text = (const char *)data + 1;
	struct compiled compiled;
	struct memory memory;
	struct image image;

	if (!size || size > 4096)
		return 0;
	memory_begin(&memory);
	if (data[0] % 3 == 0) {
		source = memory_add(&memory, "fuzz", text, size - 1);
	} else {
		source = memory_add(&memory, "test.policy", policy, sizeof(policy) - 1);
		if (data[0] % 3 == 1)
			memory_add(&memory, "fuzz", text, size - 1);
		else
			trigger = memory_add(&memory, "trigger", text, size - 1);
	}
	if (build_policy(&memory.context, source, ARCH_NATIVE, trigger, &compiled) &&
	    make_image(&memory.context, &compiled, "/", &image))
		lint_policy(&memory.context, &compiled);
	diagnostics_text(&memory.diagnostics);
	abort_when_wrong(&memory);
	memory_end(&memory);
	return 0;
}
