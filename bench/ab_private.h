/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ab_private.h - a session of pairs at work: what ab.c and ab_compare.c share. Nobody else includes this. */
#ifndef VTSCOPE_BENCH_AB_PRIVATE_H
#define VTSCOPE_BENCH_AB_PRIVATE_H

#include "bench/ab.h"
#include "bench/run_private.h"

#define AB_NONE ((size_t)-1)
#define AB_COUNTED_PAIRS 2u	/* a count of instructions does not vary: the second pair confirms the first */

struct ab_pair { size_t launch[2]; };	/* index in the side's tally, AB_NONE: that launch did not get to the row */

/* An operation on both sides. */
struct ab_row {
	uint32_t index[2];		/* rows of the plans */
	struct ab_pair *pair;		/* owned, one for each pair of launches */
	bool settled;
	bool exact;			/* a count that is the same in every launch of a side */
	bool differenced;
	double threshold, goal;		/* of the ratio's logarithm: what counts, and the half-width that suffices */
	double a, b;			/* medians over launches, per operation */
	double alpha;			/* that its estimate has spent */
	struct paired est;
	size_t unusable;		/* pairs without a number on both sides */
};

struct ab_session {
	const struct ab_options *o;
	struct run run[2];
	struct ab_row *row; size_t n;	/* owned */
	struct paired_rule rule;
	struct random random;
	unsigned pairs;
	double start, deadline;		/* seconds of CLOCK_MONOTONIC */
	struct err setup;
};

/* ---- ab_compare.c ---- */

void ab_goals(struct ab_session *s);
/* Fills the row's estimate from the pairs so far, as of look (number). 0 or -ENOMEM. */
int ab_row_estimate(const struct ab_session *s, struct ab_row *row, unsigned number);
/* Settles what is counted and was the same in all launches. 0 or -ENOMEM. */
int ab_settle_counted(struct ab_session *s);
int ab_compare(struct ab_session *s, struct ab *out, struct err *e);

#endif
