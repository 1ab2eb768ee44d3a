/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pairs: the rule, the test and the interval against known distributions. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "bench/paired.h"
#include "bench/random.h"
#include "tests/unit/tap.h"

static void test_rule(void)
{
	unsigned cap, look;
	size_t ops;

	for (cap = 1; cap <= PAIRS_MAX; cap += cap < 70 ? 1 : 93)
		for (ops = 1; ops < 2000; ops *= 3) {
			struct paired_rule r = paired_rule(cap, ops);
			double spent = 0;

			CU_ASSERT(r.cap == cap && r.first <= cap && r.looks >= 1);
			for (look = 0; look < r.looks; look++) {
				spent += paired_alpha(&r, look);
				if (look)
					CU_ASSERT(paired_look_at(&r, look) > paired_look_at(&r, look - 1));
				CU_ASSERT(paired_look_of(&r, paired_look_at(&r, look)) == look);
			}
			CU_ASSERT(paired_look_at(&r, r.looks - 1) == cap);
			CU_ASSERT(fabs(spent - PAIRED_ALPHA) < 1e-12);
			/* A first look that is not the last can tell something of that many operations. */
			if (r.looks > 1)
				CU_ASSERT(ldexp((double)ops, 1 - (int)r.first) <= PAIRED_FIRST);
		}
	CU_ASSERT(paired_rule(0, 6).cap == PAIRS_DEFAULT && paired_rule(0, 6).first == PAIRS_MIN);
	CU_ASSERT(paired_rule(100000, 6).cap == PAIRS_MAX);
}

/* From tables of the signed-rank test: n 8, rank sum 3 of the rarer sign, two-sided 0.0391. */
static void test_p(void)
{
	double v[8] = { 1, 2, -3, 4, 5, 6, 7, 8 }, all[12], none[6] = { 0 };
	struct paired e;

	CU_ASSERT(paired_estimate(&e, v, 8, 0.05) == 0);
	CU_ASSERT(fabs(e.p - 10.0 / 256) < 1e-12);
	for (int i = 0; i < 12; i++)
		all[i] = 0.1;	/* all of one size: every sign as likely, only the count of signs decides */
	CU_ASSERT(paired_estimate(&e, all, 12, 0.02) == 0);
	CU_ASSERT(fabs(e.p - 2.0 / 4096) < 1e-12 && fabs(e.ratio - exp(0.1)) < 1e-12);
	CU_ASSERT(fabs(e.half_width) < 1e-12);
	CU_ASSERT(paired_estimate(&e, none, 6, 0.05) == 0);
	CU_ASSERT(e.p == 1 && e.ratio == 1 && e.lo == 1 && e.hi == 1);
	CU_ASSERT(paired_estimate(&e, none, 0, 0.05) == 0);
	CU_ASSERT(isnan(e.ratio) && isnan(e.half_width) && e.p == 1);
}

static void test_interval(void)
{
	double v[10] = { 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09, 0.10 }, few[5] = { 1, 2, 3, 4, 5 };
	struct paired e;

	/* n 10, 5 %: tables give rank sum 8, so the ninth least and the ninth greatest of 55 averages. */
	CU_ASSERT(paired_estimate(&e, v, 10, 0.05) == 0);
	CU_ASSERT(fabs(log(e.ratio) - 0.055) < 1e-12);
	CU_ASSERT(fabs(log(e.lo) + log(e.hi) - 0.11) < 1e-12);
	CU_ASSERT(fabs(log(e.lo) - 0.03) < 1e-9);
	/* 5 pairs cannot give 95 %. */
	CU_ASSERT(paired_estimate(&e, few, 5, 0.05) == 0);
	CU_ASSERT(isnan(e.lo) && isnan(e.hi) && isnan(e.half_width) && fabs(log(e.ratio) - 3) < 1e-12);
}

static double uniform(struct random *r)
{
	return ((double)(random_next(r) >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(struct random *r)
{
	return sqrt(-2 * log(uniform(r))) * cos(2 * M_PI * uniform(r));
}

/* Logarithms of a side's launches: quiet, with modes, with rare large disturbances. */
static double side(struct random *r, int shape)
{
	double x = 0.02 * normal(r);

	if (shape == 1)
		x += uniform(r) < 0.4 ? 0.15 : 0;
	if (shape == 2)
		x += uniform(r) < 0.1 ? -0.8 * log(uniform(r)) : 0;
	return x;
}

/* One session by the rule: stops where the half-width suffices. The p on the scale of all looks. */
static double session(struct random *r, int shape, double shift, struct paired *e)
{
	struct paired_rule rule = paired_rule(60, 6);
	double all[60], v[60];
	unsigned n = 0, look;

	for (look = 0; look < rule.looks; look++) {
		double alpha = paired_alpha(&rule, look);

		for (; n < paired_look_at(&rule, look); n++)
			all[n] = side(r, shape) - side(r, shape) + shift;
		memcpy(v, all, n * sizeof(*v));
		if (paired_estimate(e, v, n, alpha) < 0)
			abort();
		if (e->half_width <= 0.0163 || look + 1 == rule.looks)
			return fmin(1, e->p * PAIRED_ALPHA / alpha);
	}
	return NAN;
}

/* Over all looks the test errs in at most 5 % of sessions and the interval covers in at least 95 %. */
static void test_sessions(void)
{
	struct random r = { 20240229 };
	int shape, i;

	for (shape = 0; shape < 3; shape++) {
		int wrong = 0, missed = 0, seen = 0, there = 0;
		struct paired e;

		for (i = 0; i < 1000; i++) {
			wrong += session(&r, shape, 0, &e) <= PAIRED_ALPHA;
			missed += !(e.lo <= 1 && e.hi >= 1);
		}
		for (i = 0; i < 300; i++) {
			double p = session(&r, shape, log(1.1), &e);

			if (!(e.half_width < 0.04))
				continue;
			there++;
			seen += p <= PAIRED_ALPHA / 6 && e.lo > 1 && e.ratio > 1.05;
		}
		CU_ASSERT(wrong <= 50 && missed <= 50);
		CU_ASSERT(seen >= 0.95 * there);
		if (shape == 0)
			CU_ASSERT(there == 300);
	}
}

static const struct tap_test tests[] = {
	{ "looks spend what there is, no more", test_rule },
	{ "signed ranks as in the tables, with ties and zeros", test_p },
	{ "the interval as in the tables; too few pairs have none", test_interval },
	{ "over all looks errors keep to 5 %, and 10 % are found", test_sessions },
	{ NULL, NULL },
};

int main(void)
{
	return tap_run("paired", tests);
}
