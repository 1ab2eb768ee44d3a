/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One row of two results: its time by its launches, its counts exactly. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/compare_private.h"
#include "bench/stats.h"

#define EXITS_SHARE		0.05	/* what exits may differ where those of interrupts and of the host are among them */
#define EXITS_STRAY		0.1
#define EXITS_TOLD		0.5	/* an operation's own exit would be seen */
#define STRAY_EXITS_A_SECOND	4000.0	/* timers of host and guest, with what is executed around the operation */

static size_t launches_of(const struct side *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += s->run[i]->n_launches;
	return n;
}

static bool has_number(const struct result_launch *l)
{
	return l->n && isfinite(l->median);
}

/*
 * Runs of one length that would tell the level of the side's launches as well: all of them where they have as many
 * launches each. What a run has of its own, 50 launches beside 6 of others have 50 times.
 */
static double runs_of(const struct side *s)
{
	double total = 0, squares = 0;

	for (size_t i = 0; i < s->n; i++) {
		double n = 0;

		for (size_t k = 0; k < s->run[i]->n_launches; k++)
			n += has_number(&s->run[i]->launch[k]);
		total += n;
		squares += n * n;
	}
	return squares > 0 ? total * total / squares : 1;
}

static void change_begin(struct change *row, const struct side *a, const struct side *b, enum change_measure m)
{
	const struct result *like = a->run[0];

	*row = (struct change){ .measure = m, .a = NAN, .b = NAN, .ratio = NAN, .lo = NAN, .hi = NAN, .p = NAN,
				.p_holm = NAN, .spread = NAN, .n_a = launches_of(a), .n_b = launches_of(b),
				.runs_a = runs_of(a), .runs_b = runs_of(b) };
	snprintf(row->op, sizeof(row->op), "%s", like->op);
	snprintf(row->engine, sizeof(row->engine), "%s", like->engine);
	snprintf(row->via, sizeof(row->via), "%s", like->via);
}

/* Does a property of the row differ that must not? Says so in (row). */
static bool property_differs(struct change *row, const char *key, const char *a, const char *b, bool allowed)
{
	if (allowed || !strcmp(a, b))
		return false;
	row->word = CHANGE_INCOMPARABLE;
	snprintf(row->key, sizeof(row->key), "%s", key);
	snprintf(row->why, sizeof(row->why), "%s is %s, and %s", key, *a ? a : "unknown", *b ? b : "unknown");
	return true;
}

static bool pair_incomparable(struct change *row, const struct result *a, const struct result *b,
			      const struct compare_options *o)
{
	bool emulated = !strcmp(a->provenance, "emulated") || !strcmp(b->provenance, "emulated");

	return property_differs(row, "clock", a->clock, b->clock, false) ||
	       property_differs(row, "provenance", a->provenance, b->provenance,
				!emulated && compare_allowed(o, "provenance")) ||
	       property_differs(row, "memory", a->memory, b->memory, compare_allowed(o, "memory"));
}

static bool row_incomparable(struct change *row, const struct side *a, const struct side *b,
			     const struct compare_options *o)
{
	for (size_t i = 0; i < a->n + b->n; i++)
		if (pair_incomparable(row, a->run[0], i < a->n ? a->run[i] : b->run[i - a->n], o))
			return true;
	return false;
}

/* Medians of the launches that have one, run after run. Owned by the caller; NULL: out of memory. */
static double *launch_medians(const struct side *s, size_t *n)
{
	double *v = calloc(launches_of(s) + 1, sizeof(*v));

	*n = 0;
	for (size_t i = 0; v && i < s->n; i++) {
		const struct result *r = s->run[i];

		for (size_t k = 0; k < r->n_launches; k++)
			if (has_number(&r->launch[k]))
				v[(*n)++] = s->scale[i] * r->launch[k].median;
	}
	return v;
}

/*
 * Variance of the logarithms of (r)'s launches, by the interval of their median where there is one: one launch that went
 * astray does not count for all. False: fewer than two launches.
 */
static bool launches_variance(const struct result *r, double *variance)
{
	double *v = calloc(r->n_launches + 1, sizeof(*v)), lo, hi, total = 0, squares = 0;
	size_t n = 0;

	for (size_t k = 0; v && k < r->n_launches; k++) {
		double m = r->launch[k].median;

		if (!r->launch[k].n || !(m > 0) || !isfinite(m))
			continue;
		v[n] = log(m);
		total += v[n];
		squares += v[n] * v[n];
		n++;
	}
	if (n >= 2)
		*variance = fmax(0, squares - total * total / (double)n) / (double)(n - 1);
	if (stats_median_ci95(v, n, &lo, &hi)) {
		double error = (hi - lo) / 2 / STATS_Z95;

		*variance = error * error * (double)n / STATS_MEDIAN_VARIANCE;
	}
	free(v);
	return n >= 2;
}

