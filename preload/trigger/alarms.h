/* alarms.h - signals that are triggers, and the timers of deadlines. See alarms.c. */
#ifndef ALARMS_H
#define ALARMS_H

#include <stdbool.h>
#include <stdint.h>

/* load: phase `phase` (an index) begins when `signal` is delivered. */
void alarms_want_signal(unsigned phase, int signal);

/* load: phase `phase` has a deadline in so many milliseconds. */
void alarms_want_deadline(unsigned phase, uint32_t milliseconds);

/* load: takes the signals and starts the timers that were asked for. */
void alarms_arm(void);

/* hook, signal: true once, when the deadline of the phase is over. */
bool alarms_over(unsigned phase);

/* hook, before the lock, all other threads held: gives back what none of the phases in
 * `still_armed` wants. */
void alarms_drop(uint32_t still_armed);

#endif
