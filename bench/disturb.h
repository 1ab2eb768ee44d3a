/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * disturb.h - what disturbed a measurement: counters around it, and when it is too much. bench/, report/, cli/ include
 * this.
 *
 * Thresholds are those of doc/method.md. What cannot be read is NAN, and never over one.
 */
#ifndef VTSCOPE_BENCH_DISTURB_H
#define VTSCOPE_BENCH_DISTURB_H

#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"
#include "probe/snapshot.h"

/* Counters at one moment, or what they grew by in between. */
struct disturb {
	double seconds;			/* CLOCK_MONOTONIC */
	double context_switches;	/* the carrier was put aside for another task */
	double waited;			/* seconds that it was ready and did not run */
	double migrations;		/* to another CPU */
	double interrupts;		/* of the CPU it is pinned to */
	double steal;			/* seconds that the outer hypervisor took from it */
	double throttled;		/* seconds that the control group was kept from running */
	double smis;			/* Intel, bare metal, root */
	double core, reference;		/* APERF, MPERF or their like; not in the result as they are */
};

#define DISTURB_CAUSES	7
/* "context-switches" "waited" "migrations" "interrupts" "steal" "throttled" "smis" */
const char *disturb_cause_name(unsigned bit_index);

/* What grew from (a) to (b); a counter that stepped back (a thread ended) grew by 0. */
void disturb_between(const struct disturb *a, const struct disturb *b, struct disturb *grew);
/* A bit a cause that is over its threshold in this time. */
unsigned disturb_over(const struct disturb *grew);
/* Core cycles in a tick of the TSC; NAN where they cannot be told. */
double disturb_core_ratio(const struct disturb *grew);

/* Who reads the counters. */
struct disturb_reader {
	void *ctx;
	/* (pid): the carrier's process, 0: the calling thread. */
	void (*read)(void *ctx, int pid, struct disturb *now);
};

#define DISTURB_REPEATS	2	/* a launch of a row, at most */

/* A launch of a row, watched. */
struct disturb_launch {
	bool watched;
	struct disturb grew;
	unsigned over;			/* causes that are over their thresholds in what counts */
	unsigned repeats;		/* how often it was measured again */
	unsigned repeated_for;		/* causes of these */
};

struct disturb_watch;
/* This machine's counters. (cpu): that carriers are pinned to, -1: none. (out) is to be closed. 0 or -ENOMEM. */
int disturb_open(struct disturb_watch **out, int cpu, const struct snapshot *s, struct err *e);
struct disturb_reader disturb_watch_reader(struct disturb_watch *w);
void disturb_close(struct disturb_watch *w);	/* NULL is fine */

#endif
