/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One launch of an engine's rows: carriers until every row is measured, failed, or out of time. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/prepare.h"
#include "bench/run_private.h"
#include "common/interrupt.h"

#define BUDGET_MIN	0.004	/* seconds: below, a row measures its own warm-up */
#define STRIKES		2	/* carriers in a row that got nowhere: the engine is given up */
#define BOOT_SECONDS	6.0	/* a boot that takes longer hangs */
/* What a runner may take, and some: it does not look at the clock all the time. */
#define ROW_BUDGETS	(1.25 * (GUEST_TOUCH_BUDGETS + GUEST_OVERTIME_BUDGETS))
#define ROW_GRACE	1.0	/* seconds: a host that does something else */
#define COUNT_GRACE	10.0	/* the same for an emulator, which is slow where it is not tuned; the monitor has a watchdog */

void row_skip(struct run *u, uint32_t i, const char *reason, const char *hint)
{
	const struct plan_row *row = &u->p->row[i];
	struct skipped s = { .unverified = false };

	snprintf(s.op, sizeof(s.op), "%s", row->op->name);
	snprintf(s.engine, sizeof(s.engine), "%s", u->p->engine[row->engine].ops->name);
	snprintf(s.reason, sizeof(s.reason), "%s", reason);
	snprintf(s.hint, sizeof(s.hint), "%s", hint);
	u->closed[i] = true;
	if (result_set_add_skipped(u->r, &s) < 0)
		u->error = -ENOMEM;
}

static void put_hex(json_t *o, const char *name, uint64_t v)
{
	char hex[20];

	snprintf(hex, sizeof(hex), "0x%" PRIx64, v);
	json_object_set_new(o, name, json_string(hex));
}

static json_t *registers_json(const struct vm_regs *regs)
{
	json_t *o = json_object();
	size_t i;

	for (i = 0; i < 16; i++)
		put_hex(o, vm_gpr_names[i], regs->gpr[i]);
	put_hex(o, "rip", regs->rip);
	put_hex(o, "rflags", regs->rflags);
	put_hex(o, "cr0", regs->cr0);
	put_hex(o, "cr2", regs->cr2);
	put_hex(o, "cr3", regs->cr3);
	put_hex(o, "cr4", regs->cr4);
	put_hex(o, "efer", regs->efer);
	return o;
}

/* Failed for good: what earlier launches measured of it does not count either. */
static void row_fail(struct run *u, uint32_t i, const struct vm_stop *stop)
{
	const struct plan_row *row = &u->p->row[i];
	struct failed f = { .rip = stop->regs.rip };

	snprintf(f.op, sizeof(f.op), "%s", row->op->name);
	snprintf(f.engine, sizeof(f.engine), "%s", u->p->engine[row->engine].ops->name);
	snprintf(f.reason, sizeof(f.reason), "%s", stop->text[0] ? stop->text : "the guest stopped in this row");
	snprintf(f.stop_kind, sizeof(f.stop_kind), "%s", vm_stop_name(stop->kind));
	snprintf(f.stop_native, sizeof(f.stop_native), "%s", stop->native);
	if (stop->regs.valid)
		f.registers = registers_json(&stop->regs);
	u->closed[i] = true;
	if (result_set_add_failed(u->r, &f) < 0) {
		json_decref(f.registers);
		u->error = -ENOMEM;
	}
}

/* Seconds for one row, so that all that is still to come ends in time at the pace measured so far. */
static double row_budget(const struct run *u)
{
	double left = u->soft - clock_seconds(), work = 0, budget;
	size_t i;

	for (i = 0; i < u->n_parts; i++) {
		const struct part *part = &u->part[i];

		left -= part->left * part->overhead;
		/* A count of instructions takes what it takes. */
		if (plan_counts_instructions(&u->p->engine[part->engine]))
			left -= part->left * part->stretch * part->n * COUNT_BUDGET / COUNT_HZ;
		else
			work += part->left * part->stretch * part->n;
	}
	budget = work > 0 ? left / work : u->p->row_seconds;
	if (budget > u->p->row_seconds)
		budget = u->p->row_seconds;
	return budget < BUDGET_MIN ? BUDGET_MIN : budget;
}

static void rows_fill(const struct run *u, size_t engine, const uint32_t *index, uint32_t n, double budget,
		      struct guest_row *rows)
{
	bool counts = plan_counts_instructions(&u->p->engine[engine]);
	uint32_t i;

	for (i = 0; i < n; i++) {
		const struct op *op = u->p->row[index[i]].op;

		rows[i] = (struct guest_row){
			.op = (uint32_t)(op - ops),
			.budget = counts ? COUNT_BUDGET : (uint64_t)(budget * (double)u->tsc_hz),
			.max_samples = counts ? COUNT_SAMPLES : u->quick ? 20000 : 50000,
			.min_samples = run_min_samples(u, engine),
			.arg = { op->offset, op->length },
		};
	}
}

