/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench_sample.h - a result set with every kind of row, for tests of what writes and reads results.
 * Only tests include this.
 */
#ifndef VTSCOPE_TESTS_UNIT_BENCH_SAMPLE_H
#define VTSCOPE_TESTS_UNIT_BENCH_SAMPLE_H

#include "bench/result.h"

/* Two results (single and differenced), a skipped, an unverified and a failed row. */
void bench_sample(struct result_set *r);

#endif
