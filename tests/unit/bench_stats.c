/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Histograms and intervals against distributions whose answers are known. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <x86intrin.h>

#include "bench/histogram.h"
#include "bench/op.h"
#include "bench/run.h"
#include "bench/stats.h"
#include "tests/unit/tap.h"

/* xorshift64*: the same numbers on every machine. */
static uint64_t random_state;

static double uniform(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return ((double)(random_state * 0x2545f4914f6cdd1dull >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(void)
{
	double radius = sqrt(-2 * log(uniform()));

	return radius * cos(2 * M_PI * uniform());
}

static double log_normal(void) { return exp(normal()); }

static void check_near(double got, double want, double share)
{
	if (!(fabs(got - want) <= share * fabs(want)))
		tap_note("got %g, want %g within %g %%", got, want, share * 100);
	CU_ASSERT(fabs(got - want) <= share * fabs(want));
}

static void test_small_values_are_exact(void)
{
	struct histogram h;
	uint64_t v;

	CU_ASSERT_FATAL(histogram_init(&h) == 0);
	CU_ASSERT(isnan(histogram_quantile(&h, 0.5)));
	CU_ASSERT(isnan(histogram_mean(&h)));
	CU_ASSERT(isnan(histogram_mad(&h, 1)));
	for (v = 1; v <= 1000; v++)
		histogram_add(&h, 1001 - v);
	CU_ASSERT(histogram_quantile(&h, 0) == 1);
	CU_ASSERT(histogram_quantile(&h, 0.25) == 250);
	CU_ASSERT(histogram_quantile(&h, 0.5) == 500);
	CU_ASSERT(histogram_quantile(&h, 0.999) == 999);
	CU_ASSERT(histogram_quantile(&h, 1) == 1000);
	CU_ASSERT(histogram_mean(&h) == 500.5);
	CU_ASSERT(histogram_mad(&h, 500) == 250);
	histogram_reset(&h);
	CU_ASSERT(h.n == 0 && isnan(histogram_quantile(&h, 0.5)));
	histogram_add(&h, 7);
	CU_ASSERT(histogram_quantile(&h, 0.01) == 7 && histogram_quantile(&h, 0.99) == 7);
	CU_ASSERT(histogram_mad(&h, 7) == 0);
	histogram_free(&h);
}

/* Every magnitude and both sides of every power of two: one value between a smaller and a larger one. */
static void test_bucket_error(void)
{
	struct histogram h;
	unsigned bit;
	int side;

	CU_ASSERT_FATAL(histogram_init(&h) == 0);
	for (bit = 2; bit < 42; bit++)
		for (side = -1; side <= 1; side++) {
			uint64_t v = (1ull << bit) + (uint64_t)side;

			if (v >= HISTOGRAM_MAX - 1)
				continue;
			histogram_reset(&h);
			histogram_add(&h, 0);
			histogram_add(&h, v);
			histogram_add(&h, HISTOGRAM_MAX - 1);
			check_near(histogram_quantile(&h, 0.5), (double)v, 1.0 / 2048);
			if (v < 2048)
				CU_ASSERT(histogram_quantile(&h, 0.5) == (double)v);
			CU_ASSERT(h.overflow == 0);
		}
	histogram_free(&h);
}

static void test_overflow(void)
{
	struct histogram h;

	CU_ASSERT_FATAL(histogram_init(&h) == 0);
	histogram_add(&h, 10);
	histogram_add(&h, HISTOGRAM_MAX);
	histogram_add(&h, UINT64_MAX);
	CU_ASSERT(h.n == 3 && h.overflow == 2);
	CU_ASSERT(histogram_quantile(&h, 0.1) == 10);
	CU_ASSERT(histogram_quantile(&h, 0.9) == (double)UINT64_MAX);
	CU_ASSERT(h.min == 10 && h.max == UINT64_MAX);
	histogram_reset(&h);
	histogram_add(&h, UINT64_MAX);	/* nothing but overflow */
	CU_ASSERT(histogram_quantile(&h, 0.5) == (double)UINT64_MAX);
	histogram_free(&h);
}

struct walked { uint64_t n; double before; size_t buckets; };

static void walk(void *ctx, double value, uint64_t count)
{
	struct walked *w = ctx;

	CU_ASSERT(count > 0);
	CU_ASSERT(w->buckets == 0 || value > w->before);
	w->n += count;
	w->before = value;
	w->buckets++;
}

static void test_merge(void)
{
	struct histogram all, part[3];
	struct walked w = { 0 };
	unsigned i;

	random_state = 42;
	CU_ASSERT_FATAL(histogram_init(&all) == 0);
	for (i = 0; i < 3; i++)
		CU_ASSERT_FATAL(histogram_init(&part[i]) == 0);
	for (i = 0; i < 30000; i++) {
		uint64_t v = i % 1000 ? (uint64_t)(1e4 * log_normal()) : HISTOGRAM_MAX + i;

		histogram_add(&all, v);
		histogram_add(&part[1 + i % 2], v);
	}
	histogram_merge(&part[0], &part[1]);
	histogram_merge(&part[0], &part[2]);
	CU_ASSERT(part[0].n == all.n && part[0].overflow == all.overflow && all.overflow == 30);
	CU_ASSERT(part[0].min == all.min && part[0].max == all.max);
	CU_ASSERT(part[0].sum == all.sum);
	for (i = 0; i <= 100; i++)
		CU_ASSERT(histogram_quantile(&part[0], i / 100.0) == histogram_quantile(&all, i / 100.0));
	histogram_walk(&all, walk, &w);
	CU_ASSERT(w.n == all.n - all.overflow);
	histogram_free(&all);
	for (i = 0; i < 3; i++)
		histogram_free(&part[i]);
}

static void fill(struct histogram *h, unsigned n, double scale, double (*draw)(void))
{
	unsigned i;

	random_state = 20061021;
	histogram_reset(h);
	for (i = 0; i < n; i++)
		histogram_add(h, (uint64_t)(scale * draw()));
}

static double shifted_normal(void) { return 10 + normal(); }

static void test_known_distributions(void)
{
	struct histogram h;

	CU_ASSERT_FATAL(histogram_init(&h) == 0);
	fill(&h, 200000, 1e6, uniform);
	check_near(histogram_quantile(&h, 0.01), 1e4, 0.05);
	check_near(histogram_quantile(&h, 0.5), 5e5, 0.01);
	check_near(histogram_quantile(&h, 0.99), 9.9e5, 0.002);
	check_near(histogram_mean(&h), 5e5, 0.01);
	check_near(histogram_mad(&h, histogram_quantile(&h, 0.5)), 2.5e5, 0.01);
	fill(&h, 200000, 1e5, shifted_normal);
	check_near(histogram_quantile(&h, 0.5), 10e5, 0.002);
	check_near(histogram_quantile(&h, 0.999), 13.0902e5, 0.005);
	check_near(histogram_mad(&h, histogram_quantile(&h, 0.5)), 0.67449e5, 0.02);
	fill(&h, 200000, 1e4, log_normal);
	check_near(histogram_quantile(&h, 0.25), 1e4 * exp(-0.67449), 0.02);
	check_near(histogram_quantile(&h, 0.5), 1e4, 0.01);
	check_near(histogram_quantile(&h, 0.99), 1e4 * exp(2.32635), 0.03);
	check_near(histogram_mean(&h), 1e4 * exp(0.5), 0.02);
	histogram_free(&h);
}

/* Memory does not grow with n; the time is told, and bounded loosely for slow or instrumented machines. */
static void test_ten_million(void)
{
	struct rusage before, after;
	struct timespec t0, t1;
	struct histogram h;
	uint32_t i, x = 1;
	double seconds;

	CU_ASSERT_FATAL(histogram_init(&h) == 0);
	getrusage(RUSAGE_SELF, &before);
	clock_gettime(CLOCK_MONOTONIC, &t0);
	for (i = 0; i < 10000000; i++) {
		x = x * 1664525 + 1013904223;
		histogram_add(&h, x);
	}
	CU_ASSERT(histogram_quantile(&h, 0.5) > 0);
	CU_ASSERT(histogram_mad(&h, histogram_quantile(&h, 0.5)) > 0);
	clock_gettime(CLOCK_MONOTONIC, &t1);
	getrusage(RUSAGE_SELF, &after);
	seconds = (double)(t1.tv_sec - t0.tv_sec) + (double)(t1.tv_nsec - t0.tv_nsec) / 1e9;
	tap_note("10 million values summarised in %.3f s, %ld KiB more", seconds, after.ru_maxrss - before.ru_maxrss);
	CU_ASSERT(seconds < 10);
	CU_ASSERT(after.ru_maxrss - before.ru_maxrss < 2048);
	check_near(histogram_quantile(&h, 0.5), 2147483648.0, 0.001);
	histogram_free(&h);
}

static void test_median(void)
{
	double odd[] = { 5, 1, 3 }, even[] = { 4, 1, 3, 2 }, one[] = { 9 };

	CU_ASSERT(stats_median(odd, 3) == 3);
	CU_ASSERT(stats_median(even, 4) == 2.5);
	CU_ASSERT(stats_median(one, 1) == 9);
	CU_ASSERT(isnan(stats_median(one, 0)));
}

static void test_interval(void)
{
	double v[10], lo, hi;
	size_t n, i;

	for (n = 0; n < 6; n++)
		CU_ASSERT(!stats_median_ci95(v, n, &lo, &hi));
	for (i = 0; i < 6; i++)
		v[i] = (double)(6 - i);
	/* n = 6: depth 1 covers 0.96875, depth 2 0.78125; I = 0.1, weight 5 * 0.1 / (1 + 4 * 0.1). */
	CU_ASSERT(stats_median_ci95(v, 6, &lo, &hi));
	check_near(lo, 1 + 0.5 / 1.4, 1e-9);
	check_near(hi, 6 - 0.5 / 1.4, 1e-9);
	for (i = 0; i < 10; i++)
		v[i] = 7;
	CU_ASSERT(stats_median_ci95(v, 10, &lo, &hi));
	CU_ASSERT(lo == 7 && hi == 7);
}

static double coverage(size_t n, double (*draw)(void), double median)
{
	const unsigned tries = 20000;
	unsigned i, hit = 0;
	double v[30], lo, hi;
	size_t k;

	random_state = 1000 + n;
	for (i = 0; i < tries; i++) {
		for (k = 0; k < n; k++)
			v[k] = draw();
		hit += stats_median_ci95(v, n, &lo, &hi) && lo <= median && median <= hi;
	}
	return (double)hit / tries;
}

static void test_coverage(void)
{
	size_t n;

	for (n = 6; n <= 30; n++) {
		double a = coverage(n, normal, 0), b = coverage(n, log_normal, 1);

		if (a < 0.93 || a > 0.98 || b < 0.93 || b > 0.98)
			tap_note("n = %zu: normal %.4f, log-normal %.4f", n, a, b);
		CU_ASSERT(a >= 0.93 && a <= 0.98);
		CU_ASSERT(b >= 0.93 && b <= 0.98);
	}
}

/* (stated): CPUID 15H, or NULL. */
static double calibrated(const uint32_t stated[4])
{
	struct snapshot s;
	uint64_t hz;

	snapshot_init(&s);
	if (stated)
		CU_ASSERT(snapshot_add_cpuid(&s, 0, 0x15, 0, stated) == 0);
	hz = tsc_calibrate(&s);
	snapshot_free(&s);
	return (double)hz;
}

static double raw_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_RAW, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void test_tsc_rate(void)
{
	const struct timespec span = { 0, 200000000 };
	double began = raw_seconds(), hz;
	uint64_t ticks = __rdtsc();
	uint32_t stated[4] = { 1, 1000, 0, 0 };

	nanosleep(&span, NULL);
	ticks = __rdtsc() - ticks;
	hz = (double)ticks / (raw_seconds() - began);
	check_near(calibrated(NULL), hz, 0.01);
	stated[2] = (uint32_t)(2 * hz / 1000);		/* what is stated is wrong */
	check_near(calibrated(stated), hz, 0.01);
	stated[1] = 1000000;
	stated[2] = (uint32_t)(hz / 1000000);		/* right but for less than a thousandth: taken as it is */
	if (hz > 2.1e9 && fabs(hz - 1e6 * stated[2]) < hz / 4000)
		CU_ASSERT(calibrated(stated) == 1e6 * stated[2]);
}

static void test_catalogue(void)
{
	size_t i, k;
	char group[16];

	CU_ASSERT(n_ops == OP_COUNT);
	for (i = 0; i < n_ops; i++) {
		CU_ASSERT(op_find(ops[i].name) == &ops[i]);
		CU_ASSERT(ops[i].inner >= 1);
		CU_ASSERT(*ops[i].summary && *ops[i].start && *ops[i].stop);
		for (k = 0; k < i; k++)
			CU_ASSERT(strcmp(ops[i].name, ops[k].name) != 0);
		/* A chain is walked in cache lines; a piece is inside the arena. */
		if (ops[i].wants & OPF_CHAIN)
			CU_ASSERT(ops[i].length >= 128 && ops[i].length % 64 == 0);
	}
	CU_ASSERT(op_find("exit.cpuit") == NULL);
	CU_ASSERT(op_matches(op_find("exit.pio.kernel"), "exit.*"));
	CU_ASSERT(op_matches(op_find("mem.chase.4m.2m.u"), "mem.*.u"));
	CU_ASSERT(!op_matches(op_find("cpu.alu.k"), "cpu.alu"));
	op_group(op_find("nano.call-ret"), group);
	CU_ASSERT_STRING_EQUAL(group, "nano");
}

#define MANY	50000	/* ranks of so many add up to more than 32 bits */

static void test_rank_sum_of_many(void)
{
	double *v = calloc(MANY, sizeof(*v));

	CU_ASSERT_FATAL(v != NULL);
	for (unsigned i = 0; i < MANY; i++)
		v[i] = i;
	CU_ASSERT(stats_rank_sum_p(v, MANY, v, MANY) > 0.99);
	free(v);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "values below 2048 are counted exactly", test_small_values_are_exact },
		{ "a bucket is at most 1/1024 of its value wide", test_bucket_error },
		{ "overflow is counted and keeps the maximum", test_overflow },
		{ "merging is the same as counting together", test_merge },
		{ "quantiles of uniform, normal and log-normal values", test_known_distributions },
		{ "10 million values need no more memory", test_ten_million },
		{ "median", test_median },
		{ "no interval under 6 values, interpolated order statistics from there", test_interval },
		{ "the 95 % interval covers, n = 6 to 30, normal and log-normal", test_coverage },
		{ "the rank sum of many launches", test_rank_sum_of_many },
		{ "the TSC's rate is CLOCK_MONOTONIC_RAW's", test_tsc_rate },
		{ "the catalogue is consistent", test_catalogue },
		{ NULL, NULL },
	};

	return tap_run("stats", tests);
}
