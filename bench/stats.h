/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stats.h - pure statistics over small sets (launch medians). bench/ and report/ include this.
 */
#ifndef VTSCOPE_BENCH_STATS_H
#define VTSCOPE_BENCH_STATS_H

#include <stdbool.h>
#include <stddef.h>

/* Sorts (v). NAN when n is 0. */
double stats_median(double *v, size_t n);

/*
 * 95 % interval of the median from interpolated order statistics (Hettmansperger & Sheather 1986).
 * False when n < 6: no such interval exists. Sorts (v).
 */
bool stats_median_ci95(double *v, size_t n, double *lo, double *hi);

#endif
