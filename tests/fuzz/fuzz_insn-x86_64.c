/* fuzz_insn-x86_64.c - any bytes as code: no byte beyond the given ones is read, and what is
 * decoded or moved fits where it is said to.
 */
#include "trigger/insn-x86_64.h"
#include "trigger/patch.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int truth)
{
	if (!truth)
		abort();
}

static void decode(const unsigned char *code, size_t size)
{
	struct insn insn;

	if (!insn_decode(&insn, code, size))
		return;
	require(insn.length >= 1 && insn.length <= INSN_MAX && insn.length <= size);
	require(insn.modrm_at < insn.length);
	require(!insn.rip_at || insn.rip_at + 4 <= insn.length);
	require(!insn.branch_at || insn.branch_at + insn.branch_size == insn.length);
	if (insn.branch_at)
		require(insn_target(&insn, code) != INT64_MIN);
	require(!insn_decode(&insn, code, insn.length - 1u));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char *code = malloc(size ? size : 1); /* of its own: its end is known */
	unsigned char *copy = malloc(PATCH_COPY_MAX);
	const struct patch_code known = { code, size, size }, unknown = { code, 0, size };

	memcpy(code, data, size);
	for (size_t at = 0; at <= size; at++)
		decode(code + at, size - at);
	patch_displace(copy, &known);
	patch_scan(&known, 0);
	patch_scan(&unknown, 1);
	for (size_t from = 0; from <= PATCH_SIZE; from++)
		patch_is_padding(&known, from);
	free(copy);
	free(code);
	return 0;
}
