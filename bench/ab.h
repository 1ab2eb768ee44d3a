/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ab.h - two configurations measured in one session, launch by launch in random order. bench/ and cli/ include this.
 *
 * A pair is a launch of each: the same rows in the same order with the same memory layout (the pair's seed), one right
 * after the other, which of them first is drawn. What a machine does over minutes so hits both.
 */
#ifndef VTSCOPE_BENCH_AB_H
#define VTSCOPE_BENCH_AB_H

#include "bench/compare.h"
#include "bench/paired.h"
#include "bench/run.h"

/* Why a side skips what it could measure. */
#define AB_OTHER_SIDE "the other side of the session cannot measure it"

struct ab_side {
	const struct plan *plan;		/* borrowed; its rows are matched to the other side's by operation */
	const struct bench_options *options;	/* borrowed, those of the plan */
};

struct ab_options {
	const struct compare_options *compare;	/* thresholds */
	unsigned pairs;			/* the cap; 0: PAIRS_DEFAULT */
	double seconds;			/* of all of it; 0: as long as the cap takes */
	double precision;		/* half-width of the ratio at which an operation is done; 0: a third of its threshold */
	/* Before each launch of side 0 or 1; NULL: nothing. Not 0: the session ends there. */
	int (*setup)(void *ctx, unsigned side, unsigned pair, struct err *e);
	void *setup_ctx;
};

struct ab {
	struct result_set side[2];	/* owned: each side as a run of its own; launch k of a row is its pair k */
	struct comparison comparison;	/* owned */
	unsigned pairs;			/* begun */
	struct err setup;		/* code not 0: ab_options.setup failed, and this is what there was until then */
	bool out_of_time;		/* ab_options.seconds ended it before every operation was done */
};

/*
 * SIGINT, or a setup that fails: returns 0 with what there is, both sides' interrupted set. -EINVAL when the plans have no operation in common;
 * otherwise as bench_run(). (out) is to be freed after 0.
 */
int ab_run(struct ab *out, const struct ab_side side[2], const struct ab_options *o, const struct snapshot *s,
	   const struct verdict *v, uint64_t tsc_hz, const struct run_hooks *h, struct err *e);
void ab_free(struct ab *a);

#endif
