/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * run_private.h - a run at work: what the schedule (run.c) and a launch (launch.c) share. Nobody else includes this.
 */
#ifndef VTSCOPE_BENCH_RUN_PRIVATE_H
#define VTSCOPE_BENCH_RUN_PRIVATE_H

#include "bench/collector.h"
#include "bench/random.h"
#include "bench/run.h"

/* Rows that go into one launch: those of an engine, its irqchip rows apart. */
struct part {
	size_t engine;
	bool irqchip;
	uint32_t *row; uint32_t n;	/* owned: plan rows that are still to be measured */
	unsigned left;			/* launches to come */
	double overhead;		/* seconds a launch costs beside its rows, as measured */
	double stretch;			/* time that rows take, in budgets, as measured */
	bool timed;			/* the two above are no guesses any more */
};

struct run {
	struct result_set *r;
	const struct plan *p;
	const struct run_hooks *hooks;
	struct collector *c;
	struct tally *tally;		/* owned, by plan row */
	struct part *part; size_t n_parts;	/* owned */
	const struct part *now;		/* at work */
	bool *closed;			/* owned, by plan row: it has been reported as failed or skipped */
	bool *settled;			/* owned, by plan row: enough is known of it, no launch has it any more */
	size_t *look;			/* owned, by plan row: launches at which --precision looks at it next, 0: the first time */
	struct random random;
	uint64_t tsc_hz;
	bool quick;
	double precision;		/* 0: every launch of the plan */
	const void *image; size_t image_bytes;	/* borrowed; NULL: the one that is built in */
	double start, soft, hard;	/* seconds: of CLOCK_MONOTONIC; rows are to be done by soft */
	uint64_t done;			/* row launches */
	const struct disturb_reader *watch;	/* NULL: nothing is watched */
	struct disturb_watch *watching;	/* owned, NULL: none; its reader: */
	struct disturb_reader reader;
	double repeated;		/* seconds that went into measuring again what was disturbed */
	bool repeating;			/* the carrier that will do it is paid for in these */
	bool interrupted, out_of_time;
	int error;			/* -ENOMEM */
};

/* An emulator's budget of a row, in instructions, and how many a second it is taken to execute. */
#define COUNT_BUDGET	300000u
#define COUNT_HZ	20e6
#define COUNT_SAMPLES	64u

/* Fewer samples of a row in a launch are told. A count of instructions hardly varies. */
static inline uint32_t run_min_samples(const struct run *u, size_t engine)
{
	if (plan_counts_instructions(&u->p->engine[engine]))
		return 8;
	return u->quick ? 32 : 64;
}

/* Ticks of (engine)'s clock in a second of the host's. */
static inline double run_hz(const struct run *u, size_t engine)
{
	return plan_counts_instructions(&u->p->engine[engine]) ? COUNT_HZ : (double)u->tsc_hz;
}

/*
 * A run in steps, for who decides between rounds how many there are: begin, rounds, end. (u) is zeroed; end frees it in
 * every case, and (r) where it returns -errno.
 */
int run_begin(struct run *u, struct result_set *r, const struct plan *p, const struct bench_options *o,
	      const struct snapshot *s, const struct verdict *v, uint64_t tsc_hz, const struct run_hooks *h, struct err *e);
/* Every part launches once, in an order of its own: what drifts hits all engines alike. (round) from 0. */
void run_round(struct run *u, unsigned round);
int run_end(struct run *u, const struct snapshot *s, int rc, struct err *e);
/* No launch after this one has row (i) of the plan. */
void run_settle(struct run *u, uint32_t i);
/* One launch of (part): as many carriers as it takes to get through its rows. */
void part_launch(struct run *u, struct part *part);
/* Reports row (i) of the plan as skipped. */
void row_skip(struct run *u, uint32_t i, const char *reason, const char *hint);

#endif
