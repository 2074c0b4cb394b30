/* lint_undone.c - calls that leave less of a lock's step than its line says; see build.h.
 *
 * What it does: knows what the kernel's steps do not see, and what the program may take back, and
 * warns where the filter lets it. What it must not do: mind a step by itself (lint_steps.c does).
 */
#include "bind.h"
#include "build.h"
#include "outcome.h"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>

enum { FIELDS = 3, WAYS = 4, LINES = 4 };

#define INT_BITS    0xffffffffu
#define SOCKET_KIND 0xfu /* the rest of `type` are flags */
#define MPTCP	    262	 /* IPPROTO_MPTCP, which netinet/in.h of Debian 12 lacks as a macro */

/* A call with these bits in its arguments. */
struct way {
	const char *call;
	struct {
		const char *argument;
		uint64_t mask, value;
	} fields[FIELDS];
};

#define TCP(family_)                                                                               \
	{                                                                                          \
		"socket",                                                                          \
		{                                                                                  \
			{ "family", INT_BITS, family_ }, { "type", SOCKET_KIND, SOCK_STREAM },     \
		}                                                                                  \
	}
#define MULTIPATH(family_)                                                                         \
	{                                                                                          \
		"socket",                                                                          \
		{                                                                                  \
			{ "family", INT_BITS, family_ }, { "type", SOCKET_KIND, SOCK_STREAM },     \
				{ "protocol", INT_BITS, MPTCP },                                   \
		}                                                                                  \
	}
#define FAST_OPEN(call_)                                                                           \
	{                                                                                          \
		call_,                                                                             \
		{                                                                                  \
			{                                                                          \
				"flags", MSG_FASTOPEN, MSG_FASTOPEN                                \
			}                                                                          \
		}                                                                                  \
	}

static const struct undoing {
	enum statement_kind lines[LINES];
	struct way needed[WAYS]; /* one of them, if there are any */
	struct way ways[WAYS];	 /* one of them is enough */
	const char *line, *call; /* what is wrong with the line; what the call does */
	const char *hint;
} undoings[] = {
	{ { STEP_EXECUTE },
	  { { .call = "execve" }, { .call = "execveat" } },
	  { { .call = "memfd_create" } },
	  "does not see programs in memory",
	  "is allowed",
	  "write 'errno EPERM memfd_create'" },
	{ { STEP_READ, STEP_WRITE, STEP_CREATE },
	  { { .call = "connect" }, { .call = "sendto" }, { .call = "sendmsg" } },
	  { { "socket", { { "family", INT_BITS, AF_UNIX } } } },
	  "does not see sockets with a path",
	  "may make one to connect to any",
	  "write 'errno EACCES socket where family == AF_UNIX'" },
	{ { STEP_BIND, STEP_CONNECT },
	  { { NULL } },
	  { MULTIPATH(AF_INET), MULTIPATH(AF_INET6) },
	  "does not see MPTCP",
	  "may make such a socket",
	  "write 'errno EPROTONOSUPPORT socket where protocol == 262'" },
	{ { STEP_CONNECT },
	  { TCP(AF_INET), TCP(AF_INET6) },
	  { FAST_OPEN("sendto"), FAST_OPEN("sendmsg"), FAST_OPEN("sendmmsg") },
	  "does not see TCP Fast Open",
	  "may connect by it",
	  "write 'errno EOPNOTSUPP sendto sendmsg sendmmsg where flags has 0x20000000'" },
	{ { STEP_DUMPABLE },
	  { { NULL } },
	  { { "prctl", { { "option", INT_BITS, PR_SET_DUMPABLE }, { "arg2", INT_BITS, 1 } } } },
	  "holds until the program takes it back",
	  "may do so",
	  "write 'errno EPERM prctl where option == PR_SET_DUMPABLE and arg2 != 0'" },
	/* Who makes a user namespace has every capability in there, whatever was dropped outside.
	 */
	{ { STEP_CAPABILITIES },
	  { { NULL } },
	  { { "unshare", { { "unshare_flags", CLONE_NEWUSER, CLONE_NEWUSER } } },
	    { "clone", { { "clone_flags", CLONE_NEWUSER, CLONE_NEWUSER } } },
	    { .call = "clone3" } },
	  "does not hold in a user namespace",
	  "may make one",
	  "write 'errno EPERM unshare where unshare_flags has CLONE_NEWUSER', the same of clone "
	  "and clone_flags, and 'errno ENOSYS clone3'" },
};

