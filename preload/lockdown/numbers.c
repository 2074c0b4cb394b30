/* numbers.c - see numbers.h. */
#include "lockdown/numbers.h"

#include <stdint.h>
#include <unistd.h>

#include "raw.h"

/* What getdents64(2) fills; libc's struct dirent has the same layout but not the name. */
struct entry {
	uint64_t inode;
	int64_t offset;
	uint16_t size;
	uint8_t type;
	char name[];
};

static char entries[4096] __attribute__((aligned(8)));

void numbers_rewind(struct numbers *list)
{
	raw(lseek, list->directory, 0, SEEK_SET);
	list->at = list->end = 0;
	list->error = 0;
}

int numbers_next(struct numbers *list)
{
	for (;;) {
		const struct entry *entry;
		const char *c;
		int number = 0;

		if (list->at >= list->end) {
			long n = raw(getdents64, list->directory, entries, sizeof(entries));

			list->error = n < 0 ? n : 0;
			if (n <= 0)
				return -1;
			list->at = 0;
			list->end = (int)n;
		}
		entry = (const struct entry *)(entries + list->at);
		list->at += entry->size;
		for (c = entry->name; *c >= '0' && *c <= '9'; c++)
			number = number * 10 + (*c - '0');
		if (c != entry->name && !*c)
			return number;
	}
}
