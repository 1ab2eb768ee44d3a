/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What intervals and tests promise, by simulation: 2,000 data sets for each number of launches and each shape.
 * COVERAGE_SEED draws others; `make calibrate` runs this with several.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/random.h"
#include "bench/stats.h"
#include "tests/unit/tap.h"

#define SETS		2000
#define LEAST_N		6
#define MOST_N		30

static struct random source;

static double uniform(void)
{
	return ((double)(random_next(&source) >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(void)
{
	double radius = sqrt(-2 * log(uniform()));

	return radius * cos(2 * M_PI * uniform());
}

static double log_normal(void) { return exp(normal()); }
static double bimodal_overlap(void) { return (uniform() < 0.5 ? 0 : 4) + normal(); }	/* the median lies between */
static double bimodal_main(void) { return (uniform() < 0.7 ? 0 : 8) + normal(); }
static double bimodal_far(void) { return (uniform() < 0.5 ? 0 : 20) + normal(); }
static double cauchy(void) { return tan(M_PI * (uniform() - 0.5)); }			/* no mean, no variance */
static double logarithm(void) { return -log(uniform()) - M_LN2; }			/* a tail on one side, median 0 */
static double pareto(void) { return 1 / uniform(); }					/* one long tail, no mean */

#define MEDIAN_BIMODAL_MAIN	0.5659488	/* 0.7 Phi(x) + 0.3 Phi(x - 8) = 1/2: Phi(x) = 5/7 */

struct shape { const char *name; double (*draw)(void); double median; };

static const struct shape shapes[] = {
	{ "normal", normal, 0 },
	{ "log-normal", log_normal, 1 },
	{ "bimodal, halves 4 sigma apart", bimodal_overlap, 2 },
	{ "bimodal, 70 % and 30 %", bimodal_main, MEDIAN_BIMODAL_MAIN },
	{ "heavy-tailed, Cauchy", cauchy, 0 },
	{ "heavy-tailed, Pareto", pareto, 2 },
};

static void seed(uint64_t n)
{
	const char *own = getenv("COVERAGE_SEED");

	source.state = (own ? strtoull(own, NULL, 0) : 20061021) * 1000003 + n;
}

/* Per cent of the sets whose interval holds the median. */
static double coverage(const struct shape *s, size_t n)
{
	double v[MOST_N], lo, hi;
	unsigned hit = 0;

	for (unsigned i = 0; i < SETS; i++) {
		for (size_t k = 0; k < n; k++)
			v[k] = s->draw();
		hit += stats_median_ci95(v, n, &lo, &hi) && lo <= s->median && s->median <= hi;
	}
	return 100.0 * hit / SETS;
}

static void shape_check(const struct shape *s, double least, double most)
{
	char line[MOST_N * 8] = "";
	size_t at = 0;
	double low = 100, high = 0;

	for (size_t n = LEAST_N; n <= MOST_N; n++) {
		double c = coverage(s, n);

		low = fmin(low, c);
		high = fmax(high, c);
		at += (size_t)snprintf(line + at, sizeof(line) - at, " %.1f", c);
		CU_ASSERT(c >= least && c <= most);
	}
	tap_note("%s: %.1f to %.1f %% for n = %d to %d:%s", s->name, low, high, LEAST_N, MOST_N, line);
}

static void test_median_interval(void)
{
	seed(1);
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		shape_check(&shapes[i], 93, 98);
}

/* Two equal heaps far apart: there is nothing between them to interpolate, and 7 or 8 values have no 95 % between counts. */
static void test_far_modes(void)
{
	static const struct shape far = { "bimodal, halves 20 sigma apart", bimodal_far, 10 };

	seed(2);
	shape_check(&far, 92.5, 99.7);
}

#define CAP	50
#define GOAL	0.03

/* The half-width's share of what is wanted, of (n) launches, and whether the interval holds 1. */
static double look(const double *launch, size_t n, bool *covers)
{
	double v[CAP], lo, hi;

	memcpy(v, launch, n * sizeof(*v));
	*covers = stats_median_ci95(v, n, &lo, &hi) && lo <= 1 && 1 <= hi;
	return (hi - lo) / 2 / (GOAL * stats_median(v, n));
}

/* One row of bench --precision; does its interval cover? */
static bool precise_row(double spread, double (*draw)(void), unsigned *launches)
{
	size_t n, next = STATS_FIRST_LOOK;
	double v[CAP], wide = 0;
	bool first = true, covers;

	for (n = 0; n < CAP; first = false) {
		for (; n < next && n < CAP; n++)
			v[n] = exp(spread * draw());
		wide = look(v, n, &covers);
		if (!first && wide <= 1)
			break;
		next = stats_next_look(n, wide);
	}
	*launches += (unsigned)n;
	return covers;
}

/* Launches that are added until the interval is narrow: it still has to cover. */
static void test_precision(void)
{
	static const double spreads[] = { 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.10, 0.12 };
	double (*const draws[])(void) = { normal, logarithm };

	seed(4);
	CU_ASSERT(stats_next_look(6, 0.1) == 12 && stats_next_look(6, INFINITY) > CAP && stats_next_look(20, 1.5) == 50);
	for (size_t k = 0; k < 2 * sizeof(spreads) / sizeof(spreads[0]); k++) {
		unsigned hit = 0, launches = 0;
		double cover;

		for (unsigned i = 0; i < SETS; i++)
			hit += precise_row(spreads[k / 2], draws[k % 2], &launches);
		cover = 100.0 * hit / SETS;
		tap_note("%s, spread %.2f: %.1f %% after %.1f launches", k % 2 ? "one tail" : "normal", spreads[k / 2], cover,
			 (double)launches / SETS);
		CU_ASSERT(cover >= 91.7 && cover <= 98);	/* looked at after each launch: 90 */
	}
}

static double ratio_draw(const struct shape *s) { return exp(0.05 * s->draw()); }

/* The interval of a ratio, and the rank test where there is no difference. Tails that have no variance are cut by neither. */
static void test_ratio(void)
{
	static const size_t sizes[][2] = { { 6, 6 }, { 8, 12 }, { 10, 10 }, { 20, 10 }, { 15, 15 } };

	seed(3);
	for (size_t k = 0; k < sizeof(shapes) / sizeof(shapes[0]) - 1; k++)
		for (size_t j = 0; j < sizeof(sizes) / sizeof(sizes[0]); j++) {
			unsigned hit = 0, false_alarms = 0;
			double a[MOST_N], b[MOST_N], ratio, lo, hi, cover, wrong;

			for (unsigned i = 0; i < SETS; i++) {
				for (size_t x = 0; x < sizes[j][0]; x++)
					a[x] = ratio_draw(&shapes[k]);
				for (size_t x = 0; x < sizes[j][1]; x++)
					b[x] = ratio_draw(&shapes[k]);
				hit += stats_ratio_ci95(a, sizes[j][0], b, sizes[j][1], &ratio, &lo, &hi) && lo <= 1 && 1 <= hi;
				false_alarms += stats_rank_sum_p(a, sizes[j][0], b, sizes[j][1]) <= 0.05;
			}
			cover = 100.0 * hit / SETS;
			wrong = 100.0 * false_alarms / SETS;
			if (cover < 93 || wrong > 6.5)
				tap_note("%s, %zu and %zu: ratio %.1f %%, rank test %.1f %%", shapes[k].name, sizes[j][0], sizes[j][1],
					 cover, wrong);
			CU_ASSERT(cover >= 93);
			CU_ASSERT(wrong <= 6.5);
		}
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "the 95 % interval of a median covers 93 to 98 %, n = 6 to 30, six shapes", test_median_interval },
		{ "two far heaps of equal weight: as near as counting gets, never much under", test_far_modes },
		{ "an interval that launches were added for covers, however wide the spread is", test_precision },
		{ "the interval of a ratio covers, the rank test keeps its level", test_ratio },
		{ NULL, NULL },
	};

	return tap_run("coverage", tests);
}