struct undone {
	struct context *context;
	struct diagram *diagram;
	const struct policy *policy;
	const struct phase *phase;
};

static struct outcomes outcomes_of(const struct undone *undone, const struct phase *phase,
				   const struct way *way)
{
	const struct syscall_name *name = names_syscall(way->call);
	int number = name->number[undone->policy->arch];
	struct cube given = { 0 };

	if (number < 0)
		return (struct outcomes){ 0 };
	for (int i = 0; i < FIELDS && way->fields[i].argument; i++) {
		int slot = find_argument(name, way->fields[i].argument);

		given.mask[slot] = way->fields[i].mask;
		given.value[slot] = way->fields[i].value;
	}
	return find_outcomes(undone->context, undone->diagram, undone->policy, phase,
			     (uint32_t)number, &given);
}

/* Let through by the default, or by a line. `unsaid`: one that does not say why. */
static bool is_open(const struct undone *undone, const struct phase *phase, const struct way *way,
		    bool unsaid)
{
	struct outcomes outcomes = outcomes_of(undone, phase, way);

	for (size_t i = 0; i < outcomes.count; i++) {
		const struct verdict *verdict = &outcomes.list[i].verdict;

		if (!is_allowed(verdict->action))
			continue;
		if (!verdict->decision || (verdict->decision->origin == ORIGIN_TEXT &&
					   !(unsaid && has_reason(verdict->decision->place))))
			return true;
	}
	return false;
}

/* An earlier phase that is locked by then leaves nothing of it. */
static bool is_shut_before(const struct undone *undone, const struct way *way)
{
	size_t self = (size_t)(undone->phase - undone->policy->phases);

	for (size_t i = 0; i < self; i++) {
		const struct phase *earlier = &undone->policy->phases[i];

		if (!(earlier->apart & 1u << self) && !is_open(undone, earlier, way, false))
			return true;
	}
	return false;
}

/* The first that is open, or NULL. */
static const struct way *find_open(const struct undone *undone, const struct way *ways, bool unsaid)
{
	for (size_t i = 0; i < WAYS && ways[i].call; i++)
		if (is_open(undone, undone->phase, &ways[i], unsaid) &&
		    !is_shut_before(undone, &ways[i]))
			return &ways[i];
	return NULL;
}

static bool is_about(const struct undoing *undoing, const struct step_item *item)
{
	for (size_t i = 0; i < LINES; i++)
		if (undoing->lines[i] == item->word && item->word != STATEMENT_POLICY)
			return !item->idle && !has_reason(item->place);
	return false;
}

/* One line is enough. */
static void lint_undoing(const struct undone *undone, const struct undoing *undoing)
{
	struct arena *arena = undone->context->arena;
	const struct steps *steps = &undone->phase->steps;
	const struct way *way;
	size_t i = 0;

	while (i < steps->count && !is_about(undoing, &steps->items[i]))
		i++;
	if (i == steps->count ||
	    (undoing->needed[0].call && !find_open(undone, undoing->needed, false)))
		return;
	way = find_open(undone, undoing->ways, true);
	if (way)
		diagnose(undone->context->diagnostics, WARNING, steps->items[i].place,
			 "'%s' %s, and %s %s", steps->items[i].text, undoing->line, way->call,
			 undoing->call)
			->hint = arena_printf(arena, "%s; %s", undoing->hint, reason_hint);
}

void lint_undone(struct context *context, struct diagram *diagram, const struct policy *policy,
		 const struct phase *phase)
{
	const struct undone undone = { context, diagram, policy, phase };

	for (size_t i = 0; i < sizeof(undoings) / sizeof(undoings[0]); i++)
		lint_undoing(&undone, &undoings[i]);
}
