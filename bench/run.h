/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * run.h - carry a plan out. bench/ and cli/ include this.
 */
#ifndef VTSCOPE_BENCH_RUN_H
#define VTSCOPE_BENCH_RUN_H

#include "bench/plan.h"

struct run_progress {
	double fraction;	/* 0..1 */
	double eta;		/* seconds */
	const char *engine;	/* at work */
	unsigned launch, launches;
};

struct run_hooks {
	void *ctx;
	void (*progress)(void *ctx, const struct run_progress *p);	/* may be NULL; called between launches and rows */
};

/*
 * Launches of different engines are interleaved in seeded random order. A row that faults or is late is failed for
 * good, the launch's remaining rows are launched again. SIGINT: returns 0 with what was measured, r->interrupted set.
 */
int bench_run(struct result_set *r, const struct plan *p, const struct bench_options *o, const struct snapshot *s,
	      const struct verdict *v, uint64_t tsc_hz, const struct run_hooks *h, struct err *e);

/* The TSC's rate against CLOCK_MONOTONIC_RAW, measured over about 20 ms; the CPUID/kernel value where one is exact. */
uint64_t tsc_calibrate(const struct snapshot *s);

#endif
