/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * runner.h - the runner: executes rows of operations and writes sample records. Freestanding.
 * The runner's files in bench/guest/, its hosts (kernel.c there, bench/hosted.c) and its tests include this.
 */
#ifndef VTSCOPE_BENCH_GUEST_RUNNER_H
#define VTSCOPE_BENCH_GUEST_RUNNER_H

#include "minivmm/guest_abi.h"

/* Copies of a body, one behind the other: executing k of them is a call of (end - k * size). */
#define BODY_COPIES 128

/* Offsets in struct body_regs. */
#define REGS_RAX    0
#define REGS_RCX    8
#define REGS_RDX    16
#define REGS_RSI    24
#define REGS_RDI    32
#define REGS_TOUCH  40
#define REGS_START  48
#define REGS_STOP   56

#ifndef __ASSEMBLER__

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/op_flags.h"
#include "minivmm/cpu.h"

/* Nothing of the runner is looked up through a table at run time: the guest has none, and a call would cost more. */
#pragma GCC visibility push(hidden)

/* What a body finds in its registers. It may change all of these and r8 to r11; rdi is its state from call to call. */
struct body_regs {
	uint64_t rax, rcx, rdx, rsi, rdi;
	const void *touch; /* loaded from before each bracket, outside the clock */
	uint64_t start, stop; /* the last bracket's two stamps */
};
_Static_assert(offsetof(struct body_regs, rdi) == REGS_RDI, "as in ops.S");
_Static_assert(offsetof(struct body_regs, touch) == REGS_TOUCH, "as in ops.S");
_Static_assert(offsetof(struct body_regs, start) == REGS_START, "as in ops.S");
_Static_assert(offsetof(struct body_regs, stop) == REGS_STOP, "as in ops.S");

enum body_level { BODY_K, BODY_U, BODY_A, BODY_R, BODY_M }; /* LEVEL of ops.def */

struct body {
	const char *start, *end; /* NULL for BODY_R and BODY_M: bench/root/ has it */
	enum body_level level;
	uint32_t flags; /* OPF_* */
	uint32_t copies; /* from start to end: BODY_COPIES, or fewer where bench/root/ has them */
};
extern const struct body bodies[OP_COUNT];

/* One bracket around a call of (entry): TSC ticks, the call and return included. In ops.S. */
typedef uint64_t bracket_fn(const void *entry, struct body_regs *regs);
bracket_fn bracket_rdtscp, bracket_lfence;

struct row_run;

/*
 * One shot that is not a bracket around a body: (copies) 0: an empty one, else 1 or 2. Ticks. For operations that begin
 * in one place and end in another (VMLAUNCH), or that must be made possible again each time (VMXOFF).
 */
typedef uint64_t shot_fn(struct row_run *run, unsigned copies);

/* What the runner needs of the place it runs in. */
struct runner_host {
	/* Makes (run) ready: regs, body, level. False: cannot be executed here, after runner_log() said why. */
	bool (*row_open)(struct row_run *run);
	void (*row_close)(struct row_run *run);
	/* Calls fn(run) at the privilege of the row. */
	void (*row_call)(struct row_run *run, void (*fn)(struct row_run *run));
	void (*doorbell)(uint32_t what);
	/*
	 * At the privilege of the row: stamped round trips from here on, or not any more. False: there is nothing to
	 * stamp. NULL: never. After a shot in between, split() has its three parts; false: its stamps are not in order.
	 */
	bool (*stamps)(struct row_run *run, bool on);
	bool (*split)(struct row_run *run, struct guest_split *split);
	const unsigned char *arena; /* in 4 KiB pages */
};

struct runner {
	struct guest_ctrl *ctrl;
	unsigned char *ring;
	const struct runner_host *host;
	uint64_t head; /* of the ring: behind the last record, published or not */
};

/* One row at work. */
struct row_run {
	struct runner *runner;
	const struct guest_row *row;
	uint32_t index;
	struct body body;
	struct body_regs regs;
	bracket_fn *bracket;
	shot_fn *shot;	/* in place of (bracket); NULL: that */
	void (*before)(struct row_run *run); /* before each shot, outside the clock; NULL: nothing */
	bool one_copy;	/* the body cannot follow itself: no differences */
	bool pairs;	/* a difference by nature: shots with 1 copy (without) and 2 (with), GUEST_END_PAIRS */
	bool faulted;	/* row_call() came back without fn's end: (fault) is filled */
	struct guest_fault fault;
	const unsigned char *piece; /* of the arena, NULL: none */
	uint64_t start;		    /* TSC at its begin */
	uint64_t limit;		    /* ring head that its records may not pass */
	bool touched;		    /* all memory it uses is present */
	struct guest_row_end result;
};

/* Executes all rows of the control page. */
void runner_run(struct runner *r);
/* One shot of the row: so many copies of its body in one bracket, or the row's own way. Ticks. */
uint64_t row_shoot(struct row_run *run, unsigned copies);
/* A RECORD_LOG; text that does not fit is cut. */
void runner_log(struct runner *r, uint32_t row, const char *text);

/* ring.c. Waits, not for long, until (want) bytes in one piece are free: the head that they end at, less if there are less. */
uint64_t ring_make_room(struct runner *r, uint64_t want);
/*
 * A record of up to (want) payload bytes that ends before (limit): where its payload goes and, in (got), how much
 * fits. NULL: not even its header.
 */
void *ring_reserve(struct runner *r, uint64_t limit, uint64_t want, uint64_t *got);
/* Closes the record that was reserved last, with (bytes) of payload, and publishes it. */
void ring_commit(struct runner *r, uint32_t row, enum guest_record_type type, uint32_t arg,
		 uint64_t bytes);
/* All of these in one: a record that is copied. A ring without room drops it: its host is gone. */
void ring_write(struct runner *r, uint32_t row, enum guest_record_type type, const void *payload,
		uint64_t bytes);

#pragma GCC visibility pop

#endif /* !__ASSEMBLER__ */
#endif
