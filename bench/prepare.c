/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/prepare.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bench/op.h"
#include "bench/random.h"

#define PAGE_BYTES 4096u

static bool is_chain(const struct guest_row *row)
{
	return row->op < n_ops && ops[row->op].wants & OPF_CHAIN;
}

int arena_init(struct arena *a, const struct guest_row *rows, uint32_t n, uint64_t seed)
{
	uint64_t longest = 1;
	uint32_t i;

	for (i = 0; i < n; i++)
		if (is_chain(&rows[i]) && rows[i].arg[1] / GUEST_CHAIN_STRIDE > longest)
			longest = rows[i].arg[1] / GUEST_CHAIN_STRIDE;
	*a = (struct arena){ .rows = rows, .n = n, .seed = seed, .scratch = calloc(longest, sizeof(*a->scratch)) };
	return a->scratch ? 0 : -ENOMEM;
}

void arena_free(struct arena *a)
{
	free(a->scratch);
	a->scratch = NULL;
}

/*
 * Sattolo's shuffle makes a permutation of one cycle. It is made in (next), which fits a cache, and written out in
 * order: shuffling the piece itself would miss once a node.
 */
static void chain_write(unsigned char *piece, uint64_t bytes, struct random *r, uint32_t *next)
{
	uint64_t n = bytes / GUEST_CHAIN_STRIDE, i;

	for (i = 0; i < n; i++)
		next[i] = (uint32_t)i;
	for (i = n; i-- > 1;) {
		uint32_t j = random_below(r, i), swap = next[i];

		next[i] = next[j];
		next[j] = swap;
	}
	for (i = 0; i < n; i++) {
		uint64_t to = (uint64_t)next[i] * GUEST_CHAIN_STRIDE;

		memcpy(piece + i * GUEST_CHAIN_STRIDE, &to, sizeof(to));
	}
}

static void page_tables_write(unsigned char *mem)
{
	uint64_t i;

	for (i = 0; i < GUEST_ARENA_BYTES / PAGE_BYTES; i++) {
		uint64_t entry = (GUEST_ARENA_PHYS + i * PAGE_BYTES) | GUEST_ARENA_PTE;

		memcpy(mem + GUEST_ARENA_PT_PHYS + i * sizeof(entry), &entry, sizeof(entry));
	}
}

/* Does a row before (k) use the same piece? */
static bool piece_is_done(const struct arena *a, uint32_t k)
{
	uint32_t i;

	for (i = 0; i < k; i++)
		if (!memcmp(a->rows[i].arg, a->rows[k].arg, sizeof(a->rows[k].arg)))
			return true;
	return false;
}

void arena_prepare(void *ctx, unsigned char *mem, uint64_t mem_bytes)
{
	struct arena *a = ctx;
	struct random r = { a->seed };
	uint32_t i;

	if (mem_bytes < GUEST_ARENA_PHYS + GUEST_ARENA_BYTES)
		return;		/* not a launch of the runner: the engine gives that GUEST_MEM_BYTES */
	page_tables_write(mem);
	for (i = 0; i < a->n; i++) {
		uint64_t offset = a->rows[i].arg[0], bytes = a->rows[i].arg[1];

		if (!bytes || offset > GUEST_ARENA_BYTES || bytes > GUEST_ARENA_BYTES - offset || piece_is_done(a, i))
			continue;
		if (is_chain(&a->rows[i]))
			chain_write(mem + GUEST_ARENA_PHYS + offset, bytes, &r, a->scratch);
		else
			memset(mem + GUEST_ARENA_PHYS + offset, 0x5a, bytes);
	}
}
