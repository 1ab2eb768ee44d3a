/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * random.h - the seeded generator behind orders and chains (splitmix64). Only bench/ includes this.
 *
 * The same seed gives the same run on every machine.
 */
#ifndef VTSCOPE_BENCH_RANDOM_H
#define VTSCOPE_BENCH_RANDOM_H

#include <stdint.h>

struct random { uint64_t state; };

static inline uint64_t random_next(struct random *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

/* 0 .. n - 1, for n up to 2^32: the bias is under n / 2^32 there. */
static inline uint32_t random_below(struct random *r, uint64_t n)
{
	return (uint32_t)((random_next(r) >> 32) * n >> 32);
}

#endif
