/* write.c - a compiled policy as bytes; see write.h and policyc.h. */
#include "write.h"

#include <string.h>

struct writer {
	struct arena *arena;
	char *bytes; /* at most POLICYC_SIZE_MAX */
	size_t size;
	bool too_large;
};

static uint32_t append(struct writer *writer, const void *bytes, size_t size, size_t align)
{
	size_t at = (writer->size + align - 1) / align * align;

	if (size > POLICYC_SIZE_MAX || at + size > POLICYC_SIZE_MAX) {
		writer->too_large = true;
		return 0;
	}
	if (size)
		memcpy(writer->bytes + at, bytes, size);
	writer->size = at + size;
	return (uint32_t)at;
}

static uint32_t add_string(struct writer *writer, const char *text)
{
	return text ? append(writer, text, strlen(text) + 1, 1) : 0;
}

static struct policyc_list add_list(struct writer *writer, const void *items, size_t count,
				    size_t size)
{
	struct policyc_list list = { 0, (uint32_t)count };

	if (count)
		list.offset = append(writer, items, count * size, 8);
	return list;
}

static struct policyc_list add_programs(struct writer *writer, const struct words *words)
{
	uint32_t *list = arena_alloc(writer->arena, words->count, sizeof(*list));

	for (size_t i = 0; i < words->count; i++)
		list[i] = add_string(writer, words->list[i].text);
	return add_list(writer, list, words->count, sizeof(*list));
}

static const char *relative(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	if (length > 1 && !strncmp(path, directory, length) && path[length] == '/')
		return path + length + 1;
	return path;
}

static struct policyc_list add_sources(struct writer *writer, const struct policy *policy,
				       const char *directory)
{
	struct policyc_source *list =
		arena_alloc(writer->arena, policy->source_count, sizeof(*list));

	for (size_t i = 0; i < policy->source_count; i++) {
		list[i].path = add_string(writer, relative(policy->sources[i]->path, directory));
		list[i].size = (uint32_t)policy->sources[i]->size;
	}
	return add_list(writer, list, policy->source_count, sizeof(*list));
}

static struct policyc_list add_triggers(struct writer *writer, const struct phase *phase)
{
	struct policyc_trigger *list =
		arena_alloc(writer->arena, phase->trigger_count, sizeof(*list));

	for (size_t i = 0; i < phase->trigger_count; i++) {
		const struct trigger *trigger = &phase->triggers[i];

		list[i] = (struct policyc_trigger){
			.kind = trigger->kind,
			.flags = trigger->flags,
			.hooks = trigger->hooks,
			.object = add_string(writer, trigger->object),
			.function = add_string(writer, trigger->function),
			.signal = trigger->signal,
			.count = trigger->count,
			.after = trigger->after,
			.text = add_string(writer, trigger->text),
			.offset = trigger->offset,
			.tests = add_list(writer, trigger->tests, trigger->test_count,
					  sizeof(trigger->tests[0])),
		};
	}
	return add_list(writer, list, phase->trigger_count, sizeof(*list));
}

static struct policyc_list add_phases(struct writer *writer, const struct compiled *compiled)
{
	const struct policy *policy = compiled->policy;
	struct policyc_phase *list = arena_alloc(writer->arena, policy->phase_count, sizeof(*list));

	for (size_t i = 0; i < policy->phase_count; i++) {
		const struct program *program = &compiled->phases[i].program;

		list[i] = (struct policyc_phase){
			.name = add_string(writer, policy->phases[i].name),
			.flags = (policy->phases[i].traps ? POLICYC_PHASE_TRAPS : 0u) |
				 (compiled->phases[i].writes ? POLICYC_PHASE_WRITES : 0u),
			.deadline = policy->phases[i].deadline.action,
			.deadline_ms = policy->phases[i].deadline.milliseconds,
			.triggers = add_triggers(writer, &policy->phases[i]),
			.bpf = add_list(writer, program->code, program->count,
					sizeof(program->code[0])),
		};
	}
	return add_list(writer, list, policy->phase_count, sizeof(*list));
}

static uint32_t add_arguments(struct writer *writer, const struct syscall_name *name)
{
	const char *text = "";

	for (int i = 0; i < name->count; i++)
		text = arena_printf(writer->arena, "%s%s%s:%c", text, i ? " " : "",
				    name->arguments[i].name, name->arguments[i].letter);
	return *text ? add_string(writer, text) : 0;
}

static struct policyc_list add_syscalls(struct writer *writer, enum arch arch)
{
	struct policyc_syscall *list = NULL;
	size_t count = 0;

	for (uint32_t number = 0; number <= names_last(arch); number++) {
		const struct syscall_name *name = names_number(arch, number);
		struct policyc_syscall *call;

		if (!name)
			continue;
		call = ARENA_PUSH(writer->arena, list, count);
		call->nr = number;
		call->name = add_string(writer, name->name);
		call->arguments = add_arguments(writer, name);
	}
	return add_list(writer, list, count, sizeof(*list));
}

static void write_policy(struct writer *writer, const struct compiled *compiled,
			 const char *directory)
{
	const struct policy *policy = compiled->policy;
	struct policyc_header header = { .version = POLICYC_VERSION,
					 .arch = arches[policy->arch].audit };

	memcpy(header.magic, POLICYC_MAGIC, sizeof(header.magic));
	append(writer, &header, sizeof(header), 8);
	header.name = add_string(writer, policy->name);
	header.about = add_string(writer, policy->about);
	header.programs = add_programs(writer, &policy->programs);
	header.sources = add_sources(writer, policy, directory);
	header.phases = add_phases(writer, compiled);
	header.syscalls = add_syscalls(writer, policy->arch);
	append(writer, NULL, 0, 8);
	header.size = (uint32_t)writer->size;
	memcpy(writer->bytes, &header, sizeof(header));
	header.checksum = policyc_checksum(writer->bytes, writer->size);
	memcpy(writer->bytes, &header, sizeof(header));
}

bool make_image(struct context *context, const struct compiled *compiled, const char *directory,
		struct image *image)
{
	struct place top = { .source = compiled->policy->source };
	struct writer writer = { .arena = context->arena };
	const char *wrong;

	writer.bytes = arena_alloc(context->arena, POLICYC_SIZE_MAX, 1);
	write_policy(&writer, compiled, directory);
	wrong = writer.too_large ? "is larger than the library takes"
				 : policyc_check(writer.bytes, writer.size,
						 arches[compiled->policy->arch].audit);
	if (wrong)
		diagnose(context->diagnostics, ERROR, top, "the compiled policy %s", wrong);
	image->bytes = writer.bytes;
	image->size = writer.size;
	return !wrong;
}
