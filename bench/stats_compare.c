/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two samples against each other: a test that needs no distribution, the interval of a ratio, Holm's correction. */
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bench/stats.h"

#define EXACT_RANKS	60	/* of both samples together: above it the normal distribution is as good */

struct ranked { double value; bool second; unsigned rank2; };

static int ranked_order(const void *a, const void *b)
{
	double x = ((const struct ranked *)a)->value, y = ((const struct ranked *)b)->value;

	return (x > y) - (x < y);
}

/* Twice the ranks, so that the middle of tied ranks is whole. The sum over ties of t^3 - t. */
static double ranks_give(struct ranked *r, size_t n)
{
	double ties = 0;
	size_t i, k;

	qsort(r, n, sizeof(*r), ranked_order);
	for (i = 0; i < n; i = k) {
		double t;

		for (k = i; k < n && r[k].value == r[i].value; k++)
			;
		t = (double)(k - i);
		ties += t * t * t - t;
		for (size_t j = i; j < k; j++)
			r[j].rank2 = (unsigned)(i + 1 + k);
	}
	return ties;
}

/* Of all ways to choose (n) of (total) ranks, the share whose sum is at least as far from the mean as (sum). */
static double share_beyond(const struct ranked *r, size_t total, size_t n, uint64_t sum)
{
	size_t width = 2 * total * n + 1, k, s;
	double *ways = calloc((n + 1) * width, sizeof(*ways)), all = 0, beyond = 0;
	double mean = (double)n * (double)(total + 1);		/* of twice the sum of ranks */

	if (!ways)
		return NAN;
	ways[0] = 1;
	for (size_t i = 0; i < total; i++)
		for (k = i + 1 < n ? i + 1 : n; k > 0; k--)
			for (s = r[i].rank2; s < width; s++)
				ways[k * width + s] += ways[(k - 1) * width + s - r[i].rank2];
	for (s = 0; s < width; s++) {
		double w = ways[n * width + s];

		all += w;
		if (fabs((double)s - mean) >= fabs((double)sum - mean))
			beyond += w;
	}
	free(ways);
	return fmin(1, beyond / all);
}

static double normal_beyond(size_t n, size_t m, double sum2, double ties)
{
	double dn = (double)n, dm = (double)m, total = dn + dm;
	double u = fabs(sum2 / 2 - dn * (total + 1) / 2) - 0.5;
	double variance = dn * dm / 12 * (total + 1 - ties / (total * (total - 1)));

	if (u <= 0 || variance <= 0)
		return 1;
	return erfc(u / sqrt(2 * variance));
}

static double rank_sum_p(const double *a, size_t n, const double *b, size_t m)
{
	struct ranked *r = calloc(n + m + 1, sizeof(*r));
	uint64_t sum = 0;
	double ties, p;
	size_t i;

	if (!r || !n || !m) {
		free(r);
		return NAN;
	}
	for (i = 0; i < n + m; i++)
		r[i] = (struct ranked){ .value = i < n ? a[i] : b[i - n], .second = i >= n };
	ties = ranks_give(r, n + m);
	for (i = 0; i < n + m; i++)
		if (!r[i].second)
			sum += r[i].rank2;
	p = n + m <= EXACT_RANKS ? share_beyond(r, n + m, n, sum) : normal_beyond(n, m, (double)sum, ties);
	free(r);
	return p;
}

double stats_rank_sum_p(const double *a, size_t n, const double *b, size_t m)
{
	/* The same by symmetry, and the sums of the smaller sample are fewer. */
	return n <= m ? rank_sum_p(a, n, b, m) : rank_sum_p(b, m, a, n);
}

bool stats_ratio_ci95(double *a, size_t n, double *b, size_t m, double *ratio, double *lo, double *hi)
{
	double a_lo, a_hi, b_lo, b_hi, a_mid = stats_median(a, n), b_mid = stats_median(b, m), mid;

	*ratio = b_mid / a_mid;
	*lo = *hi = NAN;
	/* Sorted now: the least must have a logarithm. */
	if (!stats_median_ci95(a, n, &a_lo, &a_hi) || !stats_median_ci95(b, m, &b_lo, &b_hi) || a[0] <= 0 || b[0] <= 0)
		return false;
	mid = log(b_mid / a_mid);
	*lo = exp(mid - hypot(log(b_mid / b_lo), log(a_hi / a_mid)));
	*hi = exp(mid + hypot(log(b_hi / b_mid), log(a_mid / a_lo)));
	return true;
}

struct ordered { double p; size_t at; };

static int p_order(const void *a, const void *b)
{
	double x = ((const struct ordered *)a)->p, y = ((const struct ordered *)b)->p;

	return (x > y) - (x < y);
}

int stats_holm(const double *p, size_t n, double *corrected)
{
	struct ordered *o = calloc(n + 1, sizeof(*o));
	double most = 0;
	size_t i, k = 0;

	if (!o)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		corrected[i] = NAN;
		if (!isnan(p[i]))
			o[k++] = (struct ordered){ p[i], i };
	}
	qsort(o, k, sizeof(*o), p_order);
	for (i = 0; i < k; i++) {
		most = fmax(most, fmin(1, o[i].p * (double)(k - i)));
		corrected[o[i].at] = most;
	}
	free(o);
	return 0;
}

double stats_normal_quantile(double p)
{
	double lo = -40, hi = 40;

	if (!(p > 0 && p < 1))
		return p >= 1 ? INFINITY : p <= 0 ? -INFINITY : NAN;
	while (hi - lo > 1e-12 * fmax(1, fabs(lo))) {
		double mid = (lo + hi) / 2;

		if (erfc(-mid / M_SQRT2) / 2 < p)
			lo = mid;
		else
			hi = mid;
		if (mid == lo && mid == hi)
			break;
	}
	return (lo + hi) / 2;
}

/* Abramowitz and Stegun 26.7.3 and 26.7.4. */
double stats_student_p(double t, unsigned freedom)
{
	double angle = atan(fabs(t) / sqrt(freedom)), c = cos(angle), term, sum = 0, within;

	if (freedom % 2) {
		term = c;
		for (unsigned k = 1; k + 2 <= freedom; k += 2) {
			sum += term;
			term *= c * c * (k + 1) / (k + 2);
		}
		within = M_2_PI * (angle + sin(angle) * sum);
	} else {
		term = 1;
		for (unsigned k = 0; k + 2 <= freedom; k += 2) {
			sum += term;
			term *= c * c * (k + 1) / (k + 2);
		}
		within = sin(angle) * sum;
	}
	return fmax(0, 1 - within);
}

double stats_student_95(unsigned freedom)
{
	double lo = 1, hi = 20;

	while (hi - lo > 1e-9) {
		double mid = (lo + hi) / 2;

		if (stats_student_p(mid, freedom) > 0.05)
			lo = mid;
		else
			hi = mid;
	}
	return (lo + hi) / 2;
}

unsigned stats_rank_sum_least(double p)
{
	unsigned n = 1;

	/* Two samples of n that do not overlap: 2 / C(2n, n). */
	while (n < 1000 && M_LN2 - lgamma(2.0 * n + 1) + 2 * lgamma(n + 1.0) > log(p))
		n++;
	return n;
}
