/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/modes.h"

#include <math.h>
#include <stdlib.h>

#define CELLS_MOST	8192
#define CELLS_A_WIDTH	4.0
#define WIDTH_LEAST	0.02	/* of the smoothing, as a logarithm: what is nearer than that is one peak */
#define WIDTH_MOST	0.05
#define COMB_SHARE	0.01	/* of all samples, that makes a bucket a tooth of the clock's comb */
#define VALLEY		0.5	/* of the lower peak beside it: a deeper one divides them */
#define REACH		3	/* widths that smoothing looks to either side */
#define REACH_CELLS	12	/* REACH * CELLS_A_WIDTH */

struct density {
	double *raw, *smooth;	/* samples a cell; owned, one allocation */
	size_t n;
	double low, step;	/* logarithms */
};

static double samples_of(const struct bucket *b, size_t n)
{
	double all = 0;

	for (size_t i = 0; i < n; i++)
		all += b[i].value > 0 ? b[i].count : 0;
	return all;
}

/* A clock that counts in steps of 30 makes a comb out of one peak: the smoothing must be as wide as its teeth are apart. */
static double width_find(const struct bucket *b, size_t n, double all)
{
	double least = WIDTH_MOST, before = NAN;

	for (size_t i = 0; i < n; i++) {
		if (!(b[i].value > 0) || b[i].count < COMB_SHARE * all)
			continue;
		if (!isnan(before))
			least = fmin(least, log(b[i].value / before));
		before = b[i].value;
	}
	return fmax(least, WIDTH_LEAST);
}

static void smooth(struct density *d, double width)
{
	double weight[REACH_CELLS + 1];
	size_t reach = (size_t)ceil(REACH * width / d->step);

	reach = reach < REACH_CELLS ? reach : REACH_CELLS;
	for (size_t k = 0; k <= reach; k++)
		weight[k] = exp(-pow((double)k * d->step / width, 2) / 2);
	for (size_t i = 0; i < d->n; i++) {
		size_t from = i > reach ? i - reach : 0, to = i + reach < d->n ? i + reach : d->n - 1;

		for (size_t k = from; d->raw[i] > 0 && k <= to; k++)
			d->smooth[k] += d->raw[i] * weight[k > i ? k - i : i - k];
	}
}

static bool density_make(struct density *d, const struct bucket *b, size_t n, double width)
{
	size_t first = 0;
	double range;

	while (first < n && !(b[first].value > 0))
		first++;
	d->low = log(b[first].value);
	range = log(b[n - 1].value) - d->low;
	d->step = fmax(width / CELLS_A_WIDTH, range / (CELLS_MOST - 1));
	if (!isfinite(range) || !(d->step > 0))
		return false;
	d->n = (size_t)(range / d->step) + 1;
	d->raw = calloc(2 * d->n, sizeof(*d->raw));
	if (!d->raw)
		return false;
	d->smooth = d->raw + d->n;
	for (size_t i = first; i < n; i++) {
		size_t at = (size_t)((log(b[i].value) - d->low) / d->step);

		d->raw[at < d->n ? at : d->n - 1] += b[i].count;
	}
	smooth(d, width);
	return true;
}

/* Ends of the peaks: [end[i - 1], end[i]) is one. A valley that is not deep belongs to both its sides, which are one. */
static size_t peaks_divide(const struct density *d, size_t end[MODES_MOST])
{
	double peak = 0, valley = INFINITY;
	size_t n = 0, valley_at = 0;

	for (size_t i = 0; i < d->n; i++) {
		double v = d->smooth[i];

		if (v < valley) {
			valley = v;
			valley_at = i;
		}
		if (valley < VALLEY * fmin(peak, v) && n < MODES_MOST - 1) {
			end[n++] = valley_at;
			peak = v;
			valley = v;
			valley_at = i;
		} else if (v >= peak) {
			peak = v;
			valley = v;
			valley_at = i;
		}
	}
	end[n++] = d->n;
	return n;
}

/* The median of the samples whose cells are [from, to), and their number. */
static double part_median(const struct bucket *b, size_t n, const struct density *d, size_t from, size_t to, double *held)
{
	double half, value = NAN;

	*held = 0;
	for (size_t i = from; i < to; i++)
		*held += d->raw[i];
	half = *held / 2;
	for (size_t i = 0; i < n; i++) {
		size_t at;

		if (!(b[i].value > 0))
			continue;
		at = (size_t)((log(b[i].value) - d->low) / d->step);
		at = at < d->n ? at : d->n - 1;
		if (at < from || at >= to)
			continue;
		value = b[i].value;
		half -= b[i].count;
		if (half <= 0)
			break;
	}
	return value;
}

size_t modes_find(const struct bucket *bucket, size_t n, struct mode out[MODES_MOST])
{
	double all = samples_of(bucket, n), held;
	size_t end[MODES_MOST], peaks, from = 0, found = 0;
	struct density d;

	if (!(all >= MODES_SAMPLES) || !isfinite(all) || !density_make(&d, bucket, n, width_find(bucket, n, all)))
		return 0;
	peaks = peaks_divide(&d, end);
	for (size_t i = 0; i < peaks; i++) {
		double value = part_median(bucket, n, &d, from, end[i], &held);

		if (held >= MODES_SHARE * all)
			out[found++] = (struct mode){ value, held / all };
		from = end[i];
	}
	free(d.raw);
	return found;
}
