/* SPDX-License-Identifier: GPL-2.0-or-later */
/* root.h - the parts of the runner in ring 0. Only bench/root/ includes this. */
#ifndef VTSCOPE_BENCH_ROOT_ROOT_H
#define VTSCOPE_BENCH_ROOT_ROOT_H

#include "bench/guest/kernel.h"
#include "bench/guest/machine.h"
#include "bench/guest/runner.h"
#include "minivmm/monitor/monitor.h"

#pragma GCC visibility push(hidden)

struct root {
	struct runner runner;		/* first: row hooks get it from their row */
	const struct ring0_platform *platform;
	struct monitor monitor;		/* not on for RING0_NATIVE */
	struct vcpu vcpu;
	bool guest_faulted;		/* an exception in a guest that protected nothing: */
	struct guest_fault guest_fault;
	struct ring0_counters counted;	/* of the row at work, up to its last doorbell */
};

static inline struct root *root_of(const struct row_run *run)
{
	return (struct root *)run->runner;
}

/* The argument of a row without a piece of the arena: OFFSET of ops.def. */
static inline uint64_t root_arg(const struct row_run *run)
{
	return run->row->arg[0];
}

/*
 * An operation of level R, root_<BODY> in ops.def. open() makes the processor and the row's registers ready, and
 * sets run->shot, before, one_copy and pairs where a bracket around the body is not what is wanted; false: this
 * processor cannot, after root_missing() said why. close() puts things back; it is called when open() was true.
 */
struct root_op {
	const char *start, *end; /* the body, BODY_COPIES copies as in bench/guest/ops.S; NULL: run->shot does it */
	bool (*open)(struct row_run *run);
	void (*close)(struct row_run *run);
};

/* ops.c: NULL for rows that are not of level R. */
const struct root_op *root_op_of(uint32_t op);

/* exits.c: the body of a row of level M. */
void exits_row_body(struct row_run *run);
/* What a row of level K, U, A or M wants of the guest it runs in. False: it cannot be had, (why). */
bool exits_row_setup(struct row_run *run, struct vcpu *v, struct monitor_why *why);
void exits_row_close(struct row_run *run, struct vcpu *v);
/* Is an exit what the row measures? */
bool exits_row_exits(const struct row_run *run);
/* Is one exit all that an operation of the row is, so that it can be split? */
bool exits_row_splits(const struct row_run *run);

/* The bracket of (run) that a guest of the monitor can execute. */
void root_guest_bracket(struct row_run *run);

/* "needs TEXT, which this processor does not have" as the row's log line. Returns false, for open() to return. */
bool root_missing(struct row_run *run, const char *text);

#pragma GCC visibility pop
#endif
