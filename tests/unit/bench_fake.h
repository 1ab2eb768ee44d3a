/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench_fake.h - a scripted engine, and machines whose checks answer what a test wants. Only bench's tests include this.
 */
#ifndef VTSCOPE_TESTS_UNIT_BENCH_FAKE_H
#define VTSCOPE_TESTS_UNIT_BENCH_FAKE_H

#include "bench/op.h"
#include "bench/run.h"

#define FAKE_TSC_HZ	1000000000ull	/* what budgets are counted in */

enum fake_act {
	FAKE_MEASURE,		/* samples around .ticks */
	FAKE_FAULT,		/* stops in the row, with registers */
	FAKE_LATE,		/* waits for the row's deadline */
	FAKE_UNSUPPORTED,
	FAKE_NO_SAMPLE,
	FAKE_EXIT,		/* the guest ends itself in the middle of the row */
	FAKE_WAIT,		/* measures, but takes .wait_ms */
	FAKE_BUDGET,		/* measures, and uses its whole budget */
	FAKE_HANG,		/* begins, and is there when the launch's time is over */
	FAKE_CUT,		/* begins only then */
	FAKE_STRAY,		/* measures, amid records that belong nowhere */
};

struct fake_row {
	enum fake_act act;
	uint64_t ticks;		/* of a body; 0: 5000 */
	uint64_t diff;		/* of a body by difference; 0: no such pass */
	double exits;		/* per execution */
	uint64_t stray_exits, interrupts;
	unsigned wait_ms;
	uint32_t flags;		/* GUEST_END_* beside */
	unsigned samples;	/* 0: 100 */
	uint64_t empty;		/* ticks of an empty bracket; 0: 50 */
};

/* The script, and what was seen. */
struct fake {
	struct fake_row row[OP_COUNT];
	unsigned boot_failures;		/* launches that die before their first row */
	unsigned refusals;		/* launches that return -EIO */
	unsigned interrupt_at;		/* launch (from 1) that raises SIGINT in its second row */
	unsigned open_error;
	void (*before)(void);		/* each launch: may change the script; NULL: nothing */
	struct engine_info info;
	/* seen */
	double began;			/* the last launch, by clock_seconds() */
	int cpu;			/* of it */
	char engine_order[512];		/* 'f'ake or 'p'rocess, as launched */
	unsigned launches, closed;
	double most_budget;		/* seconds, of any row */
	double least_slack;		/* row deadline less all that the runner may take, seconds */
	unsigned irqchip_mixed;		/* launches in which irqchip rows and others met */
	uint32_t order[512]; size_t n_order;	/* op numbers, as launched */
};
extern struct fake fake;

/* How many operations an engine without the monitor's tongues is planned for. */
size_t fake_ops(void);

extern const struct engine_ops fake_engine;		/* "fake", needs kvm.device and kvm.vm */
extern const struct engine_ops fake_process_engine;	/* "process", needs nothing */
extern const struct engine_ops *const fake_table[2];

void fake_reset(void);
/* A verdict in which (id) answers (a), up to a NULL id; the rest was never asked. To be freed. */
void fake_verdict(struct verdict *v, ...);

/* What C001_1029 holds, 0: it could not be read. */
struct fake_processor { char vendor[13]; uint64_t msr; };
/* Carries (o) out on the scripted engines, whose needs are met, on (p); NULL: one of Intel's. */
void fake_run(struct result_set *r, const struct bench_options *o, const struct fake_processor *p);
/* The operations of (globs), quickly, on the engine "fake". */
void fake_run_ops(struct result_set *r, const char *const *globs, size_t n, unsigned launches, double seconds);
const struct result *fake_result(const struct result_set *r, const char *op);	/* NULL: none */
bool fake_flag(const struct result_set *r, const char *op, unsigned flag);

#endif
