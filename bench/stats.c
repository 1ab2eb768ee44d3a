/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/stats.h"

#include <math.h>
#include <stdlib.h>

#define GAP_SHARE	0.6	/* of the interval: two heaps, not one */
#define COVERS_ENOUGH	0.934	/* of order statistics that are taken as they are */

#define LOOK_LEAST	12	/* launches that are judged */
#define LOOK_GROWS	1.5
#define LOOK_RESERVE	1.1
#define LOOK_MOST	1e6

static int double_order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double stats_median(double *v, size_t n)
{
	if (!n)
		return NAN;
	qsort(v, n, sizeof(*v), double_order);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

/* P(B = k), B binomial (n, 1/2). */
static double binomial_half(size_t n, size_t k)
{
	return exp(lgamma((double)n + 1) - lgamma((double)k + 1) - lgamma((double)(n - k) + 1) -
		   (double)n * M_LN2);
}

/*
 * One end of the interval, between the order statistics that cover too much (outer) and too little (inner). Where the two
 * have a gap between them that makes up most of the interval, the values lie in two heaps, and a point in the gap stands
 * for none: the inner one is taken where it covers enough by itself, else the outer.
 */
static double between_statistics(double outer, double inner, double lambda, double width, bool inner_suffices)
{
	if (fabs(inner - outer) > GAP_SHARE * width)
		return inner_suffices ? inner : outer;
	return (1 - lambda) * outer + lambda * inner;
}

bool stats_median_ci95(double *v, size_t n, double *lo, double *hi)
{
	double cover, next = 1, share, lambda, dn = (double)n, dd, width;
	size_t d = 0;

	if (n < 6)
		return false;
	qsort(v, n, sizeof(*v), double_order);
	/* The interval from the d-th smallest to the d-th largest covers with 1 - 2 P(B < d): the last d that suffices. */
	do {
		cover = next;
		next = cover - 2 * binomial_half(n, d);
		d++;
	} while (next >= 0.95);
	d--;
	/* Between depth d (covers too much) and d + 1 (too little), by Hettmansperger and Sheather's weight. */
	dd = (double)d;
	share = (cover - 0.95) / (cover - next);
	lambda = (dn - dd) * share / (dd + (dn - 2 * dd) * share);
	width = v[n - d] - v[d - 1];
	*lo = between_statistics(v[d - 1], v[d], lambda, width, next >= COVERS_ENOUGH);
	*hi = between_statistics(v[n - d], v[n - d - 1], lambda, width, next >= COVERS_ENOUGH);
	return true;
}

size_t stats_next_look(size_t n, double wide)
{
	double dn = (double)n, expected = LOOK_RESERVE * dn * wide * wide;

	expected = fmax(fmax(expected, LOOK_GROWS * dn), LOOK_LEAST);
	return (size_t)ceil(fmin(expected, LOOK_MOST));
}
