/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the pairs of a session say: estimates, when they suffice, and the comparison made of them. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/ab_private.h"
#include "bench/compare_private.h"
#include "bench/stats.h"

#define GOAL_SHARE	3.0	/* the half-width that suffices, in thresholds: one third */
/*
 * A difference is said where it is known well enough: the half-width is under four fifths of the threshold, or under a
 * third of the difference. What is known worse is inconclusive, however unlikely chance may look.
 */
#define SAID_SHARE	0.8
#define SAID_RATIO	3.0
#define BRACKETS_FOR_SINGLE 10	/* as for a headline: summarise.c */
#define UNUSABLE_SHARE	0.2	/* of the pairs that may lack a number */

void ab_goals(struct ab_session *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct ab_row *row = &s->row[i];

		row->threshold = log1p(compare_threshold(s->o->compare, s->run[0].p->row[row->index[0]].op->name));
		row->goal = s->o->precision > 0 ? log1p(s->o->precision) : row->threshold / GOAL_SHARE;
	}
}

static const struct tally *row_tally(const struct ab_session *s, const struct ab_row *row, unsigned side)
{
	return &s->run[side].tally[row->index[side]];
}

/* The median over a side's launches of the member at (offset). (v) has room for all pairs. */
static double side_median(const struct ab_session *s, const struct ab_row *row, unsigned side, size_t offset, double *v)
{
	const struct tally *t = row_tally(s, row, side);
	size_t k, n = 0;

	for (k = 0; k < s->pairs; k++) {
		double x = NAN;

		if (row->pair[k].launch[side] != AB_NONE)
			memcpy(&x, (const char *)&t->launch[row->pair[k].launch[side]] + offset, sizeof(x));
		if (!isnan(x))
			v[n++] = x;
	}
	return stats_median(v, n);
}

#define SIDE_MEDIAN(s, row, side, member, v) side_median(s, row, side, offsetof(struct launch_values, member), v)

/* One estimator for both sides and all pairs: a difference of estimators is none of the sides'. */
static bool row_differenced(const struct ab_session *s, const struct ab_row *row, double *v)
{
	bool near = false, diffs = true;

	for (unsigned side = 0; side < 2; side++) {
		double single = SIDE_MEDIAN(s, row, side, median, v);

		near |= isnan(single) || single < BRACKETS_FOR_SINGLE * SIDE_MEDIAN(s, row, side, empty_median, v);
		diffs &= !isnan(SIDE_MEDIAN(s, row, side, diff_median, v));
	}
	return near && diffs;
}

static double pair_value(const struct ab_session *s, const struct ab_row *row, unsigned pair, unsigned side)
{
	size_t at = row->pair[pair].launch[side];
	const struct launch_values *l;

	if (at == AB_NONE)
		return NAN;
	l = &row_tally(s, row, side)->launch[at];
	return row->differenced ? l->diff_median : l->n ? l->median : NAN;
}

int ab_row_estimate(const struct ab_session *s, struct ab_row *row, unsigned number)
{
	double *v = calloc((size_t)s->pairs + 1, sizeof(*v)), inner = s->run[0].p->row[row->index[0]].op->inner;
	size_t n = 0;
	unsigned k;
	int rc;

	if (!v)
		return -ENOMEM;
	row->differenced = row_differenced(s, row, v);
	row->unusable = 0;
	for (k = 0; k < s->pairs; k++) {
		double a = pair_value(s, row, k, 0), b = pair_value(s, row, k, 1);

		if (a > 0 && b > 0)
			v[n++] = log(b / a);
		else
			row->unusable++;
	}
	row->alpha = paired_alpha(&s->rule, number);
	rc = paired_estimate(&row->est, v, n, row->alpha);
	row->a = (row->differenced ? SIDE_MEDIAN(s, row, 0, diff_median, v) : SIDE_MEDIAN(s, row, 0, median, v)) / inner;
	row->b = (row->differenced ? SIDE_MEDIAN(s, row, 1, diff_median, v) : SIDE_MEDIAN(s, row, 1, median, v)) / inner;
	free(v);
	return rc;
}

