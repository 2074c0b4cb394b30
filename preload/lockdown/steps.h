/* steps.h - what came of the steps of a lock, for its report. See steps.c. */
#ifndef STEPS_H
#define STEPS_H

#include <stdbool.h>
#include <stdint.h>

struct policyc_phase;
struct report_lock;

/* hook: nothing is done yet. */
void steps_begin(void);

/* hook: this step, or part of one, took effect. The name lives as long as the process. */
void step_done(const char *name);

/* hook: the kernel cannot do it. Returns when the policy marks it optional, and the report will say
 * so; else ends the process: "cannot NAME: ERRNO: REMEDY". */
void step_failed(const char *name, bool optional, long error, const char *remedy);

/* hook: notes every step of the phase as if it were done: for a dry run. */
void steps_pretend(const struct policyc_phase *phase);

/* hook: has an optional step been left out? */
bool steps_left_out(void);

/* hook: fills in the steps of the report. */
void steps_report(struct report_lock *lock);

/* any: the name of the first of these steps (enum policyc_step). */
const char *steps_first_name(uint32_t bits);

/* any: "detach net" of CLONE_NEWNET; NULL: no namespace has that flag. */
const char *namespace_name(uint64_t flag);

#endif
