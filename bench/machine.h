/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * machine.h - the objects of a result that say what was measured on, from a snapshot. Pure. bench/ and
 * cli/ include this.
 */
#ifndef VTSCOPE_BENCH_MACHINE_H
#define VTSCOPE_BENCH_MACHINE_H

#include <stdbool.h>

#include "bench/plan.h"

/* Fills tool, hardware, subject, verdict and snapshot of (r). 0 or -ENOMEM. */
int machine_describe(struct result_set *r, const struct plan *p, const struct snapshot *s, const struct verdict *v,
		     uint64_t tsc_hz);

/* hardware.fingerprint of a result that is measured on this machine. */
void machine_fingerprint(const struct snapshot *s, const struct verdict *v, char out[17]);

/* AMD and Hygon: is there no proof that LFENCE serialises (CPUID 80000021H EAX[2], MSR C001_1029 bit 1)? */
bool machine_lfence_assumed(const struct snapshot *s);

#endif
