/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * runner.c - the phases of a row (doc/method.md): cold, warm-up, single shots, empty brackets, differences.
 *
 * All of them are boxed by the row's budget: one and the same operation takes 500 ticks on one engine and 5,000,000
 * on another. While a pass runs nothing happens but brackets and stores to ring space that was touched before.
 */
#include "bench/guest/runner.h"

#define WARM_BLOCK	16u /* single shots whose median is one point */
#define EMPTY_SAMPLES	256u
#define DIFF_PAIRS	64u
#define DIFF_PAIRS_MIN	3u
#define DIFF_PAIRS_WANT 16u /* that there should be time for, before they are made longer */
#define SPLIT_SAMPLES	64u
#define SPLIT_WARM	4u
#define PAGE_BYTES	4096u
#define END_ROOM	(4 * sizeof(struct guest_record) + sizeof(struct guest_row_end) + sizeof(struct guest_fault))
#define TOUCH_PAGES	64u /* between two looks at the clock */

/* Where in the budget a phase must end, in 1/16. */
#define WARM_UNTIL	4u
#define SINGLE_UNTIL	11u
#define EMPTY_UNTIL	12u
#define OVERTIME	(16u * GUEST_OVERTIME_BUDGETS) /* min_samples are not waited for beyond */

/* Is there time for (ticks) more before (sixteenths) of the budget are over? */
static bool time_for(const struct row_run *run, uint64_t ticks, unsigned sixteenths)
{
	return tsc_read() - run->start + ticks < run->row->budget / 16 * sixteenths;
}

static bool time_left(const struct row_run *run, unsigned sixteenths)
{
	return time_for(run, 0, sixteenths);
}

uint64_t row_shoot(struct row_run *run, unsigned copies)
{
	size_t size = (size_t)(run->body.end - run->body.start) / run->body.copies;

	run->result.executions += copies;
	if (run->before)
		run->before(run);
	if (run->shot)
		return run->shot(run, copies);
	return run->bracket(run->body.end - copies * size, &run->regs);
}

/* Sorts (v), which is short. */
static uint64_t median(uint64_t *v, unsigned n)
{
	for (unsigned i = 1; i < n; i++) {
		uint64_t x = v[i];
		unsigned j = i;

		for (; j > 0 && v[j - 1] > x; j--)
			v[j] = v[j - 1];
		v[j] = x;
	}
	return v[n / 2];
}

/* The median of a block of shots, which the clock can cut short; (n) says how many. */
static uint64_t block_median(struct row_run *run, unsigned *n)
{
	uint64_t v[WARM_BLOCK];

	*n = 0;
	do {
		v[(*n)++] = row_shoot(run, 1);
	} while (*n < WARM_BLOCK && time_left(run, WARM_UNTIL));
	return median(v, *n);
}

/* Is the change from (a) to (b) under 1 %, or within two ticks of the clock? */
static bool is_flat(uint64_t a, uint64_t b)
{
	uint64_t d = a > b ? a - b : b - a;

	return d <= 2 || d < a / 100;
}

/* Until the median of a block moves by less than 1 % twice in a row. */
static void warm_up(struct row_run *run)
{
	uint64_t last = 0, now;
	unsigned flat = 0, shots;

	while (flat < 2 && time_left(run, WARM_UNTIL)) {
		now = block_median(run, &shots);
		run->result.warmup += shots;
		flat = is_flat(last, now) && shots == WARM_BLOCK ? flat + 1 : 0;
		last = now;
	}
	if (flat < 2)
		run->result.flags |= GUEST_END_UNSETTLED;
}

/*
 * Page faults of any kind belong to no sample and to no exit count: before the row begins every page that it uses
 * is touched. A piece that cannot be made present in time would measure these faults, so it is not measured.
 */
static void row_touch(struct row_run *run)
{
	const volatile unsigned char *piece = run->piece;
	const uint64_t bytes = piece ? run->row->arg[1] : 0;
	uint64_t start = tsc_read(), at = 0;

	for (uint64_t p = run->runner->head; p < run->limit; p += PAGE_BYTES)
		((volatile unsigned char *)run->runner->ring)[p % GUEST_RING_BYTES] = 0;
	while (at < bytes && tsc_read() - start < run->row->budget * GUEST_TOUCH_BUDGETS)
		for (unsigned i = 0; i < TOUCH_PAGES && at < bytes; i++, at += PAGE_BYTES)
			(void)piece[at];
	run->touched = at >= bytes;
}

/*
 * Reserves a record of up to (want) values, shoots until it is full or (until) is reached, but (min) times in any
 * case that OVERTIME allows. The least of the first block: what one takes when nothing disturbs it; 0: there is none.
 */
