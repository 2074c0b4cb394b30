/* policyc.c - is this a compiled policy, and whole? See policyc.h.
 *
 * Linked into sandboxctl and into the library, where it runs inside somebody else's process:
 * it calls nothing, not even memcpy, and follows no offset before it is checked.
 */
#include "policyc.h"

#include "trigger/hooks.h"

#include <sched.h>

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

uint64_t policyc_text_sum(uint64_t sum, const void *bytes_, size_t size)
{
	const unsigned char *bytes = bytes_;

	for (size_t i = 0; i < size; i++)
		sum = (sum ^ bytes[i]) * fnv_prime;
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

/* --- the steps beside the filter -------------------------------------------------------------- */

#define NAMESPACES                                                                                 \
	(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWUSER | \
	 CLONE_NEWCGROUP)

/* Either the step is there and has these bits, at least one of them and no other, or none is. */
static int bits_ok(const struct policyc_phase *phase, enum policyc_step step, uint64_t bits,
		   uint64_t known)
{
	return phase->steps & step ? bits && !(bits & ~known) : !bits;
}

/* Absolute, and short enough for the kernel. */
static int path_ok(const struct view *view, uint32_t offset)
{
	if (!string_ok(view, offset) || view->bytes[offset] != '/')
		return 0;
	for (size_t i = 0; i < POLICYC_PATH_MAX; i++)
		if (!view->bytes[offset + i])
			return 1;
	return 0;
}

static int count_ok(const struct policyc_phase *phase, enum policyc_step step,
		    struct policyc_list list)
{
	return phase->steps & step ? list.count <= POLICYC_RULES_MAX : !list.count;
}

static int paths_ok(const struct view *view, const struct policyc_phase *phase)
{
	const struct policyc_path *paths = policyc_at(view->bytes, phase->path_rules);

	if (!bits_ok(phase, POLICYC_STEP_FILES, phase->files, POLICYC_FS_ALL) ||
	    !count_ok(phase, POLICYC_STEP_FILES, phase->path_rules) ||
	    !LIST_OK(view, phase->path_rules, struct policyc_path))
		return 0;
	for (uint32_t i = 0; i < phase->path_rules.count; i++)
		if (!path_ok(view, paths[i].path) || !paths[i].rights ||
		    (paths[i].rights & ~phase->files) ||
		    (paths[i].flags & ~(uint32_t)POLICYC_PATH_OPTIONAL))
			return 0;
	return 1;
}

static int ports_ok(const struct view *view, const struct policyc_phase *phase)
{
	const struct policyc_port *ports = policyc_at(view->bytes, phase->port_rules);

	if (!bits_ok(phase, POLICYC_STEP_PORTS, phase->ports, POLICYC_NET_ALL) ||
	    !count_ok(phase, POLICYC_STEP_PORTS, phase->port_rules) ||
	    !LIST_OK(view, phase->port_rules, struct policyc_port))
		return 0;
	for (uint32_t i = 0; i < phase->port_rules.count; i++)
		if (ports[i].port > UINT16_MAX || !ports[i].rights ||
		    (ports[i].rights & ~phase->ports))
			return 0;
	return 1;
}

static int limits_ok(const struct view *view, const struct policyc_phase *phase)
{
	const struct policyc_limit *limits = policyc_at(view->bytes, phase->limits);

	if (!(phase->steps & POLICYC_STEP_LIMITS) != !phase->limits.count ||
	    phase->limits.count > POLICYC_LIMITS ||
	    !LIST_OK(view, phase->limits, struct policyc_limit))
		return 0;
	for (uint32_t i = 0; i < phase->limits.count; i++)
		if (limits[i].resource >= POLICYC_LIMITS || limits[i].reserved ||
		    limits[i].soft > limits[i].hard ||
		    (i && limits[i].resource <= limits[i - 1].resource))
			return 0;
	return 1;
}

static int range_ok(struct policyc_range range)
{
	return range.first <= range.last;
}

static int descriptors_ok(const struct view *view, const struct policyc_phase *phase)
{
	const struct policyc_range *close = policyc_at(view->bytes, phase->close);
	const struct policyc_expected *expected = policyc_at(view->bytes, phase->expected);

	if ((phase->flags & POLICYC_PHASE_INVENTORY) && !(phase->steps & POLICYC_STEP_DESCRIPTORS))
		return 0;
	if (!count_ok(phase, POLICYC_STEP_DESCRIPTORS, phase->close) ||
	    !count_ok(phase, POLICYC_STEP_DESCRIPTORS, phase->expected) ||
	    !LIST_OK(view, phase->close, struct policyc_range) ||
	    !LIST_OK(view, phase->expected, struct policyc_expected))
		return 0;
	for (uint32_t i = 0; i < phase->close.count; i++)
		if (!range_ok(close[i]))
			return 0;
	for (uint32_t i = 0; i < phase->expected.count; i++)
		if (expected[i].kind >= POLICYC_FDS || !range_ok(expected[i].numbers) ||
		    !optional_string_ok(view, expected[i].pattern))
			return 0;
	return 1;
}

/* A root is changed in a mount namespace of its own. */
static int root_ok(const struct view *view, const struct policyc_phase *phase)
{
	if (!(phase->steps & POLICYC_STEP_ROOT))
		return !phase->root;
	return (phase->detach & CLONE_NEWNS) && (!phase->root || path_ok(view, phase->root));
}

static int detach_ok(const struct policyc_phase *phase)
{
	int all = phase->detach && phase->detach == phase->detach_optional;

	return bits_ok(phase, POLICYC_STEP_DETACH, phase->detach, NAMESPACES) &&
	       !(phase->detach_optional & ~phase->detach) &&
	       !(phase->optional & POLICYC_STEP_DETACH) == !all;
}

/* What may fail is one of the steps, or a part of one; these two never fail for want of a kernel.
 */
static int optional_ok(const struct policyc_phase *phase)
{
	uint32_t known =
		phase->steps & ~(uint32_t)(POLICYC_STEP_DESCRIPTORS | POLICYC_STEP_NOT_DUMPABLE);

	if (phase->steps & POLICYC_STEP_FILES)
		known |= POLICYC_PARTS;
	return !(phase->optional & ~known);
}

static int capabilities_ok(const struct policyc_phase *phase)
{
	return phase->steps & POLICYC_STEP_CAPABILITIES
		       ? !(phase->capabilities >> POLICYC_CAPABILITIES)
		       : !phase->capabilities;
}

static int steps_ok(const struct view *view, const struct policyc_phase *phase)
{
	return !(phase->steps & ~(uint32_t)POLICYC_STEPS) && !phase->reserved &&
	       optional_ok(phase) && detach_ok(phase) && root_ok(view, phase) &&
	       capabilities_ok(phase) && paths_ok(view, phase) && ports_ok(view, phase) &&
	       bits_ok(phase, POLICYC_STEP_SCOPE, phase->scope, POLICYC_SCOPE_ALL) &&
	       limits_ok(view, phase) && descriptors_ok(view, phase);
}

/* Earlier ones only: a lock must not wait for itself. */
static int order_ok(const struct policyc_phase *phases, uint32_t index)
{
	const struct policyc_phase *phase = &phases[index];

	return !((phase->covers | phase->before) >> index) && !(phase->covers & phase->before);
}

static const char *check_phase(const struct view *view, const struct policyc_phase *phase)
{
	const struct policyc_trigger *triggers = policyc_at(view->bytes, phase->triggers);

	if (!string_ok(view, phase->name) ||
	    (phase->flags &
	     ~(uint32_t)(POLICYC_PHASE_TRAPS | POLICYC_PHASE_WRITES | POLICYC_PHASE_INVENTORY |
			 POLICYC_PHASE_LOOKS | POLICYC_PHASE_RINGS)))
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
	if (!steps_ok(view, phase))
		return "a step of a phase is damaged";
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
		wrong = order_ok(phases, i) ? check_phase(view, &phases[i])
					    : "the order of the phases is damaged";
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
		return "was compiled by another version of sandboxctl";
	if (size > POLICYC_SIZE_MAX)
		return "is larger than a compiled policy can be";
	if (header->size != size)
		return "is cut off or has something appended";
	if (header->checksum != policyc_checksum(image, size))
		return "is damaged: its checksum is wrong";
	if (header->arch != arch)
		return "was compiled for another architecture";
	if (!string_ok(&view, header->name) || !optional_string_ok(&view, header->about) ||
	    (header->prewarm & ~(uint32_t)POLICYC_PREWARMS))
		return "is damaged: its header is wrong";
	if (!programs_ok(&view, header->programs) || !sources_ok(&view, header->sources) ||
	    !syscalls_ok(&view, header->syscalls))
		return "is damaged: a table is wrong";
	return check_phases(&view, header->phases);
}