/* Is (row) counted on both sides, and each side's number the same in all pairs? */
static bool row_constant(const struct ab_session *s, const struct ab_row *row)
{
	unsigned side, k;

	for (side = 0; side < 2; side++) {
		if (!plan_counts_instructions(&s->run[side].p->engine[s->run[side].p->row[row->index[side]].engine]))
			return false;
		for (k = 0; k < s->pairs; k++)
			if (!(pair_value(s, row, k, side) == pair_value(s, row, 0, side)))
				return false;
	}
	return true;
}

int ab_settle_counted(struct ab_session *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct ab_row *row = &s->row[i];

		if (row->settled)
			continue;
		if (ab_row_estimate(s, row, 0) < 0)
			return -ENOMEM;
		row->exact = row_constant(s, row);
		if (!row->exact)
			continue;
		row->settled = true;
		run_settle(&s->run[0], row->index[0]);
		run_settle(&s->run[1], row->index[1]);
	}
	return 0;
}

/* ---- the comparison ---- */

/* The row of the session that a change is of, NULL: none of its. */
static const struct ab_row *row_of(const struct ab_session *s, const struct change *c)
{
	const struct plan *a = s->run[0].p;

	for (size_t i = 0; i < s->n; i++) {
		const struct plan_row *row = &a->row[s->row[i].index[0]];

		if (!strcmp(row->op->name, c->op) && !strcmp(a->engine[row->engine].ops->name, c->engine))
			return &s->row[i];
	}
	return NULL;
}

/* The pairs' numbers in place of what two unrelated sets of launches would say. */
static void change_pair(struct change *c, const struct ab_row *row)
{
	c->a = row->a;
	c->b = row->b;
	c->n_a = c->n_b = row->est.n;
	c->ratio = row->est.ratio;
	c->lo = row->est.lo;
	c->hi = row->est.hi;
	/* On the scale of all looks together, so that Holm's correction and the level are as anywhere. */
	c->p = row->est.n ? fmin(1, row->est.p * PAIRED_ALPHA / row->alpha) : NAN;
	/* What two runs differ by anyway is none of a pair's. */
	c->between = 0;
	c->spread = NAN;
	c->paired = true;
	c->why[0] = 0;
	c->launches_needed = c->runs_needed = 0;
}

static double half_percent(const struct ab_row *row)
{
	return 100 * expm1(row->est.half_width);
}

/* With fewer pairs there is no interval, or no p that survives Holm's correction over (family). */
static unsigned pairs_least(const struct ab_row *row, size_t family)
{
	double tests = (double)family * PAIRED_ALPHA / row->alpha;
	unsigned n = COMPARE_LAUNCHES;

	/* The least p of n pairs is 2^(1 - n). */
	while (n < PAIRS_MAX && ldexp(tests, 1 - (int)n) > COMPARE_ALPHA)
		n++;
	return n;
}

/* How often as many pairs the half-width would have to be (target), going with the root of their number. */
static double times_as_many(double half, double target)
{
	return half / target * (half / target);
}

/*
 * The number of pairs that would decide (c), which is beyond its threshold: known well enough to be said, and with a p
 * that is small enough. Or within it: known as well as it is far from the threshold. While it is known worse than was
 * asked for, what is nearer than that may be on either side, and so much is needed at least.
 */
