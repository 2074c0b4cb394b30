/* recorder.c - a program and all it starts, call by call; see recorder.h.
 *
 * One thread takes the calls. Two were slower in every measurement, also for programs with many
 * threads: the kernel wakes all that wait, and the one who comes late finds nothing.
 */
#include "recorder.h"

#include "callers.h"
#include "policyc.h"
#include "remote.h"
#include "report/mark.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	TEXT_SIZE = 256,
	FILES_MAX = 20000, /* then directories only */
	KINDS_MAX = 1024,  /* of one call's arguments: then they are not told apart any more */
	WATCH_ROOM = 16,
};

/* What a call changes in what we know. */
enum effect { EFFECT_NONE, EFFECT_FORK, EFFECT_EXECUTE, EFFECT_THREAD_ENDS, EFFECT_DIRECTORY };

static const struct {
	const char *call;
	enum effect effect;
} effects[] = {
	{ "fork", EFFECT_FORK },	{ "vfork", EFFECT_FORK },
	{ "clone", EFFECT_FORK },	{ "clone3", EFFECT_FORK },
	{ "execve", EFFECT_EXECUTE },	{ "execveat", EFFECT_EXECUTE },
	{ "exit", EFFECT_THREAD_ENDS }, { "chdir", EFFECT_DIRECTORY },
	{ "fchdir", EFFECT_DIRECTORY }, { "chroot", EFFECT_DIRECTORY },
};

static uint32_t number_of(const char *call)
{
	return (uint32_t)names_syscall(call)->number[ARCH_NATIVE];
}

bool recorder_begin(struct recorder *recorder, bool apart)
{
	memset(recorder, 0, sizeof(*recorder));
	shapes_begin(&recorder->shapes, ARCH_NATIVE);
	path_calls_begin(&recorder->path_calls, ARCH_NATIVE);
	sightings_begin(&recorder->sightings, &recorder->arena);
	for (size_t i = 0; i < sizeof(effects) / sizeof(effects[0]); i++)
		if (names_syscall(effects[i].call)->number[ARCH_NATIVE] >= 0)
			recorder->effects[number_of(effects[i].call)] = (uint8_t)effects[i].effect;
	recorder->number_prctl = number_of("prctl");
	recorder->number_clone = number_of("clone");
	recorder->number_clone3 = number_of("clone3");
	recorder->number_mmap = number_of("mmap");
	pthread_mutex_init(&recorder->lock, NULL);
	recorder->watch = epoll_create1(EPOLL_CLOEXEC);
	return recorder->watch >= 0 &&
	       processes_begin(&recorder->processes, &recorder->arena, apart);
}

/* --- events ----------------------------------------------------------------------------------- */

static struct event *add_event(struct recorder *recorder, enum event_kind kind,
			       const struct process *process)
{
	struct event *event = ARENA_NEW(&recorder->arena, struct event);

	event->kind = kind;
	event->at = recorder->sightings.total;
	event->pid = process->pid;
	event->scene = process->scene;
	if (recorder->last_event)
		recorder->last_event->next = event;
	else
		recorder->events = event;
	recorder->last_event = event;
	return event;
}

/* --- the library's marks ---------------------------------------------------------------------- */

static bool is_mark(const struct recorder *recorder, const struct seccomp_data *call)
{
	return (uint32_t)call->nr == recorder->number_prctl && (uint32_t)call->args[0] == MARK &&
	       call->arch == arches[ARCH_NATIVE].audit;
}

void recorder_fire(struct recorder *recorder, struct process *process, const char *phase,
		   const char *trigger, unsigned threads)
{
	uint32_t was = process->fired;
	struct event *event;

	process_fires(&recorder->processes, process, phase);
	event = add_event(recorder, EVENT_FIRED, process);
	event->again = was == process->fired;
	event->phase = arena_strndup(&recorder->arena, phase, strlen(phase));
	event->trigger = arena_strndup(&recorder->arena, trigger, strlen(trigger));
	event->threads = threads;
	recorder->fired++;
}

