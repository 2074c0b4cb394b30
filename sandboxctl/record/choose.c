/* choose.c - which trigger is the best; see choose.h. */
#include "choose.h"

#include "candidates.h"
#include "compose.h"
#include "groups.h"

#include <stdlib.h>
#include <string.h>

/* What a server does before it serves. A trigger that any of these come after came too early, or
 * the server does it all again at a reload. */
static const char *const setup_calls[] = {
	"bind",	     "listen",	  "setuid", "setgid", "setreuid",   "setregid",	 "setresuid",
	"setresgid", "setgroups", "chroot", "capset", "pivot_root", "setrlimit", "setsid",
};

/* Talking to clients. Calls on what is open already (read, write) say nothing. */
static const char *const serving_calls[] = { "accept", "accept4", "recvfrom", "recvmsg",
					     "recvmmsg" };

/* Pairs of which the second asks for more. Where one process meets it later, the first is a trap.
 */
static const struct {
	const char *early, *late, *why;
} pairs[] = {
	{ "epoll_wait", "epoll_wait where timeout != 0",
	  "does not wait the first time (timeout 0): it only looks, while the program has other "
	  "work" },
	{ "epoll_wait where maxevents > 1", "epoll_wait where timeout != 0 and maxevents > 1",
	  "does not wait the first time (timeout 0)" },
	{ "poll", "poll where timeout != 0", "does not wait the first time (timeout 0)" },
	{ "select", "select where timeout != 0", "does not wait the first time (timeout 0)" },
	{ "epoll_wait", "epoll_wait where maxevents > 1",
	  "has room for one event only the first time: a probe, not the loop" },
	{ "wait", "epoll_wait where maxevents > 1",
	  "has room for one event only the first time: a probe, not the loop" },
	{ "epoll_wait", "epoll_wait on main thread",
	  "is first called by another thread than main's" },
	{ "poll", "poll on main thread", "is first called by another thread than main's" },
	{ "wait", "wait on main thread", "is first called by another thread than main's" },
	{ "epoll_wait where timeout != 0", "epoll_wait where timeout > 0",
	  "waits for ever the first time, and later with a time limit: helpers start to wait "
	  "before "
	  "the main loop does" },
	{ "epoll_wait", "epoll_wait after listen", "is called before listen" },
	{ "poll", "poll after listen", "is called before listen" },
	{ "select", "select after listen", "is called before listen" },
	{ "sigwait", "sigwait after listen", "is called before listen" },
	{ "wait", "wait after listen", "is called before listen" },
};

struct chooser {
	struct context *context;
	const struct model *model;
	const char *program;
	struct sighting **seen;
	size_t seen_count;
	bool notable[TABLE_NUMBERS]; /* dangerous or sensitive */
	struct choice_of_trigger choice;
};

#define TEXT(...) arena_printf(chooser->context->arena, __VA_ARGS__)

static void set_add(struct call_set *set, uint32_t number)
{
	if (number >= TABLE_NUMBERS || set->has[number])
		return;
	set->has[number] = true;
	set->count++;
}

const char *call_set_text(struct arena *arena, const struct call_set *set)
{
	const char *text = "";

	for (uint32_t i = 0; i < TABLE_NUMBERS; i++)
		if (set->has[i] && names_number(ARCH_NATIVE, i))
			text = arena_printf(arena, "%s%s%s", text, *text ? " " : "",
					    names_number(ARCH_NATIVE, i)->name);
	return text;
}

bool is_setup(uint32_t number)
{
	const struct syscall_name *name = names_number(ARCH_NATIVE, number);

	for (size_t i = 0; name && i < sizeof(setup_calls) / sizeof(setup_calls[0]); i++)
		if (!strcmp(setup_calls[i], name->name))
			return true;
	return false;
}

/* --- trials ----------------------------------------------------------------------------------- */

static bool is_call(const struct sighting *sighting)
{
	return sighting->kind == SIGHT_CALL && !sighting->is_foreign;
}

/* When one of these calls was made first; UINT64_MAX: never. */
static uint64_t first_of(const struct chooser *chooser, const char *name, const char *other)
{
	uint64_t first = UINT64_MAX;

	for (size_t i = 0; i < chooser->seen_count; i++) {
		const struct sighting *sighting = chooser->seen[i];
		const struct syscall_name *known = names_number(ARCH_NATIVE, sighting->number);

		if (is_call(sighting) && known && sighting->first < first &&
		    (!strcmp(known->name, name) || !strcmp(known->name, other)))
			first = sighting->first;
	}
	return first;
}

