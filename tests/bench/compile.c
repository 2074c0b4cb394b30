/* compile.c - what it takes to compile a policy of 300 calls, 50 of them with a condition, and to
 * prove the result; beside libseccomp's own time for the same rules. Usage: compile [ROUNDS]
 */
#include "bench.h"

#include "../unit/memory.h"

#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

enum { CALLS = 300, CONDITIONS = 50, ROUNDS = 31 };

/* The calls in the order of their numbers; a test of some bits on the first CONDITIONS that have
 * an argument to test. */
struct rule {
	const struct syscall_name *call;
	int slot; /* -1: no condition */
	uint64_t mask, value;
};

static struct rule rules[CALLS];
static char text[CALLS * 96];

static int slot_of(const struct syscall_name *call)
{
	for (int i = 0; i < call->count; i++)
		if (!call->arguments[i].is_pointer && call->arguments[i].width >= 32)
			return i;
	return -1;
}

static void choose_rules(void)
{
	int count = 0, conditions = 0;

	for (uint32_t number = 0; number < TABLE_NUMBERS && count < CALLS; number++) {
		const struct syscall_name *call = names_number(ARCH_NATIVE, number);
		int slot = call && conditions < CONDITIONS && number % 5 ? slot_of(call) : -1;

		if (!call)
			continue;
		conditions += slot >= 0;
		rules[count++] = (struct rule){ call, slot, 0xff, number & 0x7f };
	}
	if (count < CALLS || conditions < CONDITIONS)
		abort();
}

static void write_text(void)
{
	FILE *out = fmemopen(text, sizeof(text), "w");

	if (!out)
		abort();
	fputs("policy 1\nphase a\ntrigger main\ndefault trap\nunknown errno ENOSYS\n", out);
	for (int i = 0; i < CALLS; i++) {
		const struct rule *rule = &rules[i];

		fprintf(out, "allow %s", rule->call->name);
		if (rule->slot >= 0)
			fprintf(out, " where %s & 0x%llx == 0x%llx",
				rule->call->arguments[rule->slot].name,
				(unsigned long long)rule->mask, (unsigned long long)rule->value);
		fputc('\n', out);
	}
	fclose(out);
}

static void libseccomp(struct row *row)
{
	double start = now();
	scmp_filter_ctx context = seccomp_init(SCMP_ACT_TRAP);
	int file = memfd_create("filter", MFD_CLOEXEC), failed = 0;

	for (int i = 0; i < CALLS; i++) {
		const struct rule *rule = &rules[i];
		struct scmp_arg_cmp test =
			SCMP_CMP((unsigned)rule->slot, SCMP_CMP_MASKED_EQ, rule->mask, rule->value);

		failed |= seccomp_rule_add_array(context, SCMP_ACT_ALLOW,
						 rule->call->number[ARCH_NATIVE], rule->slot >= 0,
						 rule->slot >= 0 ? &test : NULL);
	}
	failed |= seccomp_export_bpf(context, file);
	seccomp_release(context);
	close(file);
	if (failed)
		abort();
	add_time(row, now() - start);
}

static void ours(struct row rows[4], struct verified *verified)
{
	const struct source *source;
	struct program program;
	struct policy *policy;
	struct memory memory;
	double start = now(), resolved, lowered, end;

	memory_begin(&memory);
	source = memory_add(&memory, "bench", text, strlen(text));
	policy = resolve_policy(&memory.context, source, ARCH_NATIVE, NULL);
	resolved = now();
	if (memory.diagnostics.errors ||
	    !lower_phase(&memory.context, policy, &policy->phases[0], &program))
		abort();
	lowered = now();
	if (!verify_phase(&memory.context, policy, &policy->phases[0], &program, verified))
		abort();
	end = now();
	memory_end(&memory);
	add_time(&rows[0], end - start);
	add_time(&rows[1], resolved - start);
	add_time(&rows[2], lowered - resolved);
	add_time(&rows[3], end - lowered);
}

int main(int argc, char **argv)
{
	static struct row rows[] = { { .name = "text to proven filter" },
				     { .name = "  of it: read the text" },
				     { .name = "  of it: make the filter (libseccomp inside)" },
				     { .name = "  of it: prove it" },
				     { .name = "libseccomp alone, nothing proven" } };
	int rounds = argc > 1 ? atoi(argv[1]) : ROUNDS;
	struct verified verified = { 0 };

	choose_rules();
	write_text();
	for (int i = 0; i < rounds; i++) {
		verified = (struct verified){ 0 };
		ours(rows, &verified);
		libseccomp(&rows[4]);
	}
	printf("compile %d calls, %d with a condition (%d rounds, medians; %lu calls compared, %u "
	       "numbers not proven)\n",
	       CALLS, CONDITIONS, rounds, verified.tried, verified.sampled);
	print_rows(rows, 5, 1e3, "ms");
	return 0;
}
