/* names.c - look-ups in the generated tables; see names.h. */
#include "names.h"

#include "trigger/hooks.h"

#include <linux/audit.h>
#include <stdlib.h>
#include <string.h>

const struct arch_names arches[ARCHES] = {
	[ARCH_X86_64] = { "x86_64", AUDIT_ARCH_X86_64 },
	[ARCH_AARCH64] = { "aarch64", AUDIT_ARCH_AARCH64 },
};

/* Both tables are sorted by name, in bytes. */
static const struct syscall_name syscalls[] = {
#include "syscalls.inc"
};

static const struct constant_name constants[] = {
#include "constants.inc"
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static int compare_syscall(const void *key, const void *row)
{
	return strcmp(key, ((const struct syscall_name *)row)->name);
}

static int compare_constant(const void *key, const void *row)
{
	return strcmp(key, ((const struct constant_name *)row)->name);
}

const struct syscall_name *names_syscall(const char *name)
{
	return bsearch(name, syscalls, COUNT(syscalls), sizeof(syscalls[0]), compare_syscall);
}

const struct constant_name *names_constant(const char *name)
{
	return bsearch(name, constants, COUNT(constants), sizeof(constants[0]), compare_constant);
}

const struct constant_name *names_constants(size_t *count)
{
	*count = COUNT(constants);
	return constants;
}

/* Places in the table by number, one more than the place so that zero means none. */
static uint16_t by_number[ARCHES][TABLE_NUMBERS];
static uint32_t last_number[ARCHES];

static void index_numbers(void)
{
	if (last_number[0])
		return;
	for (size_t i = 0; i < COUNT(syscalls); i++) {
		for (int arch = 0; arch < ARCHES; arch++) {
			int number = syscalls[i].number[arch];

			if (number < 0 || number >= TABLE_NUMBERS)
				continue;
			by_number[arch][number] = (uint16_t)(i + 1);
			if ((uint32_t)number > last_number[arch])
				last_number[arch] = (uint32_t)number;
		}
	}
}

const struct syscall_name *names_number(enum arch arch, uint32_t number)
{
	index_numbers();
	if (number >= TABLE_NUMBERS || !by_number[arch][number])
		return NULL;
	return &syscalls[by_number[arch][number] - 1];
}

uint32_t names_last(enum arch arch)
{
	index_numbers();
	return last_number[arch];
}

/* Errors are E and capitals or digits; EPOLLIN and its like are spelt the same way. */
static bool is_errno(const char *name)
{
	return name[0] == 'E' && strncmp(name, "EPOLL", 5) &&
	       !name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")];
}

int names_errno(const char *name)
{
	const struct constant_name *constant = is_errno(name) ? names_constant(name) : NULL;

	return constant ? (int)constant->value[ARCH_NATIVE] : 0;
}

const char *names_errno_text(unsigned error)
{
	/* The usual spelling of those that have two. */
	static const char *const usual[] = { "EAGAIN", "EDEADLK", "EOPNOTSUPP" };

	for (size_t i = 0; i < COUNT(usual); i++)
		if ((unsigned)names_errno(usual[i]) == error)
			return usual[i];
	for (size_t i = 0; i < COUNT(constants); i++)
		if (constants[i].value[0] == error && is_errno(constants[i].name))
			return constants[i].name;
	return NULL;
}

/* --- hooked library calls --------------------------------------------------------------------- */

static const struct hook_name {
	const char *name, *family;
	bool blocks;
	const char *slots[WAIT_SLOTS];
} hooks[HOOKS] = {
#define WAIT(name, family, blocks, fd, count, timeout, ...)                                        \
	[HOOK_##name] = { #name, #family, blocks, { fd, count, timeout } },
#include "trigger/waits.def"
#undef WAIT
};

_Static_assert(HOOKS <= 32, "a mask of hooks is 32 bits in a compiled policy");

/* A fortified entry point comes with the call it stands for: nobody asks for it by name. */
static bool same_call(const char *hook, const char *name)
{
	size_t length = strlen(name);

	if (!strcmp(hook, name))
		return true;
	return !strncmp(hook, "__", 2) && !strncmp(hook + 2, name, length) &&
	       !strcmp(hook + 2 + length, "_chk");
}

uint32_t names_hooks(const char *name)
{
	uint32_t mask = 0;

	for (int i = 0; i < HOOKS; i++)
		if (!strcmp(hooks[i].family, name))
			mask |= 1u << i;
	/* What can send READY=1 is a trigger by that word only. */
	for (int i = 0; i < HOOKS && !mask; i++)
		if (same_call(hooks[i].name, name) && strcmp(hooks[i].family, "ready"))
			for (int j = 0; j < HOOKS; j++)
				mask |= same_call(hooks[j].name, name) ? 1u << j : 0;
	return mask;
}

uint32_t names_blocking(void)
{
	uint32_t mask = 0;

	for (int i = 0; i < HOOKS; i++)
		mask |= hooks[i].blocks ? 1u << i : 0;
	return mask;
}

int names_slot(uint32_t mask, const char *name)
{
	/* `wait` is all of them: those without a timeout fill the slot with -1, for ever. */
	if (mask == names_blocking() && !strcmp(name, "timeout"))
		return SLOT_TIMEOUT;
	for (int slot = 0; slot < WAIT_SLOTS; slot++) {
		bool all = mask != 0;

		for (int i = 0; i < HOOKS && all; i++)
			if (mask & (1u << i))
				all = hooks[i].slots[slot] && !strcmp(hooks[i].slots[slot], name);
		if (all)
			return slot;
	}
	return -1;
}

/* --- misspelt words --------------------------------------------------------------------------- */

void names_nearest_syscall(struct nearest *nearest, const char *word)
{
	nearest_begin(nearest, word);
	for (size_t i = 0; i < COUNT(syscalls); i++)
		nearest_try(nearest, syscalls[i].name);
}

void names_nearest_constant(struct nearest *nearest, const char *word)
{
	nearest_begin(nearest, word);
	for (size_t i = 0; i < COUNT(constants); i++)
		nearest_try(nearest, constants[i].name);
}

void names_nearest_errno(struct nearest *nearest, const char *word)
{
	nearest_begin(nearest, word);
	for (size_t i = 0; i < COUNT(constants); i++)
		if (is_errno(constants[i].name))
			nearest_try(nearest, constants[i].name);
}

void names_nearest_trigger(struct nearest *nearest, const char *word)
{
	static const char *const others[] = { "load", "main", "wait", "call" };

	nearest_begin(nearest, word);
	for (size_t i = 0; i < COUNT(others); i++)
		nearest_try(nearest, others[i]);
	for (int i = 0; i < HOOKS; i++)
		if (hooks[i].name[0] != '_' && strcmp(hooks[i].family, "ready"))
			nearest_try(nearest, hooks[i].name);
}

void names_nearest_slot(struct nearest *nearest, const char *word, uint32_t mask)
{
	nearest_begin(nearest, word);
	for (int i = 0; i < HOOKS; i++)
		for (int slot = 0; slot < WAIT_SLOTS && (mask & (1u << i)); slot++)
			if (hooks[i].slots[slot])
				nearest_try(nearest, hooks[i].slots[slot]);
}