/* A socket that is bound when clients have come, and that nobody listens on, is for asking others:
 * a resolver takes a new one for each question. */
static bool asks_others(const struct chooser *chooser, const struct trial *trial,
			const struct sighting *sighting)
{
	int listens = names_syscall("listen")->number[ARCH_NATIVE];

	return (int)sighting->number == names_syscall("bind")->number[ARCH_NATIVE] &&
	       !trial->left.has[listens] &&
	       sighting->first > first_of(chooser, "accept", "accept4");
}

static void find_setup(struct chooser *chooser, struct trial *trial, uint32_t bit)
{
	for (size_t i = 0; i < chooser->seen_count; i++) {
		const struct sighting *sighting = chooser->seen[i];

		if (is_call(sighting) && is_setup(sighting->number) &&
		    is_needed(chooser->model, chooser->program, bit, sighting) &&
		    !asks_others(chooser, trial, sighting))
			set_add(&trial->setup, sighting->number);
	}
}

static void try_one(struct chooser *chooser, struct trial *trial)
{
	uint32_t bit = model_phase(chooser->model, trial->trigger);

	for (size_t i = 0; i < chooser->seen_count; i++) {
		const struct sighting *sighting = chooser->seen[i];

		if (!is_call(sighting) ||
		    !is_needed(chooser->model, chooser->program, bit, sighting))
			continue;
		set_add(&trial->left, sighting->number);
		if (sighting->number < TABLE_NUMBERS && chooser->notable[sighting->number])
			set_add(&trial->open, sighting->number);
	}
	find_setup(chooser, trial, bit);
	for (size_t i = 0; i < chooser->seen_count; i++) {
		const struct sighting *sighting = chooser->seen[i];

		if (is_call(sighting) && sighting->number < TABLE_NUMBERS &&
		    chooser->notable[sighting->number] && !trial->left.has[sighting->number])
			set_add(&trial->closed, sighting->number);
	}
}

static int compare_trials(const void *a, const void *b)
{
	const struct trial *x = a, *y = b;
	unsigned first = candidate_rank(x->trigger), second = candidate_rank(y->trigger);

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return (first > second) - (first < second);
}

/* Met at the same time by all who met it, and the same is left. */
static void mark_same(struct choice_of_trigger *choice)
{
	for (size_t i = 0; i < choice->trial_count; i++)
		for (size_t j = 0; j < i; j++)
			if (!choice->trials[j].is_same &&
			    choice->trials[i].at == choice->trials[j].at &&
			    !memcmp(choice->trials[i].left.has, choice->trials[j].left.has,
				    sizeof(choice->trials[i].left.has)))
				choice->trials[i].is_same = true;
}

static void find_trials(struct chooser *chooser)
{
	struct choice_of_trigger *choice = &chooser->choice;

	for (size_t i = 0; i < chooser->model->fired_count; i++) {
		const struct fired *fired = &chooser->model->fired[i];
		struct trial *trial = NULL;

		if (strcmp(fired->program, chooser->program) != 0)
			continue;
		for (size_t j = 0; j < choice->trial_count; j++)
			if (!strcmp(choice->trials[j].trigger, fired->phase))
				trial = &choice->trials[j];
		if (trial)
			continue;
		trial = ARENA_PUSH(chooser->context->arena, choice->trials, choice->trial_count);
		*trial = (struct trial){ .trigger = fired->phase, .at = fired->at };
		try_one(chooser, trial);
	}
	if (choice->trial_count)
		qsort(choice->trials, choice->trial_count, sizeof(struct trial), compare_trials);
	mark_same(choice);
}

/* --- traps ------------------------------------------------------------------------------------ */

/* When this process met the trigger itself; 0: never. */
static uint64_t met_by(const struct chooser *chooser, pid_t pid, const char *trigger)
{
	for (size_t i = 0; i < chooser->model->fired_count; i++) {
		const struct fired *fired = &chooser->model->fired[i];

		if (fired->pid == pid && !strcmp(fired->phase, trigger))
			return fired->at + 1;
	}
	return 0;
}

/* Some process met the one, went on, and met the other. */
static bool comes_later(const struct chooser *chooser, const char *early, const char *late)
{
	for (size_t i = 0; i < chooser->model->fired_count; i++) {
		const struct fired *fired = &chooser->model->fired[i];

		if (!strcmp(fired->phase, early) && !strcmp(fired->program, chooser->program) &&
		    met_by(chooser, fired->pid, late) > fired->at + 1)
			return true;
	}
	return false;
}

