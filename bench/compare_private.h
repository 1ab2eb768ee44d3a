/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * compare_private.h - between the files of compare. Only bench/compare*.c and bench/ab_compare.c include this.
 */
#ifndef VTSCOPE_BENCH_COMPARE_PRIVATE_H
#define VTSCOPE_BENCH_COMPARE_PRIVATE_H

#include "bench/compare.h"

/*
 * One row in the runs of one side that have it. (scale): what makes ticks of each run's TSC ticks of the first run of A's,
 * 1 where the two have one rate.
 */
struct side { const struct result **run; double *scale; size_t n; };

/* What several runs say of how runs differ: the sum of squares of their logarithms around their sides' means. */
struct between { double squares; size_t freedom; };

/* That two calibrations of one TSC may differ. */
#define COMPARE_TSC_SHARE	0.01

/* Is a difference of (key) allowed? */
bool compare_allowed(const struct compare_options *o, const char *key);

/* The user's own threshold of an operation, NULL: none. */
const struct op_threshold *compare_op_threshold(const struct compare_options *o, const char *op);

/* A row that worked in A, as (a), and failed in B is no silence: adds it as incomparable. (side): where it failed. -ENOMEM. */
int compare_failed(struct comparison *c, const struct result *a, const char *side, const char *reason);

/* Adds to (c)'s differences what run (r) of one side has otherwise than the first run of that side. -errno. */
int compare_side_keys(struct comparison *c, const struct result_set *first, const struct result_set *r, bool in_b,
		      const struct compare_options *o, struct err *e);

/* Adds the changes of one row, both sides of which have a run. (spread): where to put what runs say. -ENOMEM. */
int compare_rows(struct comparison *c, struct side *a, struct side *b, double tsc_hz,
		 const struct compare_options *o, struct between *spread);

/*
 * An operation near ten brackets may be reported in single shots here and by differences there, and the two are far apart
 * where a copy behind another costs more than one alone. Scales the runs to an estimator that all of them have, differences
 * first: the bracket is in none of these. False, with the reason in (row): there is none.
 */
bool compare_estimators(struct change *row, struct side *a, struct side *b);

/*
 * An operation that is longer than the kernel lets a process run holds what else ran: twice as long beside one neighbour,
 * for all launches of a run. Widens the interval by what launches waited.
 */
void compare_long(struct change *row, const struct side *a, const struct side *b, double tsc_hz);

/*
 * Widens the intervals of all times, and their p, by what two runs of the same differ by. (between): one for each
 * change. (first): compare_options.first. -ENOMEM.
 */
int compare_between(struct comparison *c, const struct between *between, const struct comparison *first);

#endif