static void trigger_fired(struct recorder *recorder, struct process *process, pid_t thread,
			  const struct seccomp_data *call)
{
	char phase[TEXT_SIZE], trigger[TEXT_SIZE];

	if (!remote_text(thread, call->args[2], phase, sizeof(phase)))
		memcpy(phase, "?", 2);
	if (!remote_text(thread, call->args[3], trigger, sizeof(trigger)))
		memcpy(trigger, "?", 2);
	/* Many triggers side by side: each is a phase of its own. */
	recorder_fire(recorder, process, recorder->on_hook ? trigger : phase, trigger,
		      (unsigned)call->args[4]);
	if (process->before && recorder->watch_fired)
		recorder->watch_fired(recorder->watch_data, process, phase);
}

static void hook_called(struct recorder *recorder, struct process *process, pid_t thread,
			const struct seccomp_data *call)
{
	const struct hooked hooked = { (unsigned)call->args[2], (int64_t)call->args[3],
				       (int64_t)call->args[4], thread == process->pid };

	if (recorder->on_hook && !process->loading)
		recorder->on_hook(recorder, process, &hooked);
}

static void take_mark(struct recorder *recorder, struct process *process, pid_t thread,
		      const struct seccomp_data *call)
{
	switch (call->args[1]) {
	case MARK_LOADING:
		process->loading = thread;
		process->library = call->args[2];
		process->library_end = call->args[3];
		break;
	case MARK_ARMING:
		process->arming = true;
		break;
	case MARK_LOADED:
		process->loading = 0;
		break;
	case MARK_FIRED:
		trigger_fired(recorder, process, thread, call);
		break;
	case MARK_HOOK:
		hook_called(recorder, process, thread, call);
		break;
	default:
		break;
	}
}

/* The library is a guest: what it does by itself is none of the program's doing. Nor is what our
 * child does before it is the program. */
static bool is_own(const struct process *process, pid_t thread, uint64_t address)
{
	return !*process->program ||
	       address - process->library < process->library_end - process->library ||
	       process->loading == thread;
}

/* --- counting --------------------------------------------------------------------------------- */

static bool is_power_of_two(uint64_t count)
{
	return !(count & (count - 1));
}

static void find_caller(struct recorder *recorder, struct process *process, pid_t thread,
			const struct seccomp_data *call, struct sighting *sighting)
{
	const char *caller;

	if (sighting->caller_count == CALLERS_MAX)
		return;
	caller = caller_of(&recorder->arena, process, thread, call->instruction_pointer);
	if (caller)
		sighting_caller(sighting, caller);
}

/* clone3 has its flags in memory: shown as the clone that does the same. */
static void take_clone3(struct recorder *recorder, pid_t thread, const struct seccomp_data *call,
			struct sighting *key)
{
	struct clone_args clone;
	uint64_t arguments[ARGUMENTS] = { 0 };

	memset(&clone, 0, sizeof(clone));
	if (remote_read(thread, call->args[0], &clone, CLONE_ARGS_SIZE_VER0) !=
	    CLONE_ARGS_SIZE_VER0)
		return;
	key->is_clone3 = true;
	key->number = recorder->number_clone;
	arguments[0] = (uint32_t)clone.flags | clone.exit_signal;
	key->cube = shape_cut(shape_of(&recorder->shapes, key->number), arguments);
}

static struct sighting *count_call(struct recorder *recorder, struct process *process, pid_t thread,
				   const struct seccomp_data *call)
{
	struct sighting key = { .kind = SIGHT_CALL,
				.scene = process->scene,
				.number = (uint32_t)call->nr,
				.is_foreign = call->arch != arches[ARCH_NATIVE].audit };
	struct sighting *sighting;
	bool is_new;

	if (!key.is_foreign) {
		const struct shape *shape = shape_of(&recorder->shapes, key.number);
		uint64_t arguments[ARGUMENTS];

		if (shape->count) {
			memcpy(arguments, call->args, sizeof(arguments));
			key.cube = shape_cut(shape, arguments);
		}
		if (key.number == recorder->number_clone3)
			take_clone3(recorder, thread, call, &key);
	}
	sighting = sight(&recorder->sightings, &key, &is_new);
	if (is_new && key.number < TABLE_NUMBERS && ++recorder->kinds[key.number] > KINDS_MAX)
		recorder->shapes.by_number[key.number].count = 0;
	if (is_new)
		recorder->recent[recorder->recent_next++ % RECENT_MAX] =
			(struct recent){ sighting, time(NULL) };
	if (is_power_of_two(sighting->count))
		find_caller(recorder, process, thread, call, sighting);
	if (is_new && recorder->watch_first)
		recorder->watch_first(recorder->watch_data, process, sighting);
	return sighting;
}