static unsigned to_ms(double seconds)
{
	return seconds < 0.001 ? 1 : (unsigned)(seconds * 1000);
}

/* A carrier's life, with what the launch allows it. */
struct carriage {
	struct part *part;
	uint32_t index[GUEST_ROWS_MAX], n;	/* plan rows in it */
	double budget, row_deadline, allowed;	/* seconds; the last for all of it */
	double began, ended;
	struct vm_stop stop;
	int rc;
	struct err e;
};

/* What was learnt of this engine's pace. The row it stopped in took time too. */
static void pace_update(const struct run *u, const struct carriage *k)
{
	double in_rows = 0, stuck = 0, overhead, stretch, weight = k->part->timed ? 0.5 : 1;
	uint32_t i, ended = 0;

	for (i = 0; i < k->n; i++) {
		const struct collector_row *r = &u->c->row[i];

		if (r->outcome == ROW_STARTED)
			stuck = k->ended - r->began;
		if (r->outcome <= ROW_STARTED)
			continue;
		in_rows += (double)r->values.ticks / run_hz(u, k->part->engine);
		ended++;
	}
	if (!ended)
		return;
	overhead = k->ended - k->began - in_rows - stuck;
	stretch = in_rows / ended / k->budget;
	k->part->overhead += weight * ((overhead > 0 ? overhead : 0) - k->part->overhead);
	k->part->stretch += weight * (stretch - k->part->stretch);
	k->part->timed = true;
}

static void carriage_launch(struct run *u, struct carriage *k)
{
	const struct plan_engine *en = &u->p->engine[k->part->engine];
	struct guest_row rows[GUEST_ROWS_MAX];
	struct sink sink = collector_sink(u->c);
	struct launch l = {
		.rows = rows, .row_count = k->n, .irqchip = k->part->irqchip, .seed = random_next(&u->random),
		.cpu = u->p->cpu, .prepare = arena_prepare, .image = u->image, .image_bytes = u->image_bytes,
	};
	double stretch = k->part->stretch > 1.25 ? 2 * k->part->stretch : 2.5;
	struct arena arena;
	uint32_t i;

	k->budget = plan_counts_instructions(en) ? COUNT_BUDGET / COUNT_HZ : row_budget(u);
	/* The boot image writes a row's lines before it is over. */
	k->row_deadline = ROW_BUDGETS * k->budget +
			  (plan_counts_instructions(en) || en->info->unprepared ? COUNT_GRACE : ROW_GRACE);
	rows_fill(u, k->part->engine, k->index, k->n, k->budget, rows);
	for (i = 0; i < k->n; i++) {
		u->c->row[i].tally = &u->tally[k->index[i]];
		u->c->row[i].op = u->p->row[k->index[i]].op->name;
	}
	u->c->exact = en->info->exact_exits;
	u->c->counts = en->info->counts_exits;
	/* A count of instructions is the same however long it took; the boot image tells of a row when it is over. */
	u->c->watch = plan_counts_instructions(en) || en->info->unprepared ? NULL : u->watch;
	u->repeating = false;
	collector_start(u->c, k->n);
	if (!en->info->counts_exits && !u->c->watch)
		sink.counters = NULL;
	k->rc = arena_init(&arena, rows, k->n, random_next(&u->random));
	if (k->rc < 0) {
		u->error = k->rc;
		return;
	}
	l.prepare_ctx = &arena;
	k->began = clock_seconds();
	k->allowed = BOOT_SECONDS + 3 * k->part->overhead + k->n * k->budget * stretch + k->row_deadline;
	if (k->allowed > u->hard - k->began)
		k->allowed = u->hard - k->began;
	l.deadline_ms = to_ms(k->allowed);
	l.row_deadline_ms = to_ms(k->row_deadline);
	k->rc = en->ops->launch(en->engine, &l, &sink, &k->stop, &k->e);
	k->ended = clock_seconds();
	arena_free(&arena);
	if (collector_finish(u->c) < 0)
		u->error = -ENOMEM;
	pace_update(u, k);
}

/* The row in which it stopped, k->n for none. Counters and rings of a dead guest may lag behind its stop. */
static uint32_t stopped_in(const struct run *u, const struct carriage *k)
{
	if (k->rc == 0 && k->stop.row < k->n && u->c->row[k->stop.row].outcome <= ROW_STARTED)
		return k->stop.row;
	if (u->c->at < k->n && u->c->row[u->c->at].outcome == ROW_STARTED)
		return u->c->at;
	return k->n;
}

/* Is the row itself late, or did only the time for all of them run out? A carrier may drain only when a row ends. */
static bool row_is_late(const struct run *u, const struct carriage *k, uint32_t at)
{
	const struct collector_row *row = &u->c->row[at];

	if (at == k->n)
		return false;
	if (k->ended - k->began < 0.98 * k->allowed)
		return true;
	return row->outcome == ROW_STARTED && k->ended - row->began >= 0.8 * k->row_deadline;
}

