/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * collector.h - the sink of a launch: records become the launch's numbers, in memory that does not grow with them.
 * Only bench/ and its tests include this.
 */
#ifndef VTSCOPE_BENCH_COLLECTOR_H
#define VTSCOPE_BENCH_COLLECTOR_H

#include <stdbool.h>

#include "bench/disturb.h"
#include "bench/histogram.h"
#include "bench/raw.h"
#include "minivmm/engine.h"

/* What one launch measured of one row. Ticks per execution of the body; NAN where nothing was (n 0: no sample). */
struct launch_values {
	uint64_t n, n_diff;		/* samples, pairs */
	double cold, min, p1, p25, median, p75, p90, p99, p999, max, mean, mad;	/* of single shots */
	double diff_median, diff_min;	/* ticks per body */
	uint32_t copies;		/* n of the differenced pass */
	double empty_median, empty_min;
	uint64_t executions, ticks;
	uint32_t flags;			/* GUEST_END_* */
	bool counted;			/* the two below are there */
	uint64_t exits, interrupts;	/* between the doorbells; a doorbell's own exit is taken off */
	uint64_t n_split;		/* stamped round trips */
	double split_exit, split_handler, split_entry, split_total;	/* their medians */
	/* Samples, where they are kept: ticks per execution of the body, and per body. Owned by the tally. */
	struct raw raw_single, raw_diff;
	struct disturb_launch disturb;
};

/* One row over all launches that began it. */
struct tally {
	struct histogram single;	/* owned; allocated with the first samples: without, nothing was measured */
	struct launch_values *launch; size_t n_launches;	/* owned */
	/* Of the launch at work: what was disturbed and is to be measured again, until that is done. */
	bool holds;
	struct launch_values held;
	struct histogram held_single;	/* owned */
	unsigned repeats, repeated_for;
};
void tally_free(struct tally *t);
/* The launch is over: what was held and not measured again counts after all. 0 or -ENOMEM. */
int tally_settle(struct tally *t);
/* A launch whose samples nobody kept: only what (v) says of them is known. 0 or -ENOMEM. */
int tally_add_values(struct tally *t, const struct launch_values *v);

enum row_outcome {
	ROW_NOT_REACHED,
	ROW_STARTED,		/* begun, not ended */
	ROW_MEASURED,
	ROW_EMPTY,		/* ended without a sample */
	ROW_UNSUPPORTED,	/* the runner cannot execute it there: (why) */
	ROW_FAULTED,		/* it ended with (fault); the launch went on */
	ROW_DISTURBED,		/* measured, but to be measured again */
};

struct collector_row {
	struct tally *tally;		/* borrowed */
	const char *op;			/* borrowed: its name, as a runner that tells names must call it; NULL: any */
	enum row_outcome outcome;
	struct launch_values values;
	struct engine_counters begin, end;
	bool has_begin, has_end;
	struct disturb mark, mark_end;	/* counters of the machine, as near to the row's two ends as its carrier tells */
	bool marked, marked_end;
	double began;			/* seconds of CLOCK_MONOTONIC */
	char why[240];			/* its last log line, printable */
	struct guest_fault fault;
};

#define COLLECTOR_DIFFS 4096
#define COLLECTOR_SPLITS 4096

struct collector {
	struct collector_row row[GUEST_ROWS_MAX];
	uint32_t rows;
	uint32_t at;			/* row whose records come, (rows): none */
	struct histogram single, empty;	/* of the row at work */
	double diff[COLLECTOR_DIFFS];	/* pairs beyond are counted, not kept */
	double split[4][COLLECTOR_SPLITS];	/* exit, handler, entry, their sum; the same */
	struct raw raw_single, raw_diff;	/* of the row at work, where samples are kept */
	bool exact;			/* no doorbell is in the counters */
	bool counts;			/* the engine counts exits; true until said otherwise */
	const struct disturb_reader *watch;	/* borrowed; NULL: nothing is watched */
	int carrier;			/* its process, 0: this thread */
	/* May a row that was disturbed for (seconds) be measured again? NULL: never. */
	bool (*repeat)(void *ctx, double seconds);
	int error;			/* -ENOMEM: a tally could not be kept */
	void (*row_done)(void *ctx);	/* may be NULL */
	void *ctx;
};

int collector_init(struct collector *c);		/* 0 or -ENOMEM */
void collector_free(struct collector *c);
/* From now on, keep up to (cap) samples of each pass of a row in a launch, (cap) even. 0 or -ENOMEM. */
int collector_keep_raw(struct collector *c, uint32_t cap);
/* Before a launch of (rows) rows whose tallies the caller has put in c->row[].tally. */
void collector_start(struct collector *c, uint32_t rows);
/* After it: hands what is complete to the tallies. 0 or -ENOMEM. */
int collector_finish(struct collector *c);
/* The row at work will not be begun again in this launch: that it gave nothing is noted. 0 or -ENOMEM. */
int collector_give_up(struct collector *c);
struct sink collector_sink(struct collector *c);

double clock_seconds(void);	/* CLOCK_MONOTONIC */

#endif
