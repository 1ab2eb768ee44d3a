/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * compare_private.h - between the files of compare. Only bench/compare*.c include this.
 */
#ifndef VTSCOPE_BENCH_COMPARE_PRIVATE_H
#define VTSCOPE_BENCH_COMPARE_PRIVATE_H

#include "bench/compare.h"

/* Is a difference of (key) allowed? */
bool compare_allowed(const struct compare_options *o, const char *key);

/* The user's own threshold of an operation, NULL: none. */
const struct op_threshold *compare_op_threshold(const struct compare_options *o, const char *op);

/* Adds the changes of two results of the same row. -ENOMEM. */
int compare_rows(struct comparison *c, const struct result *a, const struct result *b, double tsc_hz,
		 const struct compare_options *o);

#endif
