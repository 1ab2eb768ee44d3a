/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * carrier.h - watches a runner that cannot ring a doorbell (another process with shared guest memory).
 * Only engines in minivmm/ and their tests include this.
 */
#ifndef VTSCOPE_MINIVMM_CARRIER_H
#define VTSCOPE_MINIVMM_CARRIER_H

#include "minivmm/engine.h"

struct carrier {
	const struct launch *launch;	/* borrowed */
	const struct sink *sink;	/* borrowed */
	unsigned char *mem;		/* guest memory, shared with the carrier */
	uint64_t mem_bytes;
	void *ctx;
	/* Has it ended? 1 ended, 0 still at work, -errno (with (e) filled): it cannot be told. Passes console bytes on. */
	int (*poll)(void *ctx, struct err *e);
};

/*
 * Drains the ring about every millisecond until the carrier has ended, was late, or was interrupted. Checks every
 * record against the launch: rows in range, begin before samples before end.
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
