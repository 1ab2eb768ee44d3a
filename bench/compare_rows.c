/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One row of two results: its time by its launches, its counts exactly. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/compare_private.h"
#include "bench/stats.h"

#define EXITS_SHARE		0.02	/* as in a result: what exits may differ where interrupts are among them */
#define EXITS_STRAY		0.01
#define EXITS_TOLD		0.5	/* an operation's own exit would be seen */
#define STRAY_EXITS_A_SECOND	4000.0	/* timers of host and guest, with what is executed around the operation */

static void change_begin(struct change *row, const struct result *a, const struct result *b, enum change_measure m)
{
	*row = (struct change){ .measure = m, .a = NAN, .b = NAN, .ratio = NAN, .lo = NAN, .hi = NAN, .p = NAN,
				.p_holm = NAN, .n_a = a->n_launches, .n_b = b->n_launches };
	snprintf(row->op, sizeof(row->op), "%s", a->op);
	snprintf(row->engine, sizeof(row->engine), "%s", a->engine);
	snprintf(row->via, sizeof(row->via), "%s", a->via);
}

/* Does a property of the row differ that must not? Says so in (row). */
static bool property_differs(struct change *row, const char *key, const char *a, const char *b, bool allowed)
{
	if (allowed || !strcmp(a, b))
		return false;
	row->word = CHANGE_INCOMPARABLE;
	snprintf(row->key, sizeof(row->key), "%s", key);
	snprintf(row->why, sizeof(row->why), "%s is %s in A and %s in B", key, *a ? a : "unknown", *b ? b : "unknown");
	return true;
}

static bool row_incomparable(struct change *row, const struct result *a, const struct result *b,
			     const struct compare_options *o)
{
	bool emulated = !strcmp(a->provenance, "emulated") || !strcmp(b->provenance, "emulated");

	return property_differs(row, "clock", a->clock, b->clock, false) ||
	       property_differs(row, "provenance", a->provenance, b->provenance,
				!emulated && compare_allowed(o, "provenance")) ||
	       property_differs(row, "memory", a->memory, b->memory, compare_allowed(o, "memory"));
}

/* Medians of the launches that have one. Owned by the caller; NULL: out of memory. */
static double *launch_medians(const struct result *r, double less, size_t *n)
{
	double *v = calloc(r->n_launches + 1, sizeof(*v));

	*n = 0;
	for (size_t i = 0; v && i < r->n_launches; i++)
		if (r->launch[i].n && isfinite(r->launch[i].median))
			v[(*n)++] = r->launch[i].median - less;
	return v;
}

/*
 * An operation near ten brackets may be measured in single shots here and by differences there. A single shot has its
 * bracket in it, or a part of that: the interval then holds both readings.
 */
static void bracket_widen(struct change *row, const struct result *a, const struct result *b)
{
	const struct result *single = a->differenced ? b : a;
	double share = single->median > 0 ? single->empty_bracket / single->median : NAN;

	snprintf(row->why, sizeof(row->why), "single shots in %s and differences in %s: the interval is wider by a bracket",
		 a->differenced ? "B" : "A", a->differenced ? "A" : "B");
	if (!(share < 1)) {
		row->lo = row->hi = row->p = NAN;
		return;
	}
	if (single == a)
		row->hi /= 1 - share;
	else
		row->lo *= 1 - share;
}

static int time_compare(struct change *row, const struct result *a, const struct result *b)
{
	double *x = launch_medians(a, 0, &row->n_a), *y = launch_medians(b, 0, &row->n_b);
	int rc = x && y ? 0 : -ENOMEM;

	if (rc == 0) {
		bool interval = stats_ratio_ci95(x, row->n_a, y, row->n_b, &row->ratio, &row->lo, &row->hi);
		size_t least = row->n_a < row->n_b ? row->n_a : row->n_b;

		row->a = stats_median(x, row->n_a);
		row->b = stats_median(y, row->n_b);
		if (interval) {
			row->p = stats_rank_sum_p(x, row->n_a, y, row->n_b);
			if (a->differenced != b->differenced)
				bracket_widen(row, a, b);
		} else if (least < COMPARE_LAUNCHES) {
			snprintf(row->why, sizeof(row->why), "%zu launch%s: an interval needs %d", least,
				 least == 1 ? "" : "es", COMPARE_LAUNCHES);
		} else {
			row->ratio = NAN;
			snprintf(row->why, sizeof(row->why), "a launch measured nothing above zero: too short for this clock");
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

	row->ratio = row->b / row->a;
	row->lo = row->hi = row->ratio;
	if (more == 0)
		row->ratio = row->lo = row->hi = 1;
	if (fabs(more) <= row->threshold * row->a)
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

/* An emulator's clock: launches agree to the last instruction, or the row is none that can be counted. */
static void instructions_compare(struct change *row, const struct result *a, const struct result *b)
{
	row->a = a->median;
	row->b = b->median;
	row->exact = true;
	if (a->range_lo == a->range_hi && b->range_lo == b->range_hi) {
		count_judge(row);
		return;
	}
	snprintf(row->why, sizeof(row->why), "the count is not the same in every launch");
	if (b->range_lo > a->range_hi || b->range_hi < a->range_lo) {
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
static double exits_stray(const struct result *a, const struct result *b, double tsc_hz)
{
	double stray = EXITS_STRAY + EXITS_SHARE * fmax(a->exits_observed, b->exits_observed);

	if (strcmp(a->clock, "tsc") || !strcmp(a->engine, "vmx") || !strcmp(a->engine, "svm"))
		return 0;
	return tsc_hz > 0 ? stray + STRAY_EXITS_A_SECOND * fmax(a->median, b->median) / tsc_hz : stray;
}

static void exits_compare(struct change *row, const struct result *a, const struct result *b, double stray)
{
	row->a = a->exits_observed;
	row->b = b->exits_observed;
	row->exact = true;
	if (fabs(row->b - row->a) <= stray) {
		row->ratio = row->lo = row->hi = 1;	/* as far as it can be known */
		row->word = CHANGE_NONE;
		return;
	}
	count_judge(row);
	if (row->word != CHANGE_NONE)
		snprintf(row->why, sizeof(row->why), "exits per operation: %.4g, then %.4g", row->a, row->b);
}

int compare_rows(struct comparison *c, const struct result *a, const struct result *b, double tsc_hz,
		 const struct compare_options *o)
{
	bool counts = !strcmp(result_unit(a->clock), "instructions");
	struct change row;
	double stray;
	int rc = 0;

	change_begin(&row, a, b, counts ? MEASURE_INSTRUCTIONS : MEASURE_TIME);
	row.threshold = counts ? count_threshold(o, a->op) : compare_threshold(o, a->op);
	if (row_incomparable(&row, a, b, o)) {
		row.a = a->median;
		row.b = b->median;
		return comparison_add(c, &row);
	}
	if (counts)
		instructions_compare(&row, a, b);
	else
		rc = time_compare(&row, a, b);
	if (rc == 0)
		rc = comparison_add(c, &row);
	if (rc < 0 || isnan(a->exits_observed) || isnan(b->exits_observed))
		return rc;
	stray = exits_stray(a, b, tsc_hz);
	if (stray >= EXITS_TOLD && fabs(a->exits_observed - b->exits_observed) <= stray)
		return 0;	/* interrupts hide what one would want to know */
	change_begin(&row, a, b, MEASURE_EXITS);
	row.threshold = count_threshold(o, a->op);
	exits_compare(&row, a, b, stray);
	return comparison_add(c, &row);
}
