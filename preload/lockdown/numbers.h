/* numbers.h - a directory of /proc whose entries are numbers: task (threads), fd (descriptors).
 *
 * Contract: hook. One walk at a time in the process (a static buffer): the thread that locks.
 */
#ifndef NUMBERS_H
#define NUMBERS_H

/* A walk over the directory; set .directory, the rest is private. */
struct numbers {
	int directory;
	int at;
	int end;
	long error; /* the negative errno that ended the walk; 0: its end did */
};

/* Begins from the start. */
void numbers_rewind(struct numbers *list);

/* The next number, -1 at the end or when the directory cannot be read. */
int numbers_next(struct numbers *list);

#endif
