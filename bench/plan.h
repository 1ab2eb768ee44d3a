/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plan.h - which rows (operation, engine) will run, and what will not, with the reason. bench/ and cli/ include this.
 */
#ifndef VTSCOPE_BENCH_PLAN_H
#define VTSCOPE_BENCH_PLAN_H

#include "bench/disturb.h"
#include "bench/op.h"
#include "bench/result.h"
#include "minivmm/engine.h"

struct bench_options {
	const char *const *engines; size_t n_engines;	/* names; 0: all */
	const char *const *op_globs; size_t n_op_globs;	/* 0: all */
	const char *const *excludes; size_t n_excludes;
	const char *via;		/* NULL: "auto" */
	const char *exec;		/* the command of the engine exec, NULL: none */
	bool quick, force;
	bool raw;			/* keep samples */
	unsigned launches;		/* 0: 10, quick 3 */
	double seconds;			/* --time: the whole run ends within it; 0: quick 54, else by launches */
	int cpu;			/* to measure on, -1: leave it to the kernel */
	uint64_t seed;			/* 0: random */
	const void *image; size_t image_bytes;	/* another guest (native: runner program); NULL: the one built in */
	const char *qemu;		/* another QEMU; NULL: the one in PATH */
	double precision;		/* --precision: launch until the interval is +- this share of the median; 0: no */
	const struct engine_ops *const *table;		/* to choose engines from; NULL: engines[]. For tests. */
	size_t n_table;
	const struct disturb_reader *disturb;	/* who counts disturbances; NULL: this machine, with (table) nobody. For tests. */
};

/* PLAN_SKIP: this machine does not have it. PLAN_FAIL: it was tried, and is broken; that is a failed row, no skipped one. */
enum plan_state { PLAN_RUN, PLAN_SKIP, PLAN_UNVERIFIED, PLAN_FAIL };

struct plan_engine {
	const struct engine_ops *ops;
	struct engine *engine;		/* owned; NULL: its needs are not met, or it did not open */
	const struct engine_info *info;	/* of (engine) */
	size_t runnable;		/* rows */
	unsigned launches;
};

struct plan_row {
	const struct op *op;
	size_t engine;			/* index in plan.engine */
	enum plan_state state;
	char check[32];			/* the need that was not met, "" : none of them */
	char reason[240], hint[400];
};

struct plan {
	struct plan_engine *engine; size_t n_engines;	/* owned */
	struct plan_row *row; size_t n;			/* owned; the order of rows means nothing: run makes it */
	size_t runnable;
	unsigned launches;
	uint64_t seed;
	double limit;			/* seconds: never more */
	double row_seconds;		/* for one row in one launch, at most */
	double seconds;			/* estimate of the whole, for --dry-run */
	int cpu;
	uint32_t raw;			/* samples to keep of each row in each launch, at most; 0: none */
	char left_out[64];		/* engines that would run here, but on an emulated processor, and were not asked for */
};

/* Does (engine)'s clock count an emulator's instructions? Its rows have budgets of their own. */
bool plan_counts_instructions(const struct plan_engine *engine);

/*
 * Evaluates every engine's needs in (v) and opens those that may run. (o), (s) and (v) are borrowed for the life of
 * the plan. -EINVAL with the nearest name for an unknown engine, carrier or model, or a glob that matches nothing.
 */
int plan_make(struct plan *p, const struct bench_options *o, const struct snapshot *s, const struct verdict *v,
	      uint64_t tsc_hz, struct err *e);
void plan_free(struct plan *p);

#endif
