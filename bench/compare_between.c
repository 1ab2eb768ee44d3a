/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What two runs of the same thing differ by. Launches of one run share what the machine did in these seconds: its clock,
 * its neighbours, where memory happened to lie. An interval over launches does not know that, so it is widened.
 *
 * doc/method.md, "Two runs", has the rule, and the measurements that it was taken from.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/compare_private.h"
#include "bench/stats.h"

#define LEAST_BETWEEN	0.005	/* no two runs are surer to be alike than that */
#define RUNS_KNOWN	3	/* from so many differences on, runs themselves say how much they move */
#define OTHERS_LEAST	3	/* rows that can tell whether everything moved */
#define MAD_TO_SIGMA	1.4826

static bool timed(const struct change *row)
{
	return row->measure == MEASURE_TIME && row->word != CHANGE_INCOMPARABLE && isfinite(row->ratio) && row->ratio > 0;
}

/* The middle spread of an engine's rows: one row alone may have looked quieter than it is. */
static double engine_spread(const struct comparison *c, const char *engine, double *v)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++)
		if (timed(&c->change[i]) && !strcmp(c->change[i].engine, engine) && isfinite(c->change[i].spread))
			v[n++] = c->change[i].spread;
	return n ? stats_median(v, n) : 0;
}

bool compare_is_control(const char *op, const char *engine)
{
	size_t n = strlen(op);

	return !strcmp(engine, "native") && n > 6 && !strncmp(op, "cpu.", 4) && !strcmp(op + n - 2, ".u");
}

static bool is_control(const struct change *row)
{
	return compare_is_control(row->op, row->engine);
}

static bool same_row(const struct change *a, const struct change *b)
{
	return a->measure == b->measure && !strcmp(a->op, b->op) && !strcmp(a->engine, b->engine) && !strcmp(a->via, b->via);
}

/*
 * How far everything but (except) moved: by the controls where there are any, else by the middle of all rows. A control
 * is judged by rows of native alone: the others are what it stands beside, and where they moved the subject did. In a second measurement
 * all others are under test: (first) has those that did not change.
 */
static double machine_moved(const struct comparison *c, const struct change *except, const struct comparison *first,
			    double *v)
{
	bool native_only = is_control(except);
	double most = 0;
	size_t n = 0, controls = 0;

	for (size_t i = 0; i < c->n; i++) {
		const struct change *row = &c->change[i];

		if (same_row(row, except) || !timed(row) || (native_only && strcmp(row->engine, "native")))
			continue;
		v[n++] = fabs(log(row->ratio));
		if (is_control(row)) {
			controls++;
			most = fmax(most, v[n - 1]);
		}
	}
	if (controls)
		return most;
	if (first)
		return machine_moved(first, except, NULL, v);
	return n >= OTHERS_LEAST ? MAD_TO_SIGMA * stats_median(v, n) : 0;
}

/* What (sigma), the standard deviation of log (ratio) from run to run, rests on: (freedom) 0 is an assumption. */
struct spread { double sigma; unsigned freedom; };

/* What the launches let expect, or what the runs show where that is more. */
static struct spread between_find(const struct comparison *c, const struct change *row, const struct between *b,
				  const struct comparison *first, double *v)
{
	double a_runs = row->runs_a, b_runs = row->runs_b, seen;
	double runs = (a_runs > 2 ? STATS_MEDIAN_VARIANCE : 1) / a_runs + (b_runs > 2 ? STATS_MEDIAN_VARIANCE : 1) / b_runs;
	double sigma = fmax(LEAST_BETWEEN, fmax(row->spread, engine_spread(c, row->engine, v)));
	struct spread s = { 0 };

	seen = b->freedom ? sqrt(b->squares / (double)b->freedom) : 0;
	if (seen > sigma)
		s = (struct spread){ seen, (unsigned)b->freedom };
	else
		s.sigma = sigma;
	s.sigma *= sqrt(runs);
	if (b->freedom < RUNS_KNOWN)
		s.sigma = fmax(s.sigma, machine_moved(c, row, first, v));
	return s;
}

static void widen(struct change *row, struct spread s)
{
	double mid = log(row->ratio), below = mid - log(row->lo), above = log(row->hi) - mid, sigma, z;
	double quantile = s.freedom ? stats_student_95(s.freedom) : STATS_Z95;

	row->between = s.sigma;
	row->lo = exp(mid - hypot(below, quantile * s.sigma));
	row->hi = exp(mid + hypot(above, quantile * s.sigma));
	sigma = hypot((mid > 0 ? below : above) / STATS_Z95, s.sigma);
	z = fabs(mid) / sigma;
	row->p = fmax(row->p, s.freedom ? stats_student_p(z, s.freedom) : erfc(z / M_SQRT2));
}

int compare_between(struct comparison *c, const struct between *between, const struct comparison *first)
{
	struct spread *by = calloc(c->n + 1, sizeof(*by));
	double *v = calloc((first && first->n > c->n ? first->n : c->n) + 1, sizeof(*v));
	int rc = by && v ? 0 : -ENOMEM;

	/* All of them before the first is changed. */
	for (size_t i = 0; rc == 0 && i < c->n; i++)
		if (timed(&c->change[i]))
			by[i] = between_find(c, &c->change[i], &between[i], first, v);
	for (size_t i = 0; rc == 0 && i < c->n; i++)
		if (timed(&c->change[i]) && isfinite(c->change[i].lo) && isfinite(c->change[i].p))
			widen(&c->change[i], by[i]);
	free(by);
	free(v);
	return rc;
}
