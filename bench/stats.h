/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stats.h - pure statistics over small sets (launch medians). bench/ and report/ include this.
 */
#ifndef VTSCOPE_BENCH_STATS_H
#define VTSCOPE_BENCH_STATS_H

#include <stdbool.h>
#include <stddef.h>

#define STATS_Z95		1.959964	/* of the normal distribution */
#define STATS_MEDIAN_VARIANCE	1.570796	/* of a median of normal values, by that of their mean */

/* Sorts (v). NAN when n is 0. */
double stats_median(double *v, size_t n);

/*
 * 95 % interval of the median from interpolated order statistics (Hettmansperger & Sheather 1986).
 * Where the values lie in two heaps of about equal weight an end of it is one of them, not a point in the gap.
 * False when n < 6: no such interval exists. Sorts (v).
 */
bool stats_median_ci95(double *v, size_t n, double *lo, double *hi);

/*
 * Launches are added until that interval is narrow. Looking after each would stop where launches agree by chance, so the
 * looks are few: after STATS_FIRST_LOOK, which only tells the spread, and then where the last look lets expect that it
 * will do. (n): of the last look; (wide): its half-width by what is wanted, infinite where it has none.
 */
#define STATS_FIRST_LOOK	6
size_t stats_next_look(size_t n, double wide);

/*
 * Two-sided p that two samples are of one distribution, by the sum of ranks (Wilcoxon, Mann and Whitney): exact, ties
 * included, up to 60 values together. NAN when one is empty or memory ran out.
 */
double stats_rank_sum_p(const double *a, size_t n, const double *b, size_t m);
/* The least size of two samples with which that p can get as small as (p). */
unsigned stats_rank_sum_least(double p);

/*
 * Median of (b) over median of (a), and its 95 % interval out of the two medians' intervals, in logarithms (MOVER: Zou
 * and Donner 2008). False, with no interval, when one has fewer than 6 values or one that is not above 0. Sorts both.
 */
bool stats_ratio_ci95(double *a, size_t n, double *b, size_t m, double *ratio, double *lo, double *hi);

/* Holm's correction (1979) of (n) p values, NAN among them left out. -ENOMEM. */
int stats_holm(const double *p, size_t n, double *corrected);

/* Two-sided p of Student's (t), and the t whose p is 0.05, of 1 degree of freedom or more. */
double stats_student_p(double t, unsigned freedom);
double stats_student_95(unsigned freedom);

/* Of the standard normal distribution. */
double stats_normal_quantile(double p);

#endif
