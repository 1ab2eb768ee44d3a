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
	uint32_t min_samples;		/* a launch is asked for */
	bool lfence_assumed;		/* nothing shows that LFENCE serialises here */
};

/* Has any launch given a number of it? */
bool tally_measured(const struct tally *t);

/*
 * VM exits per operation that (info)'s counter should show; NAN where it counts none, where nothing can exit, and where
 * the operation's exits depend on controls. A software KVM counts: that it shows others is what tells it. Under the
 * project's own monitor each row has the controls that make it exit, and the number is exact.
 */
double exits_expected(const struct op *op, const struct engine_info *info);

/* Fills (r), whose owned parts are the caller's then. (t) is measured. 0 or -ENOMEM. */
int tally_summarise(struct result *r, const struct tally *t, const struct op *op, const struct summary_context *c);

/* Moves the samples that (t) kept of the headline's pass to the launches of (r), which is (t) summarised. */
void tally_move_raw(struct result *r, struct tally *t, const struct op *op);

#endif
