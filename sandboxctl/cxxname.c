/* cxxname.c - C++ names as people write them.
 *
 * What it does: demangles with the C++ runtime's own function, and compares: a name may leave out
 * the parameter list, what a template returns, blanks, and the hash of a Rust name.
 * What it must not do: load the C++ runtime before a name needs it: the library runs sandboxctl
 * when a program starts, and loading it costs more than compiling a policy.
 */
#include "cxxname.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

typedef char *(*demangle_function)(const char *name, char *buffer, size_t *size, int *status);

static const char *missing;

/* Of the C++ ABI, in every libstdc++ since gcc 3.4. */
static demangle_function runtime_function(void)
{
	static bool tried;
	static union {
		void *object;
		demangle_function code;
	} found;
	void *runtime;

	if (tried)
		return found.code;
	tried = true;
	runtime = dlopen("libstdc++.so.6", RTLD_NOW | RTLD_LOCAL);
	if (runtime)
		found.object = dlsym(runtime, "__cxa_demangle");
	if (!found.object)
		missing = dlerror();
	return found.code;
}

const char *cxx_missing(void)
{
	return missing;
}

/* Rust's first way of mangling is C++'s, with a hash as the last part: a::b::h0123456789abcdef. */
static void cut_rust_hash(char *name)
{
	size_t length = strlen(name), hash = strlen("::h0123456789abcdef");
	char *cut = name + length - hash;

	if (length <= hash || strncmp(cut, "::h", 3) || strspn(cut + 3, "0123456789abcdef") != 16)
		return;
	*cut = '\0';
}

const char *cxx_demangle(struct arena *arena, const char *symbol)
{
	demangle_function demangle;
	const char *copy = NULL;
	char *name;
	int status;

	if (strncmp(symbol, "_Z", 2) != 0)
		return NULL;
	demangle = runtime_function();
	name = demangle ? demangle(symbol, NULL, NULL, &status) : NULL;
	if (name) {
		cut_rust_hash(name);
		copy = arena_strndup(arena, name, strlen(name));
	}
	free(name);
	return copy;
}

/* As people write it: std::string is a typedef of this. */
static const char *replace_string(struct arena *arena, const char *name)
{
	static const char whole[] = "std::__cxx11::basic_string<char, std::char_traits<char>, "
				    "std::allocator<char> >";
	const char *at;

	while ((at = strstr(name, whole)))
		name = arena_printf(arena, "%.*sstd::string%s", (int)(at - name), name,
				    at + sizeof(whole) - 1);
	return name;
}

/* Equal but for blanks: "> >" is ">>", and "int, char" "int,char". */
static bool same_name(const char *a, size_t length, const char *b)
{
	const char *end = a + length;

	for (;;) {
		while (a < end && *a == ' ')
			a++;
		while (*b == ' ')
			b++;
		if (a == end || !*b)
			return a == end && !*b;
		if (*a++ != *b++)
			return false;
	}
}

/* How long the name is without the parameter list and what stands behind it ("const"). A piece of a
 * function ("f() [clone .cold]"), or what is local to it ("f()::x"), has another name. */
static size_t without_parameters(const char *name)
{
	const char *at = strrchr(name, ')');
	unsigned open = 0;

	if (at && strpbrk(at, "[:"))
		return strlen(name);
	for (; at && at >= name; at--) {
		open += *at == ')';
		open -= *at == '(';
		if (!open)
			return (size_t)(at - name);
	}
	return strlen(name);
}

/* A template's name begins with what it returns: "int ns::twice<int>(int)". Where the name itself
 * begins; blanks between brackets do not count. */
static const char *without_return_type(const char *name, size_t length)
{
	const char *at = name + length;
	int depth = 0;

	if (!length || at[-1] != '>' || strstr(name, "thunk to "))
		return name;
	while (at > name) {
		at--;
		depth += *at == '>' || *at == ')' || *at == '}';
		depth -= *at == '<' || *at == '(' || *at == '{';
		if (*at == ' ' && !depth)
			return at + 1;
	}
	return name;
}

static bool means(const char *demangled, const char *name)
{
	size_t length = without_parameters(demangled), all = strlen(demangled);
	const char *start = without_return_type(demangled, length);
	size_t returned = (size_t)(start - demangled);

	return same_name(demangled, all, name) || same_name(demangled, length, name) ||
	       same_name(start, all - returned, name) || same_name(start, length - returned, name);
}

bool cxx_means(struct arena *arena, const char *demangled, const char *name)
{
	if (!strncmp(name, "::", 2))
		name += 2;
	return means(demangled, name) || means(replace_string(arena, demangled), name);
}
