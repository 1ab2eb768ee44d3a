/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * carrier.h - what carriers of a runner share: the order of its records, and watching one that cannot ring a
 * doorbell (another process with shared guest memory, or one that sends lines). Only engines in minivmm/ and their tests include this.
 */
#ifndef VTSCOPE_MINIVMM_CARRIER_H
#define VTSCOPE_MINIVMM_CARRIER_H

#include "minivmm/engine.h"

/*
 * Stands between guest_ring_drain() and a launch's sink and lets only records through that make sense for the
 * launch: a row that it has, begun once, its samples, its end. After the first that does not, nothing.
 */
struct record_gate {
	struct sink sink;	     /* records go here: from guest_ring_drain(), from a decoder */
	const struct launch *launch; /* borrowed */
	const struct sink *to;	     /* borrowed */
	uint32_t row;		     /* row at work, launch->row_count: none */
	uint32_t next;		     /* rows below have begun */
	uint64_t begun_ns;	     /* CLOCK_MONOTONIC when the row at work was seen to begin */
	char wrong[160];	     /* what made no sense; empty: nothing */
};
void record_gate_init(struct record_gate *g, const struct launch *l, const struct sink *to);
/* Is the launch that began at (start_ns), or the row at work, past its deadline? Then (stop) says which. */
bool record_gate_late(const struct record_gate *g, uint64_t start_ns, struct vm_stop *stop);

/*
 * Takes the registers of a guest that has stopped, as (stop) says it did. Where KVM serves it with SVM a triple fault
 * resets the processor before anyone can ask: what it holds then is nothing of the guest's, and (stop) says so.
 */
void vm_stop_regs(struct vm_stop *stop, const struct vm_regs *regs);

struct carrier {
	const struct launch *launch; /* borrowed */
	const struct sink *sink;     /* borrowed */
	unsigned char *mem;	     /* guest memory, shared with the carrier; NULL: poll() gives the gate its records */
	uint64_t mem_bytes;
	struct record_gate *gate;    /* initialised; NULL where (mem) is not: it has its own */
	void *ctx;
	/* Has it ended? 1 ended, 0 still at work, -errno (with (e) filled): it cannot be told. Passes console bytes on. */
	int (*poll)(void *ctx, struct err *e);
};

/*
 * Drains the ring about every millisecond until the carrier has ended, was late, or was interrupted.
 *
 * 0: (stop->row) is set, and (stop->kind) is
 *   VM_STOP_EXIT		poll() said it ended and all records are drained: the caller decodes how it ended
 *   VM_STOP_DEADLINE, VM_STOP_INTERRUPTED, VM_STOP_PROTOCOL
 *				with native and text filled; it may still run: the caller ends it
 * -errno when poll() failed or memory ran out; the caller ends the carrier.
 * A launch without rows has no control page: then only the end, the deadline and the user are watched.
 */
int carrier_watch(const struct carrier *c, struct vm_stop *stop, struct err *e);

#endif
