/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known to be in a time beside the operation, and not how much: the interval holds all readings. */
#include <math.h>
#include <stddef.h>
#include <stdio.h>

#include "bench/compare_private.h"

#define LONG_SECONDS	1e-3	/* slices of a scheduler are some milliseconds */
#define WAITED_TOLD	0.02

static bool both_known(const struct side *s, size_t member)
{
	for (size_t i = 0; i < s->n; i++) {
		double median = *(const double *)((const char *)s->run[i] + member);

		if (!(median > 0) || !isfinite(median) || !(s->run[i]->median > 0))
			return false;
	}
	return true;
}

static void levels_take(struct side *s, bool differenced)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct result *r = s->run[i];

		if (r->differenced != differenced)
			s->scale[i] *= (differenced ? r->diff_median : r->single_median) / r->median;
	}
}

static bool estimators_mixed(const struct side *a, const struct side *b)
{
	bool first = a->run[0]->differenced, mixed = false;

	for (size_t i = 0; i < a->n + b->n; i++)
		mixed |= (i < a->n ? a->run[i] : b->run[i - a->n])->differenced != first;
	return mixed;
}

bool compare_estimators(struct change *row, struct side *a, struct side *b)
{
	static const struct { size_t member; bool differenced; } way[] = {
		{ offsetof(struct result, diff_median), true }, { offsetof(struct result, single_median), false },
	};

	if (!estimators_mixed(a, b))
		return true;
	for (size_t i = 0; i < sizeof(way) / sizeof(way[0]); i++)
		if (both_known(a, way[i].member) && both_known(b, way[i].member)) {
			levels_take(a, way[i].differenced);
			levels_take(b, way[i].differenced);
			snprintf(row->why, sizeof(row->why), "reported in single shots on one side and by differences on the other; "
				 "compared by %s", way[i].differenced ? "differences" : "single shots");
			return true;
		}
	snprintf(row->why, sizeof(row->why), "measured in single shots on one side and by differences on the other, never in both");
	return false;
}

static double shortest(const struct side *s)
{
	double least = INFINITY;

	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; k < s->run[i]->n_launches; k++)
			if (s->run[i]->launch[k].n)
				least = fmin(least, s->scale[i] * s->run[i]->launch[k].min);
	return least;
}

/* The largest share of a launch's time in which it was ready and did not run; 0 where nobody watched. */
static double waited_share(const struct side *s)
{
	double most = 0;

	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; k < s->run[i]->n_launches; k++) {
			const struct disturb_launch *d = &s->run[i]->launch[k].disturb;
			double waited = fmax(0, d->grew.waited) + fmax(0, d->grew.steal) + fmax(0, d->grew.throttled);

			if (d->watched && d->grew.seconds > 0)
				most = fmax(most, waited / d->grew.seconds);
		}
	return most;
}

/* Without anyone who watched: the shortest executions are those that had the processor; a change moves them, too. */
static void shortest_check(struct change *row, const struct side *a, const struct side *b)
{
	double ratio = shortest(b) / shortest(a), over = 1 + row->threshold;

	if (!(ratio > 0) || (row->ratio <= over && row->ratio >= 1 / over) || (row->ratio > over && ratio > over) ||
	    (row->ratio < 1 / over && ratio < 1 / over))
		return;
	row->p = 1;
	snprintf(row->why, sizeof(row->why), "so long that what else ran is in it, and the shortest executions did not change "
		 "as much (%+.1f %%)", 100 * (ratio - 1));
}

void compare_long(struct change *row, const struct side *a, const struct side *b, double tsc_hz)
{
	double in_a = waited_share(a), in_b = waited_share(b);

	if (!(tsc_hz > 0) || !(fmin(row->a, row->b) > LONG_SECONDS * tsc_hz))
		return;
	shortest_check(row, a, b);
	if (in_a >= 1 || in_b >= 1) {
		row->lo = row->hi = row->p = NAN;
		return;
	}
	row->hi /= 1 - in_a;
	row->lo *= 1 - in_b;
	if (fmax(in_a, in_b) > WAITED_TOLD)
		snprintf(row->why, sizeof(row->why), "so long that waiting for the processor is in it: up to %.0f %% in A, %.0f %% "
			 "in B", 100 * in_a, 100 * in_b);
}
