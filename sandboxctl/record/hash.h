/* hash.h - numbers and texts to the place in a hash table. Not for secrets: who knows it can make
 * them meet. */
#ifndef HASH_H
#define HASH_H

#include <stdint.h>

static inline uint64_t hash_number(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15ull;
	return hash ^ (hash >> 29);
}

static inline uint64_t hash_text(uint64_t hash, const char *text)
{
	for (; *text; text++)
		hash = hash_number(hash, (unsigned char)*text);
	return hash_number(hash, 0);
}

#endif
