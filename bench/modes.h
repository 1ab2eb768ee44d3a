/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * modes.h - the peaks of a distribution: does an operation have one cost, or two. Pure. bench/ and report/ include this.
 */
#ifndef VTSCOPE_BENCH_MODES_H
#define VTSCOPE_BENCH_MODES_H

#include "bench/result.h"

#define MODES_MOST	16
#define MODES_SAMPLES	100	/* fewer have no shape to speak of */
#define MODES_SHARE	0.05	/* a peak holds at least that much */

struct mode { double value, share; };	/* the median of what belongs to it, and how much of all that is */

/*
 * Peaks of (n) buckets in ascending order that hold MODES_SHARE at least, in ascending order, into (out). Values count by
 * their logarithms: two levels 5 % apart are two at 100 ticks and at 100,000. 0 with fewer than MODES_SAMPLES samples, or
 * without memory.
 */
size_t modes_find(const struct bucket *bucket, size_t n, struct mode out[MODES_MOST]);

#endif
