/* fuzz_policyc.c - any bytes as a compiled policy: refused, or every offset in it is good.
 *
 * The header's size and checksum are made right, so that the fuzzer reaches what is behind them.
 */
#include "policyc.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile size_t sink;

static void follow_steps(const struct policyc_header *header, const struct policyc_phase *phase)
{
	const struct policyc_path *paths = policyc_at(header, phase->path_rules);
	const struct policyc_port *ports = policyc_at(header, phase->port_rules);
	const struct policyc_limit *limits = policyc_at(header, phase->limits);
	const struct policyc_range *close = policyc_at(header, phase->close);
	const struct policyc_expected *expected = policyc_at(header, phase->expected);

	sink += strlen(policyc_string(header, phase->root));
	for (uint32_t i = 0; i < phase->path_rules.count; i++)
		sink += strlen(policyc_string(header, paths[i].path));
	for (uint32_t i = 0; i < phase->port_rules.count; i++)
		sink += ports[i].port;
	for (uint32_t i = 0; i < phase->limits.count; i++)
		sink += limits[i].hard;
	for (uint32_t i = 0; i < phase->close.count; i++)
		sink += close[i].last;
	for (uint32_t i = 0; i < phase->expected.count; i++)
		sink += strlen(policyc_string(header, expected[i].pattern));
}

static void follow(const struct policyc_header *header)
{
	const struct policyc_phase *phases = policyc_at(header, header->phases);
	const struct policyc_syscall *calls = policyc_at(header, header->syscalls);

	sink += strlen(policyc_string(header, header->about));
	for (uint32_t i = 0; i < header->syscalls.count; i++)
		sink += strlen(policyc_string(header, calls[i].arguments));
	for (uint32_t i = 0; i < header->phases.count; i++) {
		const struct sock_filter *code = policyc_at(header, phases[i].bpf);
		const struct policyc_trigger *triggers = policyc_at(header, phases[i].triggers);

		sink += code[phases[i].bpf.count - 1].k;
		follow_steps(header, &phases[i]);
		for (uint32_t j = 0; j < phases[i].triggers.count; j++) {
			const struct policyc_test *tests = policyc_at(header, triggers[j].tests);
			uint32_t count = triggers[j].tests.count;

			sink += strlen(policyc_string(header, triggers[j].function));
			sink += count ? tests[count - 1].slot : 0;
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct policyc_header *header;
	char *image;

	if (size < sizeof(*header) || size > 65536)
		return 0;
	image = malloc(size);
	memcpy(image, data, size);
	header = (struct policyc_header *)image;
	memcpy(header->magic, POLICYC_MAGIC, sizeof(header->magic));
	header->version = POLICYC_VERSION;
	header->size = (uint32_t)size;
	header->checksum = policyc_checksum(image, size);
	if (!policyc_check(image, size, header->arch))
		follow(header);
	free(image);
	return 0;
}
