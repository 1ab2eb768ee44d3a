/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * core_clock.h - core cycles and reference cycles of a CPU while it does not idle: their ratio says how many core
 * cycles a tick of the TSC was. Only bench/ includes this.
 *
 * APERF and MPERF (MSRs E8H and E7H; SDM vol. 3, 15.2, APM vol. 2, 17.3) where they can be read, else the counters that
 * perf_event offers for this CPU: the same two, or cycles and ref-cycles.
 */
#ifndef VTSCOPE_BENCH_CORE_CLOCK_H
#define VTSCOPE_BENCH_CORE_CLOCK_H

#include "probe/snapshot.h"

struct core_clock {
	int msr;	/* borrowed: /dev/cpu/N/msr; -1: not this way */
	int event[2];	/* perf events: core, reference; -1: not this way */
};

/* Finds a way, or none: then both counts are NAN. (msr): open /dev/cpu/(cpu)/msr, -1: none. */
void core_clock_open(struct core_clock *c, int cpu, int msr, const struct snapshot *s);
void core_clock_read(const struct core_clock *c, double *core, double *reference);
void core_clock_close(struct core_clock *c);

#endif