static uint64_t pass_shots(struct row_run *run, enum guest_record_type type, unsigned copies,
			   uint32_t want, uint32_t min, unsigned until)
{
	uint64_t got, n = 0, least;
	uint64_t *v = ring_reserve(run->runner, run->limit, want * sizeof(*v), &got);

	got /= sizeof(*v);
	while (n < got && (time_left(run, until) ||
			   (n < min && time_for(run, n ? v[n - 1] : 0, OVERTIME))))
		v[n++] = row_shoot(run, copies);
	if (n < min)
		run->result.flags |= n == got ? GUEST_END_RING_FULL : GUEST_END_BUDGET;
	else if (n == got && n < want)
		run->result.flags |= GUEST_END_RING_FULL;
	if (!n)
		return 0;
	ring_commit(run->runner, run->index, type, 0, n * sizeof(*v));
	least = v[0];
	for (uint64_t i = 1; i < n && i < WARM_BLOCK; i++)
		least = v[i] < least ? v[i] : least;
	return least;
}

/* So many copies that a bracket is noise beside them, but not more than the budget has time for. */
static unsigned choose_copies(const struct row_run *run, uint64_t single, uint64_t empty)
{
	uint64_t spent = tsc_read() - run->start;
	uint64_t left = spent < run->row->budget ? run->row->budget - spent : 0;
	uint64_t body = single > empty ? single - empty : 1;
	unsigned n = 1;

	while (n < run->body.copies / 2 && n * body < 20 * empty &&
	       3 * 2 * n * body * DIFF_PAIRS_WANT < left)
		n *= 2;
	return n;
}

static void pass_diff(struct row_run *run, uint64_t single, uint64_t empty)
{
	unsigned copies = choose_copies(run, single, empty);
	uint64_t got, n = 0;
	uint64_t *v = ring_reserve(run->runner, run->limit, DIFF_PAIRS * 2 * sizeof(*v), &got);

	got /= 2 * sizeof(*v);
	if (!got || !single || !time_for(run, (DIFF_PAIRS_MIN + 1) * 3 * copies * single, OVERTIME))
		return;
	/* The code behind the first copy has not run yet. */
	row_shoot(run, copies);
	row_shoot(run, 2 * copies);
	for (; n < got && (n < DIFF_PAIRS_MIN || time_left(run, 16)); n++) {
		v[2 * n] = row_shoot(run, copies);
		v[2 * n + 1] = row_shoot(run, 2 * copies);
	}
	ring_commit(run->runner, run->index, RECORD_DIFF, copies, n * 2 * sizeof(*v));
}

/* Without and with, turn by turn: what lies between the two is the operation. */
static void pass_pairs(struct row_run *run)
{
	uint64_t got, n = 0;
	uint64_t *v = ring_reserve(run->runner, run->limit, DIFF_PAIRS * 2 * sizeof(*v), &got);

	got /= 2 * sizeof(*v);
	row_shoot(run, 1);
	row_shoot(run, 2);
	for (; n < got && (n < DIFF_PAIRS_MIN || time_left(run, SINGLE_UNTIL)); n++) {
		v[2 * n] = row_shoot(run, 1);
		v[2 * n + 1] = row_shoot(run, 2);
	}
	if (n)
		ring_commit(run->runner, run->index, RECORD_DIFF, 1, n * 2 * sizeof(*v));
	else
		run->result.flags |= GUEST_END_RING_FULL;
}

/* Where one round trip's time goes. The first ones find the stamping code cold. */
static void pass_split(struct row_run *run)
{
	uint64_t got, n = 0, shots = 0;
	struct guest_split *v =
		ring_reserve(run->runner, run->limit, SPLIT_SAMPLES * sizeof(*v), &got);

	got /= sizeof(*v);
	for (unsigned i = 0; i < SPLIT_WARM; i++)
		row_shoot(run, 1);
	for (; n < got && shots < 2 * SPLIT_SAMPLES && (n < DIFF_PAIRS_MIN || time_left(run, 16)); shots++) {
		row_shoot(run, 1);
		n += run->runner->host->split(run, &v[n]);
	}
	if (n)
		ring_commit(run->runner, run->index, RECORD_SPLIT, 0, n * sizeof(*v));
}