static void pairs_needed(struct change *c, const struct ab_row *row, size_t family)
{
	double effect = fabs(log(row->est.ratio)), half = row->est.half_width, n = (double)row->est.n, need;
	double distance = row->threshold - effect;

	if (distance < 0) {
		double level = COMPARE_ALPHA / (double)(family ? family : 1);
		double sigma = half / stats_normal_quantile(1 - row->alpha / 2);

		need = n * times_as_many(half, fmax(SAID_SHARE * row->threshold, effect / SAID_RATIO));
		need = fmax(need, n * times_as_many(stats_normal_quantile(1 - level / 2) * sigma, effect));
		need = fmax(need, pairs_least(row, family));
	} else {
		c->needed_least = half > row->goal && distance < row->goal;
		need = n * times_as_many(half, c->needed_least ? row->goal : distance);
	}
	need = fmax(ceil(need), n + 1);
	c->launches_needed = need <= PAIRS_MAX ? (unsigned)need : 0;
	c->needed_least &= c->launches_needed > 0;
}

/* Too few to tell anything. */
static void change_too_few(struct change *c, const struct ab_row *row, const struct paired_rule *rule, size_t family)
{
	unsigned least = pairs_least(row, family);

	c->launches_needed = least > rule->first ? least : rule->first;
	c->needed_least = true;
	if (row->est.n < rule->first)
		snprintf(c->why, sizeof(c->why), "%zu pairs; the first look is at %u", row->est.n, rule->first);
	else
		snprintf(c->why, sizeof(c->why), "%zu pairs are too few for an interval", row->est.n);
}

/* Has (row) pairs enough, and is what they say sharp enough to be said? Else (c) is inconclusive, and says why. */
static void change_restrain(struct change *c, const struct ab_row *row, const struct paired_rule *rule, size_t family)
{
	double effect = fabs(log(row->est.ratio)), half = row->est.half_width;
	bool said = c->word == CHANGE_REGRESSION || c->word == CHANGE_IMPROVEMENT;
	int n;

	c->launches_needed = c->runs_needed = 0;
	c->needed_least = false;
	if (row->unusable > UNUSABLE_SHARE * (double)(row->est.n + row->unusable)) {
		c->word = CHANGE_INCONCLUSIVE;
		snprintf(c->why, sizeof(c->why), "%zu of %zu pairs have no number above zero on both sides", row->unusable,
			 row->est.n + row->unusable);
		return;
	}
	if (said && !(half < SAID_SHARE * row->threshold) && !(half < effect / SAID_RATIO))
		c->word = CHANGE_INCONCLUSIVE;
	if (c->word != CHANGE_INCONCLUSIVE)
		return;
	if (isnan(half)) {
		change_too_few(c, row, rule, family);
		return;
	}
	pairs_needed(c, row, family);
	n = snprintf(c->why, sizeof(c->why), "after %zu pairs the ratio is known to +-%.1f %%", row->est.n, half_percent(row));
	if (effect > row->threshold && c->p_holm > COMPARE_ALPHA)
		snprintf(c->why + n, sizeof(c->why) - (size_t)n, ", but p is %.2g after Holm's correction", c->p_holm);
	else if (half <= row->goal && fabs(effect - row->threshold) <= half)
		snprintf(c->why + n, sizeof(c->why) - (size_t)n, ", as was asked for, and that is near the threshold; --precision "
			 "asks for more");
}

static void *rows_copy(const void *rows, size_t n, size_t size)
{
	void *copy = calloc(n + 1, size);

	return copy && n ? memcpy(copy, rows, n * size) : copy;
}

static void view_free(struct result_set *view)
{
	free(view->result);
	free(view->skipped);
	free(view->failed);
}

/*
 * Rows of one engine against rows of another: (view) is (set) with rows that bear the name of (like)'s engine. Its lists are
 * to be freed, what hangs on them is (set)'s.
 */
