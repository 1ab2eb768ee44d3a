/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * raw.h - an even selection of a launch's samples, in their order, in bounded memory. Pure. Only bench/ and its tests
 * include this.
 */
#ifndef VTSCOPE_BENCH_RAW_H
#define VTSCOPE_BENCH_RAW_H

#include <stdint.h>

/* Samples number 0, every, 2 * every ... of those that were added; all zero: keeps none. */
struct raw {
	double *value;		/* owned */
	uint32_t n, cap, every;
	uint64_t seen;
};

int raw_init(struct raw *r, uint32_t cap);	/* (cap): at least 2. 0 or -ENOMEM */
void raw_free(struct raw *r);
void raw_reset(struct raw *r);			/* empty again, keeps the memory */
void raw_add(struct raw *r, double value);

#endif