/* --- files and addresses ---------------------------------------------------------------------- */

static void settle(struct recorder *recorder, struct sighting *sighting, pid_t thread)
{
	char settled[PATH_MAX];

	if (path_settle(thread, sighting->what, settled))
		sighting->found = true;
	else
		sighting->missing = true;
	if (strcmp(settled, sighting->what) != 0 &&
	    (!sighting->settled || strcmp(settled, sighting->settled) != 0))
		sighting->settled = arena_strndup(&recorder->arena, settled, strlen(settled));
}

static void count_named(struct recorder *recorder, const struct process *process, pid_t thread,
			struct named *named)
{
	struct sighting key = { .kind = named->is_address ? SIGHT_ADDRESS : SIGHT_FILE,
				.scene = process->scene,
				.what = named->text,
				.use = named->use };
	struct sighting *sighting;
	bool is_new;
	char *slash;

	if (recorder->sightings.count > FILES_MAX && !named->is_address &&
	    (slash = strrchr(named->text, '/')) && slash[1])
		memcpy(slash, "/*", 3);
	sighting = sight(&recorder->sightings, &key, &is_new);
	if (sighting->kind == SIGHT_FILE && is_power_of_two(sighting->count))
		settle(recorder, sighting, thread);
	if (is_new && recorder->watch_first)
		recorder->watch_first(recorder->watch_data, process, sighting);
}

/* --- one call --------------------------------------------------------------------------------- */

static void note_effect(struct recorder *recorder, struct process *process, pid_t thread,
			const struct seccomp_data *call, uint64_t clone_flags)
{
	uint32_t number = (uint32_t)call->nr;
	char path[PATH_MAX];

	switch (number < TABLE_NUMBERS ? recorder->effects[number] : EFFECT_NONE) {
	case EFFECT_FORK:
		if (!(clone_flags & CLONE_THREAD))
			process_forks(&recorder->processes, process);
		break;
	case EFFECT_EXECUTE:
		/* execveat has its directory before the path. */
		if (!remote_text(thread, call->args[number != number_of("execve")], path,
				 sizeof(path)))
			*path = '\0';
		process_executes(process, thread, path);
		break;
	case EFFECT_THREAD_ENDS:
		thread_ends(&recorder->processes, process, thread);
		break;
	case EFFECT_DIRECTORY:
		path_directory_changes(process);
		break;
	default:
		if (number == recorder->number_mmap && (call->args[2] & PROT_EXEC))
			callers_forget(process);
		break;
	}
}

static void watch_process(struct recorder *recorder, struct process *process)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = process };

	add_event(recorder, EVENT_STARTED, process);
	if (process->pidfd >= 0)
		epoll_ctl(recorder->watch, EPOLL_CTL_ADD, process->pidfd, &event);
}

/* The call as it is counted, or NULL. */
static struct sighting *take(struct recorder *recorder, struct process *process, pid_t thread,
			     const struct seccomp_data *call)
{
	struct sighting *sighting;
	unsigned count;

	sighting = count_call(recorder, process, thread, call);
	if (!sighting->is_foreign && has_paths(&recorder->path_calls, (uint32_t)call->nr)) {
		uint64_t arguments[ARGUMENTS];

		memcpy(arguments, call->args, sizeof(arguments));
		count = paths_of(&recorder->path_calls, process, thread, (uint32_t)call->nr,
				 arguments, recorder->named);
		for (unsigned i = 0; i < count; i++)
			count_named(recorder, process, thread, &recorder->named[i]);
	}
	if (!sighting->is_foreign)
		note_effect(recorder, process, thread, call, sighting->cube.value[0]);
	return sighting;
}

