/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * topology.h - which CPU to measure on, through hwloc. bench/ and cli/ include this.
 */
#ifndef VTSCOPE_BENCH_TOPOLOGY_H
#define VTSCOPE_BENCH_TOPOLOGY_H

#include "common/err.h"

/*
 * The first CPU of (list) in hwloc's syntax: "core:1", "package:0.core:2.pu:0", "pu:3", "all", a mask "0xc", or a
 * list of system CPU numbers "2-3,6". -EINVAL when it is none or this process may not run there.
 */
int topology_cpu(const char *list, int *cpu, struct err *e);

/*
 * The CPU to measure on when the user names none: of the most capable kind of core the last one (the first ones
 * take most interrupts), its first thread. -1 when the topology cannot be read: left to the kernel.
 */
int topology_choose(void);

#endif
