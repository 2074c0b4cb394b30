/* policyc.c - is this a compiled policy, and whole? See policyc.h.
 *
 * Linked into sandboxctl and into the library, where it runs inside somebody else's process:
 * it calls nothing, not even memcpy, and follows no offset before it is checked.
 */
#include "policyc.h"

#include "trigger/hooks.h"

typedef uint64_t __attribute__((may_alias)) word_t;

static const uint64_t fnv_basis = 0xcbf29ce484222325, fnv_prime = 0x100000001b3;

uint64_t policyc_checksum(const void *image, size_t size)
{
	const word_t *words = image;
	const unsigned char *bytes = image;
	const size_t own = offsetof(struct policyc_header, checksum) / sizeof(word_t);
	uint64_t sum = fnv_basis, tail = 0;

	for (size_t i = 0; i < size / sizeof(word_t); i++)
		sum = (sum ^ (i == own ? 0 : words[i])) * fnv_prime;
	for (size_t i = size / sizeof(word_t) * sizeof(word_t); i < size; i++)
		tail |= (uint64_t)bytes[i] << (i % sizeof(word_t) * 8);
	if (size % sizeof(word_t))
		sum = (sum ^ tail) * fnv_prime;
	return sum;
}

struct view {
	const char *bytes;
	size_t size;
};

/* Elements of `size` bytes, aligned to `align`, all inside the file and behind the header. */
static int list_ok(const struct view *view, struct policyc_list list, size_t size, size_t align)
{
	if (!list.count)
		return 1;
	if (list.offset < sizeof(struct policyc_header) || list.offset % align ||
	    list.offset > view->size)
		return 0;
	return list.count <= (view->size - list.offset) / size;
}

#define LIST_OK(view, list, type) list_ok((view), (list), sizeof(type), _Alignof(type))

static int string_ok(const struct view *view, uint32_t offset)
{
	if (offset < sizeof(struct policyc_header))
		return 0;
	for (size_t i = offset; i < view->size; i++)
		if (!view->bytes[i])
			return 1;
	return 0;
}

static int optional_string_ok(const struct view *view, uint32_t offset)
{
	return !offset || string_ok(view, offset);
}

static int tests_ok(const struct view *view, struct policyc_list list)
{
	const struct policyc_test *tests = policyc_at(view->bytes, list);

	if (!LIST_OK(view, list, struct policyc_test))
		return 0;
	for (uint32_t i = 0; i < list.count; i++)
		if (tests[i].slot >= WAIT_SLOTS || tests[i].op >= POLICYC_OPS || tests[i].last > 1)
			return 0;
	return !list.count || tests[list.count - 1].last;
}

static int call_ok(const struct view *view, const struct policyc_trigger *trigger)
{
	if (trigger->hooks || trigger->tests.count || trigger->signal || !trigger->count ||
	    !optional_string_ok(view, trigger->object) ||
	    !optional_string_ok(view, trigger->function))
		return 0;
	return trigger->function ? view->bytes[trigger->function] != 0 : trigger->object != 0;
}

static int kind_ok(const struct view *view, const struct policyc_trigger *trigger)
{
	int plain = !trigger->hooks && !trigger->tests.count && trigger->count == 1;

	if (trigger->kind == POLICYC_TRIGGER_CALL)
		return call_ok(view, trigger);
	if (trigger->object || trigger->function || trigger->offset)
		return 0;
	switch (trigger->kind) {
	case POLICYC_TRIGGER_LOAD:
	case POLICYC_TRIGGER_MAIN:
		return plain && !trigger->signal && !trigger->after;
	case POLICYC_TRIGGER_SIGNAL:
		return plain && trigger->signal >= 1 && trigger->signal <= 64;
	case POLICYC_TRIGGER_HOOK:
		return !trigger->signal && trigger->hooks && !((uint64_t)trigger->hooks >> HOOKS) &&
		       trigger->count;
	default:
		return 0;
	}
}

/* A step stands before what waits for it, so that no two can wait for each other. */
static int trigger_ok(const struct view *view, const struct policyc_trigger *triggers,
		      uint32_t index)
{
	const struct policyc_trigger *trigger = &triggers[index];

	if (!string_ok(view, trigger->text) || !tests_ok(view, trigger->tests) ||
	    trigger->reserved || trigger->after > index ||
	    (trigger->flags & ~(uint32_t)(POLICYC_TRIGGER_MAIN_THREAD | POLICYC_TRIGGER_STEP)) ||
	    ((trigger->flags & POLICYC_TRIGGER_MAIN_THREAD) &&
	     trigger->kind != POLICYC_TRIGGER_HOOK && trigger->kind != POLICYC_TRIGGER_CALL))
		return 0;
	if (trigger->after && !(triggers[trigger->after - 1].flags & POLICYC_TRIGGER_STEP))
		return 0;
	return kind_ok(view, trigger);
}