static void tell(struct recorder *recorder, const struct process *process)
{
	if (recorder->watch_process)
		recorder->watch_process(recorder->watch_data, process);
}

static void take_own(struct recorder *recorder, struct process *process, pid_t thread,
		     const struct seccomp_data *call)
{
	note_effect(recorder, process, thread, call, 0);
	if (process->arming && process->before && recorder->watch_own)
		recorder->watch_own(recorder->watch_data, process, thread, call);
}

static void handle(struct recorder *recorder)
{
	const struct seccomp_notif *notice = recorder->listener.notice;
	unsigned started = recorder->processes.started;
	pid_t thread = (pid_t)notice->pid;
	struct process *process = process_of(&recorder->processes, thread);
	struct sighting *sighting = NULL;

	if (process && recorder->processes.started != started)
		watch_process(recorder, process);
	if (process && is_mark(recorder, &notice->data)) {
		take_mark(recorder, process, thread, &notice->data);
		tell(recorder, process);
		listener_return(&recorder->listener, MARK_SEEN);
		return;
	}
	if (process)
		tell(recorder, process);
	if (process && is_own(process, thread, notice->data.instruction_pointer))
		take_own(recorder, process, thread, &notice->data);
	else if (process)
		sighting = take(recorder, process, thread, &notice->data);
	/* Killed meanwhile: then the call was not made. */
	if (!listener_continue(&recorder->listener) && errno == ENOENT && sighting)
		unsight(&recorder->sightings, sighting);
}

static void *run(void *data)
{
	struct recorder *recorder = data;

	for (;;) {
		switch (listener_receive(&recorder->listener)) {
		case RECEIVED:
			recorder_lock(recorder);
			handle(recorder);
			recorder_unlock(recorder);
			break;
		case INTERRUPTED:
			if (!listener_over(&recorder->listener))
				break;
			/* fallthrough */
		case ALL_GONE:
			recorder_lock(recorder);
			recorder->over = true;
			recorder_unlock(recorder);
			return NULL;
		}
	}
}

/* --- from the other thread -------------------------------------------------------------------- */

void recorder_lock(struct recorder *recorder)
{
	pthread_mutex_lock(&recorder->lock);
}

void recorder_unlock(struct recorder *recorder)
{
	pthread_mutex_unlock(&recorder->lock);
}

static void wake_up(int signal)
{
	(void)signal;
}

bool recorder_start(struct recorder *recorder, const char *path, char **argv, const sigset_t *mask,
		    const char **why)
{
	return listener_start(&recorder->listener, path, argv, mask, why);
}

bool recorder_run(struct recorder *recorder)
{
	/* Interrupts what waits for a call. */
	struct sigaction action = { .sa_handler = wake_up };

	sigaction(SIGUSR1, &action, NULL);
	return !pthread_create(&recorder->thread, NULL, run, recorder);
}

void recorder_watch(struct recorder *recorder)
{
	struct epoll_event ended[WATCH_ROOM];
	int count = epoll_wait(recorder->watch, ended, WATCH_ROOM, 0);

	recorder_lock(recorder);
	for (int i = 0; i < count; i++) {
		if (recorder->watch_end)
			recorder->watch_end(recorder->watch_data, ended[i].data.ptr);
		process_ended(&recorder->processes, ended[i].data.ptr);
	}
	recorder_unlock(recorder);
}

void recorder_join(struct recorder *recorder)
{
	struct timespec pause = { .tv_nsec = 10000000 };
	bool over = false;

	/* Before Linux 6.11 the thread waits on when all are gone. */
	while (!over) {
		pthread_kill(recorder->thread, SIGUSR1);
		nanosleep(&pause, NULL);
		recorder_lock(recorder);
		over = recorder->over;
		recorder_unlock(recorder);
	}
	pthread_join(recorder->thread, NULL);
}

void recorder_end(struct recorder *recorder)
{
	processes_end(&recorder->processes);
	if (recorder->watch >= 0)
		close(recorder->watch);
	if (recorder->listener.file > 0)
		close(recorder->listener.file);
	pthread_mutex_destroy(&recorder->lock);
	arena_free(&recorder->arena);
}
