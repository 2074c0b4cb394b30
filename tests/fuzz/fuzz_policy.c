/* fuzz_policy.c - any bytes as a policy, a group or a trigger: messages, never a crash.
 *
 * The first byte chooses what the rest is. Goes up to the decisions; fuzz_build.c goes on.
 */
#include "../unit/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char policy[] = "policy 1\nphase a\ntrigger main\ndefault trap\nallow @fuzz\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct source *source, *trigger = NULL;
	const char *text = (const char *)data + 1;
	struct memory memory;

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
	resolve_policy(&memory.context, source, data[0] & 64 ? ARCH_AARCH64 : ARCH_X86_64, trigger);
	diagnostics_text(&memory.diagnostics);
	memory_end(&memory);
	return 0;
}