/* How launches differ within a run (row->spread), and the runs of a side among each other. */
static void spreads_find(struct change *row, const struct side *a, const struct side *b, struct between *between)
{
	const struct side *side[2] = { a, b };
	double within = 0, variance = 0;
	size_t known = 0;

	*between = (struct between){ 0 };
	for (unsigned s = 0; s < 2; s++) {
		double total = 0, squares = 0;
		size_t n = 0;

		for (size_t i = 0; i < side[s]->n; i++) {
			const struct result *r = side[s]->run[i];
			double level = log(side[s]->scale[i] * r->median);

			if (!(r->median > 0))
				continue;
			if (launches_variance(r, &variance)) {
				within += variance;
				known++;
			}
			n++;
			total += level;
			squares += level * level;
		}
		if (n < 2)
			continue;
		between->squares += fmax(0, squares - total * total / (double)n);
		between->freedom += n - 1;
	}
	if (known)
		row->spread = sqrt(within / (double)known);
}

/* B's numbers are not those of its file. What is said later is said instead. */
static void rates_reason(struct change *row, const struct side *a, const struct side *b)
{
	double scale = 1;

	for (size_t i = 0; i < a->n + b->n && scale == 1; i++)
		scale = i < a->n ? a->scale[i] : b->scale[i - a->n];
	if (scale != 1)
		snprintf(row->why, sizeof(row->why), "the TSC's rates differ: %s is in ticks of A's%s, its own times %.4g",
			 b->n && b->scale[0] != 1 ? "B" : "a run", b->n && b->scale[0] != 1 ? "" : " first run", scale);
}

static void time_reason(struct change *row)
{
	size_t least = row->n_a < row->n_b ? row->n_a : row->n_b;

	if (least < COMPARE_LAUNCHES) {
		snprintf(row->why, sizeof(row->why), "%zu launch%s: an interval needs %d", least, least == 1 ? "" : "es",
			 COMPARE_LAUNCHES);
		return;
	}
	row->ratio = NAN;
	snprintf(row->why, sizeof(row->why), "a launch measured nothing above zero: too short for this clock");
}

static int time_compare(struct change *row, const struct side *a, const struct side *b, double tsc_hz,
			struct between *between)
{
	double *x = launch_medians(a, &row->n_a), *y = launch_medians(b, &row->n_b);
	int rc = x && y ? 0 : -ENOMEM;

	if (rc == 0) {
		bool interval = stats_ratio_ci95(x, row->n_a, y, row->n_b, &row->ratio, &row->lo, &row->hi);

		row->a = stats_median(x, row->n_a);
		row->b = stats_median(y, row->n_b);
		spreads_find(row, a, b, between);
		if (interval) {
			row->p = stats_rank_sum_p(x, row->n_a, y, row->n_b);
			compare_long(row, a, b, tsc_hz);
		} else {
			time_reason(row);
		}
	}
	free(x);
	free(y);
	return rc;
}

/* Any difference of what was counted is one; the user may say from where on it counts. */
static void count_judge(struct change *row)
{
	double more = row->b - row->a;

	row->ratio = more == 0 ? 1 : row->a == 0 ? NAN : row->b / row->a;
	row->lo = row->hi = row->ratio;
	if (fabs(more) <= row->threshold * fabs(row->a))
		row->word = CHANGE_NONE;
	else
		row->word = more > 0 ? CHANGE_REGRESSION : CHANGE_IMPROVEMENT;
}

/* The common threshold is about time; of counts the user may give one operation's own. */
static double count_threshold(const struct compare_options *o, const char *op)
{
	const struct op_threshold *own = compare_op_threshold(o, op);

	return own ? own->threshold : 0;
}

struct counted { double lo, hi, mid; };

/* The least and the most of the members at (lo) and (hi) over the runs; (mid) is of the first. */
static struct counted counted_of(const struct side *s, size_t lo, size_t hi, size_t mid)
{
	struct counted c = { INFINITY, -INFINITY, *(const double *)((const char *)s->run[0] + mid) };

	for (size_t i = 0; i < s->n; i++) {
		c.lo = fmin(c.lo, *(const double *)((const char *)s->run[i] + lo));
		c.hi = fmax(c.hi, *(const double *)((const char *)s->run[i] + hi));
	}
	return c;
}

#define COUNTED(side, lo, hi, mid) \
	counted_of(side, offsetof(struct result, lo), offsetof(struct result, hi), offsetof(struct result, mid))

