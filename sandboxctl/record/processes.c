/* processes.c - who made a call; see processes.h. */
#include "processes.h"

#include "callers.h"
#include "remote.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { THREADS_DEFAULT = 4194304, STATUS_SIZE = 4096 };

static size_t highest_thread(void)
{
	FILE *file = fopen("/proc/sys/kernel/pid_max", "re");
	char line[32] = "";
	long value = 0;

	if (file && fgets(line, sizeof(line), file))
		value = strtol(line, NULL, 10);
	if (file)
		fclose(file);
	return value > 0 ? (size_t)value : THREADS_DEFAULT;
}

bool processes_begin(struct processes *processes, struct arena *arena, bool apart)
{
	size_t count = highest_thread() + 1;
	/* Only what is touched becomes memory. */
	void *table = mmap(NULL, count * sizeof(struct process *), PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (table == MAP_FAILED)
		return false;
	*processes = (struct processes){
		.arena = arena, .by_thread = table, .thread_max = count, .apart = apart
	};
	scenes_begin(&processes->scenes, arena);
	return true;
}

/* --- scenes ----------------------------------------------------------------------------------- */

/* Its name is the scene's from here on. */
static void find_scene(struct processes *processes, struct process *process)
{
	const struct scene scene = { process->program, process->generation, process->fired,
				     processes->apart ? process->pid : 0 };

	process->scene = scenes_place(&processes->scenes, &scene);
	process->program = processes->scenes.list[process->scene].program;
}

void process_fires(struct processes *processes, struct process *process, const char *phase)
{
	unsigned i = 0;

	while (i < processes->phase_count && strcmp(processes->phases[i], phase) != 0)
		i++;
	if (i == FIRED_MAX)
		return;
	if (i == processes->phase_count)
		processes->phases[processes->phase_count++] =
			arena_strndup(processes->arena, phase, strlen(phase));
	process->fired |= 1u << i;
	find_scene(processes, process);
}

/* --- threads ---------------------------------------------------------------------------------- */

static void take_thread(struct processes *processes, struct process *process, pid_t thread)
{
	if (process->thread_count == process->thread_room) {
		size_t room = process->thread_room ? process->thread_room * 2 : 4;
		pid_t *threads = reallocarray(process->threads, room, sizeof(*threads));

		if (!threads)
			return; /* it is looked up anew each time */
		process->threads = threads;
		process->thread_room = room;
	}
	process->threads[process->thread_count++] = thread;
	processes->by_thread[thread] = process;
}

void thread_ends(struct processes *processes, struct process *process, pid_t thread)
{
	for (size_t i = 0; i < process->thread_count; i++)
		if (process->threads[i] == thread)
			process->threads[i--] = process->threads[--process->thread_count];
	processes->by_thread[thread] = NULL;
}

static void forget_threads(struct processes *processes, struct process *process)
{
	for (size_t i = 0; i < process->thread_count; i++)
		if (processes->by_thread[process->threads[i]] == process)
			processes->by_thread[process->threads[i]] = NULL;
	process->thread_count = 0;
}

/* --- processes -------------------------------------------------------------------------------- */

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Where the stack and the code begin: they are drawn anew for each program that is executed. */
static uint64_t image_of(pid_t pid)
{
	char text[STATUS_SIZE];
	const char *at;
	uint64_t start = 0;

	if (!remote_file(pid, "stat", text, sizeof(text)) || !(at = strrchr(text, ')')))
		return 0;
	/* Behind the name: state is field 3; startcode 26, startstack 28, see proc(5). */
	for (int field = 2; *at && field < 28; at++) {
		if (*at != ' ')
			continue;
		field++;
		if (field == 26 || field == 28)
			start = start * 31 + strtoull(at + 1, NULL, 10);
	}
	return start;
}

static struct process *add_process(struct processes *processes, pid_t pid)
{
	struct process *process = calloc(1, sizeof(*process));

	if (!process)
		return NULL;
	process->pid = pid;
	process->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	process->next = processes->alive;
	processes->alive = process;
	process->number = ++processes->started;
	processes->living++;
	return process;
}

static struct process *forked_last(struct process *list, uint64_t image)
{
	struct process *best = NULL;

	for (struct process *at = list; at; at = at->next)
		if (at->forks && (!image || at->image == image) &&
		    (!best || at->fork_order > best->fork_order))
			best = at;
	return best;
}

/* A child runs its parent's program. When the parent is gone the kernel names another: then it is
 * whoever forked last and still misses a child, of that program if there is one. */
static struct process *parent_of(struct processes *processes, pid_t pid, pid_t parent_pid)
{
	struct process *parent = NULL, *other;
	uint64_t image = image_of(pid);

	if (parent_pid > 0 && (size_t)parent_pid < processes->thread_max)
		parent = processes->by_thread[parent_pid];
	if (parent && parent->image == image)
		return parent;
	other = image ? forked_last(processes->alive, image) : NULL;
	if (!other && image)
		other = forked_last(processes->departed, image);
	if (other)
		return other;
	return parent ? parent : forked_last(processes->alive, 0);
}

static void inherit(struct process *child, struct process *parent)
{
	child->parent = parent->number;
	child->program = parent->program;
	child->generation = parent->generation + (parent->generation < GENERATIONS_MAX);
	child->fired = parent->fired;
	child->before = parent->before;
	child->arming = parent->arming;
	child->library = parent->library;
	child->library_end = parent->library_end;
	child->image = parent->image;
	child->directory = parent->directory ? strdup(parent->directory) : NULL;
	if (parent->forks)
		parent->forks--;
}

static struct process *meet_process(struct processes *processes, pid_t pid, pid_t parent_pid)
{
	struct process *parent = parent_of(processes, pid, parent_pid);
	struct process *process = add_process(processes, pid);

	if (!process)
		return NULL;
	if (parent) {
		inherit(process, parent);
	} else {
		process->program = "";
		process->image = image_of(pid);
	}
	take_thread(processes, process, pid);
	find_scene(processes, process);
	return process;
}

static struct process *meet(struct processes *processes, pid_t thread)
{
	char status[STATUS_SIZE];
	struct process *process;
	pid_t pid;

	if (!remote_file(thread, "status", status, sizeof(status)))
		return NULL; /* gone */
	pid = (pid_t)status_number(status, "Tgid");
	if (pid <= 0 || (size_t)pid >= processes->thread_max)
		return NULL;
	process = processes->by_thread[pid];
	if (!process)
		process = meet_process(processes, pid, (pid_t)status_number(status, "PPid"));
	if (process && thread != pid)
		take_thread(processes, process, thread);
	return process;
}

/* After an execve: whether it worked. */
static void look_for_image(struct processes *processes, struct process *process, pid_t thread)
{
	uint64_t image = image_of(process->pid);

	if (image && image == process->image) {
		/* The thread that tried is back. Until then another one's calls tell nothing. */
		if (thread == process->executing_thread)
			process->may_have_executed = false;
		return;
	}
	process->may_have_executed = false;
	process->image = image;
	process->program = last_part(process->executing ? process->executing : "");
	process->generation = 0;
	process->library = process->library_end = 0;
	process->loading = 0;
	process->arming = false;
	process->before = process->fired;
	callers_forget(process);
	forget_threads(processes, process);
	take_thread(processes, process, process->pid);
	find_scene(processes, process);
}

struct process *process_of(struct processes *processes, pid_t thread)
{
	struct process *process;

	if (thread <= 0 || (size_t)thread >= processes->thread_max)
		return NULL;
	process = processes->by_thread[thread];
	if (!process)
		process = meet(processes, thread);
	if (process && process->may_have_executed)
		look_for_image(processes, process, thread);
	return process;
}

void process_forks(struct processes *processes, struct process *process)
{
	process->forks++;
	process->fork_order = ++processes->fork_order;
}

void process_executes(struct process *process, pid_t thread, const char *path)
{
	free(process->executing);
	process->executing = strdup(path);
	process->executing_thread = thread;
	process->may_have_executed = true;
}

static void free_process(struct process *process)
{
	free(process->directory);
	free(process->executing);
	free(process);
}

void process_ended(struct processes *processes, struct process *process)
{
	struct process **at = &processes->alive;

	while (*at && *at != process)
		at = &(*at)->next;
	if (!*at)
		return;
	*at = process->next;
	processes->living--;
	forget_threads(processes, process);
	callers_forget(process);
	if (process->pidfd >= 0)
		close(process->pidfd);
	process->pidfd = -1;
	free(process->threads);
	process->threads = NULL;
	/* A child of it may make its first call yet. */
	if (process->forks) {
		process->next = processes->departed;
		processes->departed = process;
	} else {
		free_process(process);
	}
}

void processes_end(struct processes *processes)
{
	while (processes->alive)
		process_ended(processes, processes->alive);
	while (processes->departed) {
		struct process *process = processes->departed;

		processes->departed = process->next;
		free_process(process);
	}
}