/* Keeps in k->index the rows that another carrier must still run. How many rows ended. */
static uint32_t rows_settle(struct run *u, struct carriage *k, uint32_t culprit)
{
	char reason[240];
	uint32_t i, kept = 0, ended = 0;

	for (i = 0; i < k->n; i++) {
		enum row_outcome outcome = u->c->row[i].outcome;

		if (outcome == ROW_UNSUPPORTED && !u->tally[k->index[i]].n_launches) {
			snprintf(reason, sizeof(reason), "%s",
				 u->c->row[i].why[0] ? u->c->row[i].why : "the runner cannot execute it there");
			row_skip(u, k->index[i], reason, "");
		}
		if (outcome == ROW_FAULTED) {
			struct vm_stop stop = { .kind = VM_STOP_FAULT };

			guest_fault_decode(&u->c->row[i].fault, &stop);
			row_fail(u, k->index[i], &stop);
		}
		ended += outcome > ROW_STARTED;
		if ((outcome <= ROW_STARTED || outcome == ROW_DISTURBED) && i != culprit)
			k->index[kept++] = k->index[i];
	}
	k->n = kept;
	return ended;
}

/* Why a carrier that got nowhere did, as a stop: there may have been none. */
static void stop_of_nothing(struct carriage *k)
{
	if (k->rc == 0)
		return;
	memset(&k->stop, 0, sizeof(k->stop));
	k->stop.kind = VM_STOP_CARRIER;
	snprintf(k->stop.native, sizeof(k->stop.native), "errno %d", -k->rc);
	snprintf(k->stop.text, sizeof(k->stop.text), "%.199s", k->e.text);
}

/* One carrier, and the verdict on the rows it leaves. False: this launch is over. */
static bool carriage_next(struct run *u, struct carriage *k, unsigned *strikes)
{
	uint32_t culprit, ended, i, row = 0;

	k->e = (struct err){ 0 };
	memset(&k->stop, 0, sizeof(k->stop));
	carriage_launch(u, k);
	if (u->error)
		return false;
	culprit = stopped_in(u, k);
	if (interrupt_pending() || (k->rc == 0 && k->stop.kind == VM_STOP_INTERRUPTED)) {
		u->interrupted = true;
		culprit = k->n;
	} else if (k->rc == 0 && k->stop.kind == VM_STOP_DEADLINE && !row_is_late(u, k, culprit)) {
		u->out_of_time = k->ended >= u->hard - 0.05;
		culprit = k->n;
	}
	if (culprit < k->n) {
		row = k->index[culprit];
		row_fail(u, row, &k->stop);
		ended = 1 + rows_settle(u, k, culprit);
	} else {
		ended = rows_settle(u, k, culprit);
	}
	if (u->interrupted || u->out_of_time) {
		if (collector_give_up(u->c) < 0)
			u->error = -ENOMEM;
		return false;
	}
	*strikes = ended ? 0 : *strikes + 1;
	if (*strikes < STRIKES)
		return k->n > 0;
	stop_of_nothing(k);
	for (i = 0; i < k->n; i++)
		row_fail(u, k->index[i], &k->stop);
	return false;
}

/* The launch is over: drops rows from the part that have been reported, the others have what they have. */
static void part_settle(struct run *u, struct part *part)
{
	uint32_t i, kept = 0;

	for (i = 0; i < part->n; i++)
		if (tally_settle(&u->tally[part->row[i]]) < 0)
			u->error = -ENOMEM;
	for (i = 0; i < part->n; i++)
		if (!u->closed[part->row[i]] && !u->settled[part->row[i]])
			part->row[kept++] = part->row[i];
	part->n = kept;
}

/* (n) rows of the part, as many as one carrier takes at most. False: the launch is over. */
static bool rows_launch(struct run *u, struct part *part, const uint32_t *order, uint32_t n)
{
	struct carriage k = { .part = part, .n = n };
	unsigned strikes = 0;

	memcpy(k.index, order, n * sizeof(*order));
	while (k.n && carriage_next(u, &k, &strikes))
		if (clock_seconds() >= u->hard)
			break;
	return !u->error && !u->interrupted && !u->out_of_time && clock_seconds() < u->hard;
}

void part_launch(struct run *u, struct part *part)
{
	uint32_t *order = malloc((part->n + 1) * sizeof(*order)), i, n;

	u->now = part;
	if (!order) {
		u->error = -ENOMEM;
		return;
	}
	memcpy(order, part->row, part->n * sizeof(*order));
	for (i = part->n; i-- > 1;) {
		uint32_t j = random_below(&u->random, i + 1), swap = order[i];

		order[i] = order[j];
		order[j] = swap;
	}
	for (i = 0; i < part->n; i += n) {
		n = part->n - i < GUEST_ROWS_MAX ? part->n - i : GUEST_ROWS_MAX;
		if (!rows_launch(u, part, order + i, n))
			break;
	}
	free(order);
	part->left--;
	part_settle(u, part);
}
