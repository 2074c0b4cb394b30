/* news.h - the file that the library in every process appends its events to.
 *
 * What it is: a directory of its own with one file, read as it grows. Appending neither blocks nor
 * tears a line nor drops one, however many processes do it at once.
 * What it must not do: be readable by others than us: they may only append, for programs that
 * changed their user do, too. Take away what another run still uses: whoever does holds flock(2) on
 * it, by the description `end`, which programs are given and the keeper keeps.
 */
#ifndef NEWS_H
#define NEWS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum { NEWS_COPIES = 2 };

struct news {
	char directory[4096];
	char path[4096 + 16];
	int file;		      /* -1: none */
	int end;		      /* the same, to append to; locked */
	int watch;		      /* becomes readable when the file grows */
	int copies[NEWS_COPIES];      /* what is appended goes there, too; -1: nowhere */
	int copy_errors[NEWS_COPIES]; /* why no more goes there; 0: all did */
	char *rest;
	size_t length, room; /* of `rest`: a line that is not whole yet */
};

/* False: `*why`, and nothing is left behind. Copies may be NULL. */
bool news_open(struct news *news, const char *const copies[NEWS_COPIES], const char **why);

/* Takes what is new, line by line. */
void news_read(struct news *news, void (*take)(void *argument, const json_t *event),
	       void *argument);

void news_close(struct news *news);

#endif
