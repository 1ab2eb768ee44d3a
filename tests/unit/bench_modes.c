/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Peaks of made distributions: as many as were put in, where they were put, as heavy as they were made. */
#include <math.h>
#include <string.h>

#include "bench/histogram.h"
#include "bench/modes.h"
#include "bench/random.h"
#include "tests/unit/tap.h"

#define BUCKETS	100000

static struct random source;
static struct bucket bucket[BUCKETS];
static size_t n_buckets;

static double uniform(void)
{
	return ((double)(random_next(&source) >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(void)
{
	double radius = sqrt(-2 * log(uniform()));

	return radius * cos(2 * M_PI * uniform());
}

static void keep(void *ctx, double value, uint64_t count)
{
	(void)ctx;
	bucket[n_buckets++] = (struct bucket){ value, (double)count };
}

struct heap { double at, spread, weight; };

/* (samples) of the heaps, in steps of (comb) ticks as a slow clock gives them; a share of (tail) is far above. */
static size_t peaks(const struct heap *heap, size_t n, unsigned samples, double comb, double tail, struct mode *out)
{
	struct histogram h;

	CU_ASSERT_FATAL(histogram_init(&h) == 0);
	source.state = 77 + samples;
	for (unsigned i = 0; i < samples; i++) {
		double u = uniform(), v;
		size_t k = 0;

		while (k + 1 < n && u > heap[k].weight)
			u -= heap[k++].weight;
		v = heap[k].at * exp(heap[k].spread * normal());
		if (uniform() < tail)
			v *= 3 + 1 / uniform();
		histogram_add(&h, (uint64_t)(comb * rint(v / comb)));
	}
	n_buckets = 0;
	histogram_walk(&h, keep, NULL);
	histogram_free(&h);
	return modes_find(bucket, n_buckets, out);
}

static void test_one(void)
{
	static const struct heap one[] = { { 1300, 0.03, 1 } }, needle[] = { { 1300, 0, 1 } }, wide[] = { { 1300, 0.3, 1 } };
	static const unsigned samples[] = { 100, 1000, 100000 };
	struct mode m[MODES_MOST];

	for (unsigned i = 0; i < 3; i++) {
		CU_ASSERT(peaks(one, 1, samples[i], 1, 0.01, m) == 1 && fabs(m[0].value - 1300) < 20);
		CU_ASSERT(peaks(one, 1, samples[i], 34, 0.02, m) == 1);
		CU_ASSERT(peaks(needle, 1, samples[i], 1, 0, m) == 1 && m[0].share == 1 && m[0].value == 1300);
	}
	CU_ASSERT(peaks(wide, 1, 100000, 1, 0.01, m) == 1);
}

static void test_two(void)
{
	static const struct heap two[] = { { 1300, 0.02, 0.7 }, { 1900, 0.03, 0.3 } };
	static const struct heap rare[] = { { 1300, 0.02, 0.97 }, { 1900, 0.03, 0.03 } };
	static const struct heap needles[] = { { 1000, 0, 0.5 }, { 2000, 0, 0.5 } };
	static const struct heap far[] = { { 90, 0.02, 0.2 }, { 4000, 0.05, 0.3 }, { 1e9, 0.02, 0.5 } };
	struct mode m[MODES_MOST];

	CU_ASSERT(peaks(two, 2, 5000, 1, 0.01, m) == 2);
	CU_ASSERT(fabs(m[0].value - 1300) < 20 && fabs(m[1].value - 1900) < 30);
	CU_ASSERT(fabs(m[0].share - 0.7) < 0.03 && fabs(m[1].share - 0.3) < 0.03);
	CU_ASSERT(peaks(rare, 2, 5000, 1, 0, m) == 1);		/* 3 % are no mode */
	CU_ASSERT(peaks(needles, 2, 1000, 1, 0, m) == 2);
	CU_ASSERT(peaks(far, 3, 5000, 1, 0, m) == 3);
}

static void test_odd(void)
{
	struct bucket b[3] = { { 0, 500 }, { 7, 100 }, { 1e300, 100 } };
	struct mode m[MODES_MOST];

	CU_ASSERT(modes_find(NULL, 0, m) == 0);
	CU_ASSERT(modes_find(b, 1, m) == 0);		/* nothing above zero */
	CU_ASSERT(modes_find(b, 3, m) == 2);
	b[1].count = b[2].count = 49;
	CU_ASSERT(modes_find(b, 3, m) == 0);		/* too few */
	b[0] = (struct bucket){ -5, 1e300 };
	b[1] = (struct bucket){ 1e-300, 1e300 };
	b[2] = (struct bucket){ 1e300, 1e300 };
	CU_ASSERT(modes_find(b, 3, m) == 2);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "one peak is one, needle, wide, on a slow clock, with a tail", test_one },
		{ "two and three, with their shares; 3 % are none", test_two },
		{ "few samples, zeros, numbers at the ends", test_odd },
		{ NULL, NULL },
	};

	return tap_run("modes", tests);
}