static int view_make(struct result_set *view, const struct result_set *set, const struct result *like)
{
	*view = *set;
	view->result = rows_copy(set->result, set->n_results, sizeof(*set->result));
	view->skipped = rows_copy(set->skipped, set->n_skipped, sizeof(*set->skipped));
	view->failed = rows_copy(set->failed, set->n_failed, sizeof(*set->failed));
	if (!view->result || !view->skipped || !view->failed) {
		view_free(view);
		return -ENOMEM;
	}
	for (size_t i = 0; i < view->n_results; i++) {
		memcpy(view->result[i].engine, like->engine, sizeof(like->engine));
		memcpy(view->result[i].via, like->via, sizeof(like->via));
	}
	for (size_t i = 0; i < view->n_skipped; i++)
		memcpy(view->skipped[i].engine, like->engine, sizeof(like->engine));
	for (size_t i = 0; i < view->n_failed; i++)
		memcpy(view->failed[i].engine, like->engine, sizeof(like->engine));
	return 0;
}

/* What both runs were on is one machine; that engines differ in memory or provenance is what was asked for. */
static int sets_compare(const struct ab_session *s, struct ab *out, struct err *e)
{
	static const char *const allow[] = { "provenance", "memory", "tsc_hz" };
	struct compare_options o = *s->o->compare;
	const struct result_set *a = &out->side[0], *b = &out->side[1];
	bool rename = a->n_results && s->run[0].p->n_engines == 1 && s->run[1].p->n_engines == 1;
	struct result_set view;
	int rc;

	o.allow = allow;
	o.n_allow = sizeof(allow) / sizeof(allow[0]);
	if (!rename)
		return compare_sets(&out->comparison, a, b, &o, e);
	if (view_make(&view, b, &a->result[0]) < 0)
		return err_set(e, ENOMEM, "out of memory");
	rc = compare_sets(&out->comparison, a, &view, &o, e);
	view_free(&view);
	return rc;
}

/*
 * What could not even be started has no number on either side that would say so; and who gave the two sides wanted both.
 */
static int failures_add(const struct ab_session *s, struct comparison *c)
{
	int rc = 0;

	for (size_t i = 0; i < s->n && rc == 0; i++) {
		const struct plan_row *a = &s->run[0].p->row[s->row[i].index[0]], *b = &s->run[1].p->row[s->row[i].index[1]];
		const struct engine_info *info = s->run[0].p->engine[a->engine].info;
		bool in_a = a->state == PLAN_FAIL, in_b = b->state == PLAN_FAIL;
		struct result like = { .median = NAN };

		if (!(in_a && (in_b || b->state == PLAN_RUN)) && !(in_b && a->state == PLAN_RUN))
			continue;
		snprintf(like.op, sizeof(like.op), "%s", a->op->name);
		snprintf(like.engine, sizeof(like.engine), "%s", s->run[0].p->engine[a->engine].ops->name);
		snprintf(like.via, sizeof(like.via), "%s", info ? info->via : "");
		snprintf(like.clock, sizeof(like.clock), "%s", info ? info->clock : "tsc");
		rc = compare_failed(c, &like, !in_b ? "A" : in_a ? "A and B" : "B", in_b ? b->reason : a->reason);
	}
	return rc;
}

int ab_compare(struct ab_session *s, struct ab *out, struct err *e)
{
	struct comparison *c = &out->comparison;
	const struct ab_row *row;
	int rc = sets_compare(s, out, e);
	size_t i;

	if (rc < 0)
		return rc;
	if (failures_add(s, c) < 0) {
		comparison_free(c);
		return err_set(e, ENOMEM, "out of memory");
	}
	c->paired = true;
	for (i = 0; i < c->n; i++) {
		row = row_of(s, &c->change[i]);
		if (row && c->change[i].measure == MEASURE_TIME && c->change[i].word != CHANGE_INCOMPARABLE)
			change_pair(&c->change[i], row);
	}
	if (comparison_decide(c) < 0) {
		comparison_free(c);
		return err_set(e, ENOMEM, "out of memory");
	}
	for (i = 0; i < c->n; i++) {
		row = row_of(s, &c->change[i]);
		if (row && c->change[i].measure == MEASURE_TIME && c->change[i].word != CHANGE_INCOMPARABLE)
			change_restrain(&c->change[i], row, &s->rule, c->family);
	}
	return 0;
}
