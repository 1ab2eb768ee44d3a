/* SPDX-License-Identifier: GPL-2.0-or-later */
/* root.h - the parts of the runner in ring 0. Only bench/root/ includes this. */
#ifndef VTSCOPE_BENCH_ROOT_ROOT_H
#define VTSCOPE_BENCH_ROOT_ROOT_H

#include "bench/guest/kernel.h"
#include "bench/guest/machine.h"
#include "bench/guest/runner.h"

#pragma GCC visibility push(hidden)

struct root {
	struct runner runner;		/* first: row hooks get it from their row */
	const struct ring0_platform *platform;
};

static inline struct root *root_of(const struct row_run *run)
{
	return (struct root *)run->runner;
}

#pragma GCC visibility pop
#endif
