/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/histogram.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SUB_BITS	10	/* 1024 buckets an octave above the exact part */
#define EXACT		(2u << SUB_BITS)
#define OCTAVES		(42 - SUB_BITS - 1)
#define BUCKETS		(EXACT + ((size_t)OCTAVES << SUB_BITS))

static size_t bucket_of(uint64_t value)
{
	unsigned shift;

	if (value < EXACT)
		return value;
	shift = 63 - __builtin_clzll(value) - SUB_BITS;
	return ((size_t)shift << SUB_BITS) + (value >> shift);
}

static double bucket_middle(size_t i)
{
	unsigned shift;

	if (i < EXACT)
		return (double)i;
	shift = (i >> SUB_BITS) - 1;
	return ldexp((double)((i & ((1u << SUB_BITS) - 1)) + (1u << SUB_BITS)) + 0.5, shift) - 0.5;
}

int histogram_init(struct histogram *h)
{
	memset(h, 0, sizeof(*h));
	h->count = calloc(BUCKETS, sizeof(*h->count));
	return h->count ? 0 : -ENOMEM;
}

void histogram_free(struct histogram *h)
{
	free(h->count);
	memset(h, 0, sizeof(*h));
}

/* Buckets from the first to behind the last in use: all walks stay inside, so that untouched pages stay untouched. */
static void span(const struct histogram *h, size_t *from, size_t *to)
{
	*from = *to = 0;
	if (h->n == h->overflow)
		return;
	*from = bucket_of(h->min);
	*to = h->max < HISTOGRAM_MAX ? bucket_of(h->max) + 1 : BUCKETS;
}

void histogram_reset(struct histogram *h)
{
	uint64_t *count = h->count;
	size_t from, to;

	span(h, &from, &to);
	memset(count + from, 0, (to - from) * sizeof(*count));
	memset(h, 0, sizeof(*h));
	h->count = count;
}

void histogram_add(struct histogram *h, uint64_t value)
{
	if (!h->n || value < h->min)
		h->min = value;
	if (!h->n || value > h->max)
		h->max = value;
	h->n++;
	h->sum += (double)value;
	if (value < HISTOGRAM_MAX)
		h->count[bucket_of(value)]++;
	else
		h->overflow++;
}

void histogram_merge(struct histogram *to, const struct histogram *from)
{
	size_t i, end;

	if (!from->n)
		return;
	for (span(from, &i, &end); i < end; i++)
		to->count[i] += from->count[i];
	if (!to->n || from->min < to->min)
		to->min = from->min;
	if (!to->n || from->max > to->max)
		to->max = from->max;
	to->n += from->n;
	to->overflow += from->overflow;
	to->sum += from->sum;
}

static double clamped(const struct histogram *h, double value)
{
	if (value < (double)h->min)
		return (double)h->min;
	return value > (double)h->max ? (double)h->max : value;
}

double histogram_quantile(const struct histogram *h, double q)
{
	uint64_t rank, seen = 0;
	size_t i, end;

	if (!h->n)
		return NAN;
	rank = q <= 0 ? 1 : (uint64_t)ceil(q * (double)h->n);
	if (rank >= h->n)
		return (double)h->max;
	if (rank <= 1)
		return (double)h->min;
	for (span(h, &i, &end); i < end; i++) {
		seen += h->count[i];
		if (seen >= rank)
			return clamped(h, bucket_middle(i));
	}
	return (double)h->max;	/* among the overflow, of which only the maximum is kept */
}

double histogram_mean(const struct histogram *h)
{
	return h->n ? h->sum / (double)h->n : NAN;
}

/*
 * Two cursors walk outwards from the centre, always taking the nearer bucket: deviations come in ascending order
 * without a copy of the counts.
 */
double histogram_mad(const struct histogram *h, double centre)
{
	uint64_t rank = (h->n + 1) / 2, seen = 0;
	size_t first, end, up, down;	/* next bucket above; one past the next bucket below */

	if (!h->n || isnan(centre))
		return NAN;
	span(h, &first, &end);
	for (up = first; up < end && clamped(h, bucket_middle(up)) < centre; up++)
		;
	down = up;
	while (down > first || up < end) {
		double below = down > first ? centre - clamped(h, bucket_middle(down - 1)) : INFINITY;
		double above = up < end ? clamped(h, bucket_middle(up)) - centre : INFINITY;

		seen += below <= above ? h->count[--down] : h->count[up++];
		if (seen >= rank)
			return below <= above ? below : above;
	}
	return (double)h->max - centre;
}

void histogram_walk(const struct histogram *h, void (*fn)(void *ctx, double value, uint64_t count), void *ctx)
{
	size_t i, end;

	for (span(h, &i, &end); i < end; i++)
		if (h->count[i])
			fn(ctx, clamped(h, bucket_middle(i)), h->count[i]);
}
