/* chain.h - conditions to classic BPF.
 *
 * What it is: code for one call's conditions, as jumps between comparisons of 32-bit halves.
 * What it must not do: know calls or policies. verify.c judges what comes out.
 *
 * Code is written from its end to its beginning: a jump goes forward only, so its targets are
 * there already and their distance is known. A position counts instructions from the end.
 */
#ifndef CHAIN_H
#define CHAIN_H

#include "policy.h"

#include <linux/filter.h>

struct chain {
	struct sock_filter code[BPF_MAXINSNS]; /* the last `used` ones */
	size_t used;
	bool full; /* more than the kernel takes: what is there must not be used */
};

/* Both return the position of the first instruction. */
size_t chain_return(struct chain *chain, uint32_t value);
size_t chain_condition(struct chain *chain, const struct condition *condition, size_t yes,
		       size_t no);

static inline const struct sock_filter *chain_code(const struct chain *chain)
{
	return chain->code + BPF_MAXINSNS - chain->used;
}

#endif
