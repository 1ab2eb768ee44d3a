/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * histogram.h - log-linear counts of 64-bit values to 3 significant digits, in bounded memory. Pure.
 *
 * Values below 2048 are exact; above, a bucket is at most 1/1024 of its value wide. Every uint64_t has a bucket up
 * to HISTOGRAM_MAX; larger ones are counted as overflow and keep only their maximum.
 */
#ifndef VTSCOPE_BENCH_HISTOGRAM_H
#define VTSCOPE_BENCH_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_MAX	(1ull << 42)

struct histogram {
	uint64_t *count;	/* owned, allocated whole at init */
	uint64_t n, overflow;
	uint64_t min, max;	/* exact; n > 0 */
	double sum;
};

int histogram_init(struct histogram *h);		/* 0 or -ENOMEM */
void histogram_free(struct histogram *h);
void histogram_add(struct histogram *h, uint64_t value);
void histogram_merge(struct histogram *to, const struct histogram *from);
/* The value at quantile (q) in 0..1 (nearest rank), the middle of its bucket, clamped to min and max; NAN when empty. */
double histogram_quantile(const struct histogram *h, double q);
double histogram_mean(const struct histogram *h);
/* Median absolute deviation from (centre). */
double histogram_mad(const struct histogram *h, double centre);
/* Calls (fn) with each non-empty bucket's middle value and its count, ascending; without the overflow. */
void histogram_walk(const struct histogram *h, void (*fn)(void *ctx, double value, uint64_t count), void *ctx);
void histogram_reset(struct histogram *h);		/* empty again, keeps the memory */

#endif
