/* bench.h - time, and medians of rounds that take turns.
 *
 * What it is: what every measurement here shares. Rounds take turns so that what else the machine
 * does hits all rows alike; a ratio is of medians of one run.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS_MAX = 1001 };

struct row {
	const char *name;
	double times[ROUNDS_MAX]; /* in seconds */
	int count;
};

static inline double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static inline void add_time(struct row *row, double seconds)
{
	if (row->count < ROUNDS_MAX)
		row->times[row->count++] = seconds;
}

static inline int compare_times(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static inline double median(struct row *row)
{
	qsort(row->times, (size_t)row->count, sizeof(row->times[0]), compare_times);
	return row->times[row->count / 2];
}

/* The last row is what the others are compared with. */
static inline void print_rows(struct row *rows, int count, double unit, const char *unit_name)
{
	double base = median(&rows[count - 1]);

	for (int i = 0; i < count; i++)
		printf("  %-46s %9.3f %s   x %.2f\n", rows[i].name, median(&rows[i]) * unit,
		       unit_name, median(&rows[i]) / base);
}

#endif
