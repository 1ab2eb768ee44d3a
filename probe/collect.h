/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * collect.h - fill a snapshot from the live machine: the only impure part of probe/. Only
 * cli/ includes this (minivmm/ never does).
 *
 * Collectors read. They never write an MSR, load a module, run a program or change anything.
 */
#ifndef VTSCOPE_PROBE_COLLECT_H
#define VTSCOPE_PROBE_COLLECT_H

#include <stdbool.h>

#include "common/err.h"
#include "probe/snapshot.h"

struct collect_options {
	bool run_guest;		/* run the trial guest (else a VM is created and dropped) */
	bool details;		/* what hwloc calls the bridges of the chipset, every PCI device: slow */
	/*
	 * Only what the checks and the formats without records read (collect_is_detail() says of what is left
	 * out): a fraction of the CPUID leaves, each an exit in a virtual machine.
	 */
	bool brief;
};

/* 0 or -errno; -ENOMEM is the only expected failure: what cannot be read is a record. */
int collect_live(struct snapshot *s, const struct collect_options *o, struct err *e);

/* Does a brief collection of the machine (s) leave (r) out? */
bool collect_is_detail(const struct snapshot *s, const struct snap_record *r);

#endif