/* An emulator's clock: launches agree to the last instruction, or the row is none that can be counted. */
static void instructions_compare(struct change *row, const struct side *a, const struct side *b)
{
	struct counted x = COUNTED(a, range_lo, range_hi, median), y = COUNTED(b, range_lo, range_hi, median);

	row->a = x.mid;
	row->b = y.mid;
	row->exact = true;
	if (x.lo == x.hi && y.lo == y.hi) {
		count_judge(row);
		return;
	}
	snprintf(row->why, sizeof(row->why), "the count is not the same in every launch");
	if (y.lo > x.hi || y.hi < x.lo) {
		count_judge(row);
		return;
	}
	row->ratio = row->b / row->a;
	row->word = CHANGE_INCONCLUSIVE;
}

/*
 * How far two numbers of exits may be apart without meaning it: not at all where nothing but the operation is counted,
 * else as much as interrupts make, which grows with the operation's length.
 */
static double exits_stray(const struct result *like, double most, double ticks, double tsc_hz)
{
	double stray = EXITS_STRAY + EXITS_SHARE * most;

	if (strcmp(like->clock, "tsc") || !strcmp(like->engine, "vmx") || !strcmp(like->engine, "svm"))
		return 0;
	return tsc_hz > 0 ? stray + STRAY_EXITS_A_SECOND * ticks / tsc_hz : stray;
}

/* A change is what each run of one side shows against each of the other. */
static void exits_judge(struct change *row, const struct counted *x, const struct counted *y, double stray)
{
	double spread = fmax(x->hi - x->lo, y->hi - y->lo);

	row->exact = true;
	row->a = (x->lo + x->hi) / 2;
	row->b = (y->lo + y->hi) / 2;
	if (fmax(y->lo - x->hi, x->lo - y->hi) > stray) {
		count_judge(row);
		if (row->word != CHANGE_NONE)
			snprintf(row->why, sizeof(row->why), "exits per operation: %.4g, then %.4g", row->a, row->b);
	} else if (spread > (stray > 0 ? EXITS_TOLD : 0)) {
		row->word = CHANGE_INCONCLUSIVE;
		row->ratio = row->b / row->a;
		snprintf(row->why, sizeof(row->why), "exits per operation are not the same in every run: %.4g to %.4g in A, %.4g "
			 "to %.4g in B", x->lo, x->hi, y->lo, y->hi);
	} else {
		row->word = CHANGE_NONE;
		row->ratio = row->lo = row->hi = 1;	/* as far as it can be known */
	}
}

/* Only where every run counted. */
static int exits_compare(struct comparison *c, const struct side *a, const struct side *b, double tsc_hz,
			 const struct compare_options *o)
{
	struct counted x = COUNTED(a, exits_observed, exits_observed, exits_observed);
	struct counted y = COUNTED(b, exits_observed, exits_observed, exits_observed);
	struct counted ticks_a = COUNTED(a, median, median, median), ticks_b = COUNTED(b, median, median, median);
	struct change row;
	double stray;

	for (size_t i = 0; i < a->n + b->n; i++)
		if (isnan((i < a->n ? a->run[i] : b->run[i - a->n])->exits_observed))
			return 0;
	stray = exits_stray(a->run[0], fmax(x.hi, y.hi), fmax(ticks_a.hi, ticks_b.hi), tsc_hz);
	if (stray >= EXITS_TOLD && fmax(y.lo - x.hi, x.lo - y.hi) <= stray)
		return 0;	/* interrupts hide what one would want to know */
	change_begin(&row, a, b, MEASURE_EXITS);
	row.threshold = count_threshold(o, row.op);
	exits_judge(&row, &x, &y, stray);
	return comparison_add(c, &row);
}

int compare_rows(struct comparison *c, struct side *a, struct side *b, double tsc_hz,
		 const struct compare_options *o, struct between *between)
{
	bool counts = !strcmp(result_unit(a->run[0]->clock), "instructions");
	struct change row;
	int rc = 0;

	*between = (struct between){ 0 };
	change_begin(&row, a, b, counts ? MEASURE_INSTRUCTIONS : MEASURE_TIME);
	row.threshold = counts ? count_threshold(o, row.op) : compare_threshold(o, row.op);
	if (row_incomparable(&row, a, b, o)) {
		row.a = a->run[0]->median;
		row.b = b->run[0]->median;
		return comparison_add(c, &row);
	}
	if (counts) {
		instructions_compare(&row, a, b);
	} else {
		rates_reason(&row, a, b);
		if (compare_estimators(&row, a, b))
			rc = time_compare(&row, a, b, tsc_hz, between);
	}
	if (rc == 0)
		rc = comparison_add(c, &row);
	return rc < 0 ? rc : exits_compare(c, a, b, tsc_hz, o);
}
