/* arguments.c - which arguments of a call a recording keeps; see arguments.h. */
#include "arguments.h"

#include "policy/decode.h"

#include <string.h>

static const struct interest {
	const char *call, *argument;
	enum argument_use use;
} interests[] = {
	{ "arch_prctl", "option", USE_VALUE },
	{ "bpf", "cmd", USE_VALUE },
	{ "clone", "clone_flags", USE_PROCESS },
	{ "fcntl", "cmd", USE_VALUE },
	{ "getrlimit", "resource", USE_NOTED },
	{ "getsockopt", "level", USE_NOTED },
	{ "getsockopt", "optname", USE_NOTED },
	{ "ioctl", "cmd", USE_VALUE },
	{ "keyctl", "option", USE_VALUE },
	{ "kill", "sig", USE_VALUE },
	{ "madvise", "behavior", USE_NOTED },
	{ "membarrier", "cmd", USE_NOTED },
	{ "memfd_create", "flags", USE_NOTED },
	{ "mmap", "prot", USE_MEMORY },
	{ "mmap", "flags", USE_NOTED },
	{ "mount", "flags", USE_NOTED },
	{ "mprotect", "prot", USE_MEMORY },
	{ "msgctl", "cmd", USE_VALUE },
	{ "open", "flags", USE_OPEN },
	{ "openat", "flags", USE_OPEN },
	{ "personality", "personality", USE_VALUE },
	{ "pidfd_send_signal", "sig", USE_VALUE },
	{ "pkey_mprotect", "prot", USE_MEMORY },
	{ "prctl", "option", USE_VALUE },
	{ "prlimit64", "pid", USE_ZERO },
	{ "prlimit64", "resource", USE_VALUE },
	{ "ptrace", "request", USE_VALUE },
	{ "quotactl", "cmd", USE_VALUE },
	{ "reboot", "cmd", USE_VALUE },
	{ "rt_sigqueueinfo", "sig", USE_VALUE },
	{ "rt_tgsigqueueinfo", "sig", USE_VALUE },
	{ "sched_setscheduler", "policy", USE_NOTED },
	{ "seccomp", "op", USE_VALUE },
	{ "semctl", "cmd", USE_VALUE },
	{ "setns", "flags", USE_NOTED },
	{ "setrlimit", "resource", USE_NOTED },
	{ "setsockopt", "level", USE_VALUE },
	{ "setsockopt", "optname", USE_NOTED },
	{ "shmctl", "cmd", USE_VALUE },
	{ "socket", "family", USE_VALUE },
	{ "socket", "type", USE_SOCKET },
	{ "socket", "protocol", USE_PROTOCOL },
	{ "socketpair", "family", USE_VALUE },
	{ "socketpair", "type", USE_SOCKET },
	{ "syslog", "type", USE_VALUE },
	{ "tgkill", "sig", USE_NOTED },
	{ "tkill", "sig", USE_VALUE },
	{ "unshare", "unshare_flags", USE_BITS },
};

enum argument_use argument_use(const struct syscall_name *name, unsigned slot)
{
	if (!name || slot >= name->count)
		return USE_NONE;
	for (size_t i = 0; i < sizeof(interests) / sizeof(interests[0]); i++)
		if (!strcmp(interests[i].call, name->name) &&
		    !strcmp(interests[i].argument, name->arguments[slot].name))
			return interests[i].use;
	return USE_NONE;
}

static void add_slot(struct shape *shape, unsigned slot, uint64_t mask, bool zero_only)
{
	shape->of[shape->count].slot = (uint8_t)slot;
	shape->of[shape->count].mask = mask;
	shape->of[shape->count].zero_only = zero_only;
	shape->count++;
}

void shapes_begin(struct shapes *shapes, enum arch arch)
{
	memset(shapes, 0, sizeof(*shapes));
	for (uint32_t number = 0; number <= names_last(arch); number++) {
		const struct syscall_name *name = names_number(arch, number);

		for (unsigned slot = 0; name && slot < name->count; slot++) {
			enum argument_use use = argument_use(name, slot);

			if (use != USE_NONE)
				add_slot(&shapes->by_number[number], slot, decode_mask(name, slot),
					 use == USE_ZERO);
		}
	}
}

void shape_widen(struct shape *shape, unsigned slot, uint64_t bits)
{
	for (unsigned i = 0; i < shape->count; i++) {
		if (shape->of[i].slot == slot) {
			shape->of[i].mask |= bits;
			shape->of[i].zero_only = false;
			return;
		}
	}
	add_slot(shape, slot, bits, false);
}

const struct shape *shape_of(const struct shapes *shapes, uint32_t number)
{
	static const struct shape nothing;

	return number < TABLE_NUMBERS ? &shapes->by_number[number] : &nothing;
}

struct cube shape_cut(const struct shape *shape, const uint64_t arguments[ARGUMENTS])
{
	struct cube cube = { 0 };

	for (unsigned i = 0; i < shape->count; i++) {
		unsigned slot = shape->of[i].slot;
		uint64_t value = arguments[slot] & shape->of[i].mask;

		if (shape->of[i].zero_only && value)
			continue;
		cube.mask[slot] = shape->of[i].mask;
		cube.value[slot] = value;
	}
	return cube;
}

struct cube shape_cut_cube(const struct shape *shape, const struct cube *cube)
{
	struct cube cut = { 0 };

	for (unsigned i = 0; i < shape->count; i++) {
		unsigned slot = shape->of[i].slot;
		uint64_t mask = shape->of[i].mask & cube->mask[slot];

		if (shape->of[i].zero_only && (cube->value[slot] || mask != shape->of[i].mask))
			continue;
		cut.mask[slot] = mask;
		cut.value[slot] = cube->value[slot] & mask;
	}
	return cut;
}