/* All phases, at the privilege of the row. */
static void row_measure(struct row_run *run)
{
	uint64_t got, single, empty, *cold;

	cold = ring_reserve(run->runner, run->limit, sizeof(*cold), &got);
	if (got < sizeof(*cold)) {
		run->result.flags |= GUEST_END_RING_FULL;
		return;
	}
	*cold = row_shoot(run, 1);
	ring_commit(run->runner, run->index, RECORD_COLD, 0, sizeof(*cold));

	if (run->pairs) {
		run->result.flags |= GUEST_END_PAIRS;
		pass_pairs(run);
		return;
	}
	warm_up(run);
	single = pass_shots(run, RECORD_SINGLE, 1, run->row->max_samples, run->row->min_samples,
			    SINGLE_UNTIL);
	empty = pass_shots(run, RECORD_EMPTY, 0, EMPTY_SAMPLES, WARM_BLOCK, EMPTY_UNTIL);
	if (!(run->row->flags & GUEST_ROW_NO_DIFF) && !run->one_copy)
		pass_diff(run, single, empty);
	if (run->runner->host->stamps && run->runner->host->stamps(run, true)) {
		pass_split(run);
		run->runner->host->stamps(run, false);
	}
}

/* What a row's records can take at most, with a header and padding each, and the end. */
static uint64_t ring_need(const struct guest_row *row)
{
	return ((uint64_t)row->max_samples + 1 + EMPTY_SAMPLES + 2 * DIFF_PAIRS) * sizeof(uint64_t) +
	       SPLIT_SAMPLES * sizeof(struct guest_split) +
	       5 * 2 * sizeof(struct guest_record) + END_ROOM;
}

/* Registers of bodies that need no more than their piece of the arena, or a seed. */
static void set_regs(struct row_run *run)
{
	const uint64_t piece = (uint64_t)(uintptr_t)run->piece;

	run->regs = (struct body_regs){ .touch = &run->regs };
	if (run->piece) {
		run->regs.rax = piece;
		run->regs.rdx = piece + run->row->arg[1] / 2;
		run->regs.rsi = piece;
	} else {
		run->regs.rdi = run->runner->ctrl->seed | 1;
	}
}

static bool row_open(struct row_run *run)
{
	const struct guest_row *row = run->row;
	const struct runner_host *host = run->runner->host;

	if (row->op >= OP_COUNT) {
		runner_log(run->runner, run->index, "this runner has no such operation");
		return false;
	}
	if (row->arg[0] > GUEST_ARENA_BYTES || row->arg[1] > GUEST_ARENA_BYTES - row->arg[0]) {
		runner_log(run->runner, run->index, "the row's piece is not in the arena");
		return false;
	}
	run->body = bodies[row->op];
	run->piece = row->arg[1] ? host->arena + row->arg[0] : NULL;
	set_regs(run);
	return host->row_open(run);
}

static bool has_rdtscp(void)
{
	uint32_t a = 0x80000000, b, c, d;

	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
	if (a < 0x80000001)
		return false;
	a = 0x80000001;
	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
	return d & (1u << 27);
}

static void row_execute(struct runner *r, uint32_t index, bracket_fn *bracket)
{
	struct row_run run = {
		.runner = r,
		.row = &r->ctrl->rows[index],
		.index = index,
		.bracket = bracket,
		.result.flags = bracket == bracket_lfence ? GUEST_END_LFENCE : 0,
	};
	bool open;

	r->ctrl->row_current = index;
	ring_write(r, index, RECORD_ROW_BEGIN, NULL, 0);
	open = row_open(&run);
	run.limit = ring_make_room(r, ring_need(run.row)) - END_ROOM;
	if (open)
		r->host->row_call(&run, row_touch);
	if (open && !run.touched && !run.faulted)
		runner_log(r, index, "its memory could not be made present within the row's budget");

	r->host->doorbell(DOORBELL_ROW_BEGIN);
	run.start = tsc_read();
	if (run.touched)
		r->host->row_call(&run, row_measure);
	else if (!run.faulted)
		run.result.flags |= open ? GUEST_END_BUDGET : GUEST_END_UNSUPPORTED;
	run.result.ticks = tsc_read() - run.start;
	if (run.faulted) {
		run.result.flags |= GUEST_END_FAULTED;
		run.fault.row = index;
		ring_write(r, index, RECORD_FAULT, &run.fault, sizeof(run.fault));
	}
	ring_write(r, index, RECORD_ROW_END, &run.result, sizeof(run.result));
	r->host->doorbell(DOORBELL_ROW_END);

	if (open)
		r->host->row_close(&run);
	r->ctrl->row_current = r->ctrl->row_count;
}

void runner_run(struct runner *r)
{
	struct guest_ctrl *c = r->ctrl;
	bracket_fn *bracket =
		c->fence == GUEST_FENCE_RDTSCP && has_rdtscp() ? bracket_rdtscp : bracket_lfence;
	uint32_t rows = c->row_count < GUEST_ROWS_MAX ? c->row_count : GUEST_ROWS_MAX;

	c->state = GUEST_RUNNING;
	for (uint32_t i = 0; i < rows; i++)
		row_execute(r, i, bracket);
	c->state = GUEST_DONE;
	r->host->doorbell(DOORBELL_DONE);
}