static void find_traps(struct chooser *chooser)
{
	struct choice_of_trigger *choice = &chooser->choice;

	for (size_t i = 0; i < choice->trial_count; i++) {
		struct trial *trial = &choice->trials[i];

		for (size_t j = 0; j < sizeof(pairs) / sizeof(pairs[0]) && !trial->trap; j++)
			if (!strcmp(pairs[j].early, trial->trigger) &&
			    comes_later(chooser, pairs[j].early, pairs[j].late))
				trial->trap = pairs[j].why;
	}
}

/* --- the best --------------------------------------------------------------------------------- */

static bool is_call_of(const struct call_set *set, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int number = names_syscall(names[i])->number[ARCH_NATIVE];

		if (number >= 0 && number < TABLE_NUMBERS && set->has[number])
			return true;
	}
	return false;
}

static bool serves(const struct call_set *set)
{
	return is_call_of(set, serving_calls, sizeof(serving_calls) / sizeof(serving_calls[0]));
}

/* main is for programs that never wait. `listen` is met before the call itself, and accept, where
 * something else waits, only when somebody connects: until then nothing would be locked. */
static bool is_last_resort(const struct chooser *chooser, const struct trial *trial)
{
	const struct choice_of_trigger *choice = &chooser->choice;

	if (!strcmp(trial->trigger, "listen"))
		return true;
	if (strcmp(trial->trigger, "main") != 0 && strcmp(trial->trigger, "accept") != 0)
		return false;
	for (size_t i = 0; i < choice->trial_count; i++)
		if (choice->trials[i].at < trial->at
			    ? !strncmp(choice->trials[i].trigger, "wait", 4)
			    : !strcmp(trial->trigger, "main") && choice->trials[i].at > trial->at)
			return true;
	return false;
}

/* What locks those who serve; after which least is set up; which is no trap; the earliest. */
static bool is_better(const struct chooser *chooser, const struct trial *a, const struct trial *b)
{
	bool first = is_last_resort(chooser, a), second = is_last_resort(chooser, b);

	if (first != second)
		return second;
	if (a->serves != b->serves)
		return a->serves;
	if (a->setup.count != b->setup.count)
		return a->setup.count < b->setup.count;
	if (!a->trap != !b->trap)
		return !a->trap;
	if (a->at != b->at)
		return a->at < b->at;
	return candidate_rank(a->trigger) < candidate_rank(b->trigger);
}

static void find_best(struct chooser *chooser)
{
	struct choice_of_trigger *choice = &chooser->choice;

	for (size_t i = 0; i < choice->trial_count; i++)
		choice->anybody_serves |= serves(&choice->trials[i].left);
	for (size_t i = 0; i < choice->trial_count; i++)
		choice->trials[i].serves =
			!choice->anybody_serves || serves(&choice->trials[i].left);
	for (size_t i = 0; i < choice->trial_count; i++)
		if (!choice->trials[i].is_same &&
		    (!choice->best || is_better(chooser, &choice->trials[i], choice->best)))
			choice->best = &choice->trials[i];
}

/* --- all together ----------------------------------------------------------------------------- */

static int compare_steps(const void *a, const void *b)
{
	const struct step *x = a, *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

static void find_steps(struct chooser *chooser)
{
	struct choice_of_trigger *choice = &chooser->choice;
	struct call_set all = { 0 };

	for (size_t i = 0; i < chooser->seen_count; i++) {
		const struct sighting *sighting = chooser->seen[i];
		struct step *step = NULL;

		if (!is_call(sighting))
			continue;
		set_add(&all, sighting->number);
		if (!is_setup(sighting->number))
			continue;
		for (size_t j = 0; j < choice->step_count; j++)
			if (choice->steps[j].number == sighting->number)
				step = &choice->steps[j];
		if (!step) {
			step = ARENA_PUSH(chooser->context->arena, choice->steps,
					  choice->step_count);
			*step = (struct step){ sighting->number, sighting->first };
		}
		if (sighting->first < step->at)
			step->at = sighting->first;
	}
	choice->all = all.count;
	if (choice->step_count)
		qsort(choice->steps, choice->step_count, sizeof(struct step), compare_steps);
}

struct choice_of_trigger choose_trigger(struct context *context, const struct model *model,
					const char *program)
{
	struct chooser chooser = { .context = context, .model = model, .program = program };

	chooser.seen = model_list(model, &chooser.seen_count);
	find_notable(context, chooser.notable);
	find_steps(&chooser);
	find_trials(&chooser);
	find_traps(&chooser);
	find_best(&chooser);
	return chooser.choice;
}
