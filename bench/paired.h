/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * paired.h - statistics of pairs: the ratio of two configurations measured side by side, and the declared rule by which
 * pairs are added. Pure. bench/, tests/ include this.
 *
 * In each pair the two sides are launched in random order, so that without a difference the logarithm of their ratio is
 * as likely positive as negative, whatever the machine did meanwhile. The test (Wilcoxon's signed ranks, its exact
 * distribution over the signs) and the interval (Hodges and Lehmann's, the same ranks) rest on nothing else.
 */
#ifndef VTSCOPE_BENCH_PAIRED_H
#define VTSCOPE_BENCH_PAIRED_H

#include <stdbool.h>
#include <stddef.h>

#define PAIRS_MIN	12u	/* of the first look */
#define PAIRS_DEFAULT	36u	/* the cap where none is given */
#define PAIRS_MAX	1000u
#define PAIRED_ALPHA	0.05	/* what all looks spend together */
#define PAIRED_FIRST	0.02	/* of that, the first one */

/*
 * The declared rule. The looks are at 12 pairs, then at half as many more each time (18, 27, 41 ...), and at the cap.
 * Look k has its own share of PAIRED_ALPHA, and an operation is judged at one look only, the one at which it stops; the
 * shares add up to PAIRED_ALPHA, so that this is also the most that the chance of an error can be over all looks, however
 * the stopping depends on the data.
 */
struct paired_rule { unsigned first, cap, looks; };

/* (ops): how many operations are compared. With many, the first look comes later: it could decide nothing. */
struct paired_rule paired_rule(unsigned cap, size_t ops);
unsigned paired_look_at(const struct paired_rule *r, unsigned look);	/* pairs; (look) from 0 */
double paired_alpha(const struct paired_rule *r, unsigned look);	/* its share */
/* The look at which (n) pairs are judged: the first one not behind (n). */
unsigned paired_look_of(const struct paired_rule *r, unsigned n);

/* What pairs say. (half_width) is of the logarithm: 0.0167 is 1.67 % of the ratio. NAN where there is no interval. */
struct paired { size_t n; double ratio, lo, hi, half_width, p; };

/*
 * (v): (n) logarithms of ratios, at most PAIRS_MAX; it is sorted. The interval covers with 1 - (alpha), (p) is
 * two-sided. 0 or -ENOMEM.
 */
int paired_estimate(struct paired *out, double *v, size_t n, double alpha);

#endif