static const char *check_phase(const struct view *view, const struct policyc_phase *phase)
{
	const struct policyc_trigger *triggers = policyc_at(view->bytes, phase->triggers);

	if (!string_ok(view, phase->name) ||
	    (phase->flags & ~(uint32_t)(POLICYC_PHASE_TRAPS | POLICYC_PHASE_WRITES)))
		return "a phase is damaged";
	if (!phase->bpf.count || phase->bpf.count > BPF_MAXINSNS ||
	    !LIST_OK(view, phase->bpf, struct sock_filter))
		return "a filter is damaged";
	if (phase->deadline >= POLICYC_DEADLINES || !phase->deadline != !phase->deadline_ms)
		return "a deadline is damaged";
	if (!phase->triggers.count || phase->triggers.count > POLICYC_TRIGGERS_MAX ||
	    !LIST_OK(view, phase->triggers, struct policyc_trigger))
		return "a list of triggers is damaged";
	for (uint32_t i = 0; i < phase->triggers.count; i++)
		if (!trigger_ok(view, triggers, i))
			return "a trigger is damaged";
	return NULL;
}

static const char *check_phases(const struct view *view, struct policyc_list list)
{
	const struct policyc_phase *phases = policyc_at(view->bytes, list);
	const char *wrong = NULL;

	if (!list.count || list.count > POLICYC_PHASES_MAX ||
	    !LIST_OK(view, list, struct policyc_phase))
		return "the list of phases is damaged";
	for (uint32_t i = 0; i < list.count && !wrong; i++)
		wrong = check_phase(view, &phases[i]);
	return wrong;
}

static int programs_ok(const struct view *view, struct policyc_list list)
{
	const uint32_t *programs = policyc_at(view->bytes, list);

	if (!LIST_OK(view, list, uint32_t))
		return 0;
	for (uint32_t i = 0; i < list.count; i++)
		if (!string_ok(view, programs[i]) || !view->bytes[programs[i]])
			return 0;
	return 1;
}

static int sources_ok(const struct view *view, struct policyc_list list)
{
	const struct policyc_source *sources = policyc_at(view->bytes, list);

	if (!LIST_OK(view, list, struct policyc_source))
		return 0;
	for (uint32_t i = 0; i < list.count; i++)
		if (!string_ok(view, sources[i].path) || !view->bytes[sources[i].path])
			return 0;
	return 1;
}

static int syscalls_ok(const struct view *view, struct policyc_list list)
{
	const struct policyc_syscall *calls = policyc_at(view->bytes, list);

	if (!LIST_OK(view, list, struct policyc_syscall))
		return 0;
	for (uint32_t i = 0; i < list.count; i++)
		if (!string_ok(view, calls[i].name) ||
		    !optional_string_ok(view, calls[i].arguments) ||
		    (i && calls[i].nr <= calls[i - 1].nr))
			return 0;
	return 1;
}

static int magic_ok(const struct policyc_header *header)
{
	static const char magic[] = POLICYC_MAGIC;

	for (size_t i = 0; i < sizeof(header->magic); i++)
		if (header->magic[i] != magic[i])
			return 0;
	return 1;
}

const char *policyc_check(const void *image, size_t size, uint32_t arch)
{
	const struct policyc_header *header = image;
	const struct view view = { image, size };

	if ((uintptr_t)image % _Alignof(struct policyc_header))
		return "is not aligned in memory";
	if (size < sizeof(*header) || !magic_ok(header))
		return "is not a compiled policy";
	if (header->version != POLICYC_VERSION)
		return "was compiled by another version of sandboxctl: compile it again";
	if (size > POLICYC_SIZE_MAX)
		return "is larger than a compiled policy can be";
	if (header->size != size)
		return "is cut off or has something appended";
	if (header->checksum != policyc_checksum(image, size))
		return "is damaged: its checksum is wrong";
	if (header->arch != arch)
		return "was compiled for another architecture";
	if (!string_ok(&view, header->name) || !optional_string_ok(&view, header->about) ||
	    header->reserved)
		return "is damaged: its header is wrong";
	if (!programs_ok(&view, header->programs) || !sources_ok(&view, header->sources) ||
	    !syscalls_ok(&view, header->syscalls))
		return "is damaged: a table is wrong";
	return check_phases(&view, header->phases);
}
