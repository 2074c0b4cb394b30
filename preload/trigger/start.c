/* start.c - the trigger `main`.
 *
 * What it does: exports __libc_start_main, which every program's _start calls with the address of
 * main, and hands libc a main of ours that fires first.
 * What it must not do: change anything else. The name has two versions in glibc (the architecture's
 * first, and 2.34) and one meaning, so one unversioned hook serves both.
 *
 * Contract: hook.
 */
#include <dlfcn.h>
#include <stddef.h>

#include "report/report.h"
#include "trigger/trigger.h"

typedef int (*main_function)(int argc, char **argv, char **envp);
typedef int (*start_function)(main_function, int argc, char **argv, void (*init)(void),
			      void (*fini)(void), void (*rtld_fini)(void), void *stack_end);

int __libc_start_main(main_function, int argc, char **argv, void (*init)(void), void (*fini)(void),
		      void (*rtld_fini)(void), void *stack_end);

static main_function program_main;

static int main_after_trigger(int argc, char **argv, char **envp)
{
	trigger_main();
	return program_main(argc, argv, envp);
}

__attribute__((visibility("default"))) int
__libc_start_main(main_function main, int argc, char **argv, void (*init)(void), void (*fini)(void),
		  void (*rtld_fini)(void), void *stack_end)
{
	union {
		void *object;
		start_function code;
	} libc;

	libc.object = dlsym(RTLD_NEXT, "__libc_start_main");
	if (!libc.object)
		report_fatal("libc has no __libc_start_main", NULL);
	program_main = main;
	return libc.code(main_after_trigger, argc, argv, init, fini, rtld_fini, stack_end);
}
