/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * watch.h - rows to launch, and everything that a launch tells about them. Only tests/engine/ includes this.
 */
#ifndef VTSCOPE_TESTS_ENGINE_WATCH_H
#define VTSCOPE_TESTS_ENGINE_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "minivmm/engine.h"

#define TSC_HZ		2000000000ull	/* only handed through */
#define BUDGET		20000000ull	/* ticks: some ten milliseconds */
#define LAUNCH_MS	60000u		/* on a loaded machine, with a guest kernel under an emulating KVM */
#define SHORT_CHAIN	"mem.chase.32k.4k"
#define LONG_CHAIN	"mem.chase.64m.4k"

struct seen {
	uint32_t rows;			/* of the launch */
	uint32_t begun, ended;		/* how many */
	uint32_t open;			/* row at work, (rows) when none */
	bool disordered;
	unsigned char done[GUEST_ROWS_MAX];
	uint32_t samples[GUEST_ROWS_MAX], zeros, empties[GUEST_ROWS_MAX], diffs[GUEST_ROWS_MAX];
	uint32_t flags[GUEST_ROWS_MAX];
	uint64_t host_begin, host_ticks;	/* of the row that ended last */
	uint64_t ticks[GUEST_ROWS_MAX], fastest[GUEST_ROWS_MAX];	/* all of the row, one sample */
	bool doorbells;			/* the engine hears when a row begins; records come in one go then */
	unsigned prepared;
	uint64_t prepared_bytes;
	bool image_there;
	uint32_t break_chain;		/* the node that prepare() leads astray, 0: none */
	bool long_chain;		/* prepare() makes that one too */
	int carrier_cpu;		/* the only one that the carrier's threads may run on, -1: more than one */
};

struct guest_row row_of(const char *op);
struct guest_row user_row(void);	/* runs at the user's privilege everywhere, and soon ends */
struct guest_row busy_row(void);	/* at work for tenths of a second */
struct guest_row endless_row(void);	/* work for seconds, in a launch with the long chain */

/* A launch of (n) rows that (s), which is cleared, watches: change what is to be different. */
struct launch launch_of(const struct guest_row *rows, uint32_t n, struct seen *s);
/* Launches, and tells any end but a good one in the test's output. */
int launch_run(const struct engine_ops *o, struct engine *engine, const struct launch *l, struct seen *s,
	       struct vm_stop *stop);

uint64_t now_ms(void);

#endif
