/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/paired.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* ---- the rule ---- */

static unsigned next_look(unsigned n)
{
	return n + (n + 1) / 2;
}

struct paired_rule paired_rule(unsigned cap, size_t ops)
{
	struct paired_rule r = { .first = PAIRS_MIN, .cap = cap ? cap : PAIRS_DEFAULT };
	unsigned n;

	/* The least p of n pairs is 2^(1 - n); what cannot survive Holm's correction is no look. */
	while (ldexp((double)(ops ? ops : 1), 1 - (int)r.first) > PAIRED_FIRST / 2)
		r.first++;
	if (r.cap > PAIRS_MAX)
		r.cap = PAIRS_MAX;
	if (r.first > r.cap)
		r.first = r.cap;
	for (n = r.first, r.looks = 1; n < r.cap; r.looks++)
		n = next_look(n);
	return r;
}

unsigned paired_look_at(const struct paired_rule *r, unsigned look)
{
	unsigned n = r->first;

	if (look + 1 >= r->looks)
		return r->cap;
	while (look--)
		n = next_look(n);
	return n;
}

double paired_alpha(const struct paired_rule *r, unsigned look)
{
	if (r->looks == 1)
		return PAIRED_ALPHA;
	return look == 0 ? PAIRED_FIRST : (PAIRED_ALPHA - PAIRED_FIRST) / (r->looks - 1);
}

unsigned paired_look_of(const struct paired_rule *r, unsigned n)
{
	unsigned look = 0;

	while (look + 1 < r->looks && paired_look_at(r, look) < n)
		look++;
	return look;
}

/* ---- signed ranks ---- */

/*
 * The distribution of the sum of those (n) ranks whose sign is positive, every choice of signs equally likely: in
 * (out)[s] the probability of the sum s, up to (sum). Ranks are whole numbers.
 */
static double *sign_distribution(const uint32_t *rank, size_t n, uint32_t *sum)
{
	uint32_t all = 0, s;
	double *p;
	size_t i;

	for (i = 0; i < n; i++)
		all += rank[i];
	p = calloc((size_t)all + 1, sizeof(*p));
	if (!p)
		return NULL;
	p[0] = 1;
	*sum = 0;
	for (i = 0; i < n; i++) {
		*sum += rank[i];
		for (s = *sum + 1; s-- > 0;)
			p[s] = (p[s] + (s >= rank[i] ? p[s - rank[i]] : 0)) / 2;
	}
	return p;
}

static int by_size(const void *a, const void *b)
{
	double x = fabs(*(const double *)a), y = fabs(*(const double *)b);

	return (x > y) - (x < y);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Twice the middle rank of each, so that those of ties are whole numbers. (v) is sorted by size and has no 0. */
static void ranks_fill(const double *v, size_t n, uint32_t *rank)
{
	size_t i, j, k;

	for (i = 0; i < n; i = j) {
		for (j = i + 1; j < n && fabs(v[j]) == fabs(v[i]); j++)
			;
		for (k = i; k < j; k++)
			rank[k] = (uint32_t)(i + 1 + j);
	}
}

/* What is exactly equal says nothing of a direction and is left out, as Wilcoxon did. (v) is reordered. */
static int signed_rank_p(double *v, size_t n, double *out)
{
	uint32_t *rank = calloc(n + 1, sizeof(*rank)), sum, plus = 0, s, least;
	size_t i, zeros = 0;
	double *p, tail = 0;

	*out = 1;
	if (!rank)
		return -ENOMEM;
	qsort(v, n, sizeof(*v), by_size);
	while (zeros < n && v[zeros] == 0)
		zeros++;
	v += zeros;
	n -= zeros;
	ranks_fill(v, n, rank);
	p = sign_distribution(rank, n, &sum);
	if (!p) {
		free(rank);
		return -ENOMEM;
	}
	for (i = 0; i < n; i++)
		plus += v[i] > 0 ? rank[i] : 0;
	least = plus < sum - plus ? plus : sum - plus;
	for (s = 0; s <= least; s++)
		tail += p[s];
	*out = fmin(1, 2 * tail);
	free(p);
	free(rank);
	return 0;
}

/* How many of the least (and of the greatest) Walsh averages are outside the interval; 0: there is no interval. */
static int walsh_depth(size_t n, double alpha, size_t *out)
{
	uint32_t *rank = calloc(n + 1, sizeof(*rank)), sum;
	double *p, tail = 0;
	size_t i;

	*out = 0;
	if (!rank)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		rank[i] = (uint32_t)i + 1;
	p = sign_distribution(rank, n, &sum);
	free(rank);
	if (!p)
		return -ENOMEM;
	while (*out < sum && 2 * (tail + p[*out]) <= alpha)
		tail += p[(*out)++];
	free(p);
	return 0;
}

/* Averages of all pairs of values, each with itself too: their median is Hodges and Lehmann's estimate. */
static double *walsh_averages(const double *v, size_t n, size_t *count)
{
	double *w = malloc((n * (n + 1) / 2 + 1) * sizeof(*w));
	size_t i, j;

	*count = 0;
	if (!w)
		return NULL;
	for (i = 0; i < n; i++)
		for (j = i; j < n; j++)
			w[(*count)++] = (v[i] + v[j]) / 2;
	qsort(w, *count, sizeof(*w), by_value);
	return w;
}

int paired_estimate(struct paired *out, double *v, size_t n, double alpha)
{
	size_t depth = 0, count;
	double *w;

	*out = (struct paired){ n, NAN, NAN, NAN, NAN, 1 };
	if (!n || n > PAIRS_MAX)
		return 0;
	w = walsh_averages(v, n, &count);
	if (!w || walsh_depth(n, alpha, &depth) < 0 || signed_rank_p(v, n, &out->p) < 0) {
		free(w);
		return -ENOMEM;
	}
	out->ratio = exp(count % 2 ? w[count / 2] : (w[count / 2 - 1] + w[count / 2]) / 2);
	if (depth) {
		out->lo = exp(w[depth - 1]);
		out->hi = exp(w[count - depth]);
		out->half_width = (w[count - depth] - w[depth - 1]) / 2;
	}
	free(w);
	qsort(v, n, sizeof(*v), by_value);
	return 0;
}
