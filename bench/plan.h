/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plan.h - which rows (operation, engine) will run, in seeded order, with budgets; what will not, and why.
 * bench/ and cli/ include this.
 */
#ifndef VTSCOPE_BENCH_PLAN_H
#define VTSCOPE_BENCH_PLAN_H

#include "bench/op.h"
#include "bench/result.h"
#include "minivmm/engine.h"

struct bench_options {
	const char *const *engines; size_t n_engines;	/* names; 0: all */
	const char *const *op_globs; size_t n_op_globs;	/* 0: all */
	const char *const *excludes; size_t n_excludes;
	const char *via;		/* NULL: "auto" */
	bool quick, force;
	unsigned launches;		/* 0: 10, quick 3 */
	double seconds;			/* --time: for everything; 0: quick 45, else by launches */
	int cpu;			/* first CPU of --cpu, -1: choose */
	uint64_t seed;			/* 0: random */
};

enum plan_state { PLAN_RUN, PLAN_SKIP, PLAN_UNVERIFIED };

struct plan_row {
	const struct op *op;
	const struct engine_ops *engine;
	enum plan_state state;
	char check[32];			/* the need that was not met */
	char reason[240], hint[400];
	uint64_t budget;		/* ticks a launch */
};

struct plan {
	struct plan_row *row; size_t n;	/* owned, grouped by nothing: launch order is made by run */
	unsigned launches;
	uint64_t seed;
	double seconds;			/* estimate of the whole, for --dry-run and the ETA */
};

/* -EINVAL with the nearest name for an unknown engine or a glob that matches nothing. */
int plan_make(struct plan *p, const struct bench_options *o, const struct verdict *v, uint64_t tsc_hz, struct err *e);
void plan_free(struct plan *p);

#endif
