/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * summarise.h - the launches of one row as a result. Pure. Only bench/ and its tests include this.
 */
#ifndef VTSCOPE_BENCH_SUMMARISE_H
#define VTSCOPE_BENCH_SUMMARISE_H

#include "bench/collector.h"
#include "bench/op.h"
#include "bench/result.h"

struct summary_context {
	const struct engine_ops *engine;
	const struct engine_info *info;
	uint64_t tsc_hz;
	bool lfence_assumed;		/* nothing shows that LFENCE serialises here */
};

/* Fills (r), whose owned parts are the caller's then. (t) has at least one launch. 0 or -ENOMEM. */
int tally_summarise(struct result *r, const struct tally *t, const struct op *op, const struct summary_context *c);

#endif
