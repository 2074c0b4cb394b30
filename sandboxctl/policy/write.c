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
		const struct source *source = policy->sources[i];

		list[i].path = add_string(writer, relative(source->path, directory));
		list[i].size = (uint32_t)source->size;
		list[i].sum = policyc_text_sum(POLICYC_TEXT_SUM, source->text, source->size);
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

/* --- the steps beside the filter -------------------------------------------------------------- */

static struct policyc_list add_paths(struct writer *writer, const struct steps *steps)
{
	struct policyc_path *list = arena_alloc(writer->arena, steps->path_count, sizeof(*list));

	for (size_t i = 0; i < steps->path_count; i++) {
		const struct path_rule *rule = &steps->path_rules[i];

		list[i].path = add_string(writer, rule->path);
		list[i].flags = rule->optional ? POLICYC_PATH_OPTIONAL : 0u;
		list[i].rights = rule->rights;
	}
	return add_list(writer, list, steps->path_count, sizeof(*list));
}

static bool is_about(const struct step_item *item, const char *verb)
{
	return item->word == STEP_DESCRIPTORS && !item->idle &&
	       !strncmp(item->text, verb, strlen(verb));
}

static struct policyc_list add_ranges(struct writer *writer, const struct steps *steps)
{
	struct policyc_range *list = NULL;
	size_t count = 0;

	for (size_t i = 0; i < steps->count; i++) {
		const struct step_item *item = &steps->items[i];

		if (is_about(item, "descriptors close "))
			*ARENA_PUSH(writer->arena, list, count) =
				(struct policyc_range){ (uint32_t)item->value,
							(uint32_t)item->second };
	}
	return add_list(writer, list, count, sizeof(*list));
}

static struct policyc_list add_expected(struct writer *writer, const struct steps *steps)
{
	struct policyc_expected *list = NULL;
	size_t count = 0;

	for (size_t i = 0; i < steps->count; i++) {
		const struct step_item *item = &steps->items[i];
		struct policyc_expected *expected;

		if (!is_about(item, "descriptors expect "))
			continue;
		expected = ARENA_PUSH(writer->arena, list, count);
		expected->kind = item->number;
		expected->pattern = add_string(writer, item->path);
		expected->numbers.first = (uint32_t)item->value;
		expected->numbers.last = (uint32_t)item->second;
	}
	return add_list(writer, list, count, sizeof(*list));
}

static void add_steps(struct writer *writer, const struct steps *steps, struct policyc_phase *phase)
{
	phase->steps = steps->steps;
	phase->optional = steps->optional;
	phase->detach = steps->detach;
	phase->detach_optional = steps->detach_optional;
	phase->capabilities = steps->capabilities;
	phase->files = steps->files;
	phase->ports = steps->ports;
	phase->scope = steps->scope;
	phase->root = add_string(writer, steps->root);
	phase->path_rules = add_paths(writer, steps);
	phase->port_rules = add_list(writer, steps->port_rules, steps->port_count,
				     sizeof(steps->port_rules[0]));
	phase->limits =
		add_list(writer, steps->limits, steps->limit_count, sizeof(steps->limits[0]));
	for (size_t i = 0; i < steps->count; i++)
		if (is_about(&steps->items[i], "descriptors report"))
			phase->flags |= POLICYC_PHASE_INVENTORY;
	phase->close = add_ranges(writer, steps);
	phase->expected = add_expected(writer, steps);
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
				 (compiled->phases[i].writes ? POLICYC_PHASE_WRITES : 0u) |
				 (compiled->phases[i].looks ? POLICYC_PHASE_LOOKS : 0u) |
				 (compiled->phases[i].rings ? POLICYC_PHASE_RINGS : 0u),
			.covers = policy->phases[i].covers,
			.before = policy->phases[i].before,
			.deadline = policy->phases[i].deadline.action,
			.deadline_ms = policy->phases[i].deadline.milliseconds,
			.triggers = add_triggers(writer, &policy->phases[i]),
			.bpf = add_list(writer, program->code, program->count,
					sizeof(program->code[0])),
		};
		add_steps(writer, &policy->phases[i].steps, &list[i]);
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
	header.prewarm = policy->prewarm;
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
