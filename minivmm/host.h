/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * host.h - what engines ask of the machine they run on: a CPU to stay on, what backs memory, who executes.
 * Engines in minivmm/, their tests and bench/hosted.c include this.
 */
#ifndef VTSCOPE_MINIVMM_HOST_H
#define VTSCOPE_MINIVMM_HOST_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <sched.h>

#include "minivmm/engine.h"

struct host_pin {
	bool pinned;
	cpu_set_t old;
};

/* Moves this thread, and what it starts from here on, to (cpu); -1: nothing. host_unpin() undoes it. 0 or -errno. */
int host_pin(struct host_pin *p, int cpu, struct err *e);
void host_unpin(struct host_pin *p);

/*
 * What backs the pages of [base, base + bytes) that are there now, from /proc/self/smaps: "4k", "thp", "4k+thp",
 * "hugetlb"; "" when it cannot be told.
 */
void host_backing(const void *base, uint64_t bytes, char *out, size_t out_bytes);

/* Is this machine itself simulated? By evidence: its hypervisor leaf says TCGTCGTCG. */
bool host_is_emulated(const struct snapshot *s);

/* What a guest on /dev/kvm runs on: only VT makes a KVM a hardware one, whatever its module is called. */
enum provenance host_kvm_provenance(const struct engine_config *c);

#endif
