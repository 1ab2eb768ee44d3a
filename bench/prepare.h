/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * prepare.h - what rows find in guest memory, made by the host: a guest kernel under a software KVM would need
 * minutes for it. Only bench/ and its tests include this.
 */
#ifndef VTSCOPE_BENCH_PREPARE_H
#define VTSCOPE_BENCH_PREPARE_H

#include <stddef.h>
#include <stdint.h>

#include "minivmm/guest_abi.h"

struct arena {
	const struct guest_row *rows;	/* borrowed: of the launch */
	uint32_t n;
	uint64_t seed;
	uint32_t *scratch;		/* owned; room for the longest chain of (rows) */
};

/* Takes the memory that arena_prepare() needs: it is called where nothing may fail. 0 or -ENOMEM. */
int arena_init(struct arena *a, const struct guest_row *rows, uint32_t n, uint64_t seed);
void arena_free(struct arena *a);

/*
 * launch.prepare, (ctx) is a struct arena: page tables and, once for each piece that rows of the launch use, a chain
 * (one cycle over all nodes, in an order given by the seed) or copy buffers; guest_abi.h has the layout.
 */
void arena_prepare(void *ctx, unsigned char *mem, uint64_t mem_bytes);

#endif
