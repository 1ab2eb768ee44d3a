/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The schedule: which engine launches when, and what its rows amount to in the end. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/machine.h"
#include "bench/run_private.h"
#include "bench/stats.h"
#include "bench/summarise.h"
#include "common/digest.h"
#include "common/interrupt.h"

#define OVERHEAD_GUESS	1.5	/* seconds, until a launch was measured */
/* For what was disturbed, beside a share of the estimated time: where all is disturbed, repeating helps nothing. */
#define REPEAT_SECONDS	2.0
#define REPEAT_SHARE	0.25
#define SOFT_SHARE	0.85	/* of the time: rows overrun, and the last launch must end */

static void time_text(char out[40])
{
	time_t now = time(NULL);
	struct tm tm;

	strftime(out, 40, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
}

/* Row launches that are still to come. */
static double outstanding(const struct run *u)
{
	double n = 0;
	size_t i;

	for (i = 0; i < u->n_parts; i++)
		n += (double)u->part[i].left * u->part[i].n;
	return n;
}

static void progress_tell(struct run *u)
{
	double elapsed = clock_seconds() - u->start, all = outstanding(u) + (double)u->done;
	struct run_progress p = { .launches = u->now ? u->p->engine[u->now->engine].launches : 0 };

	if (!u->hooks || !u->hooks->progress || !u->now)
		return;
	/* The launch at work is among those to come, less what it has done. */
	p.fraction = all > 0 ? (double)u->done / all : 0;
	p.eta = p.fraction > 0.01 ? elapsed * (1 - p.fraction) / p.fraction : u->p->seconds;
	if (p.eta > u->hard - u->start - elapsed)
		p.eta = u->hard - u->start - elapsed;
	p.engine = u->p->engine[u->now->engine].ops->name;
	p.launch = p.launches - u->now->left + 1;
	u->hooks->progress(u->hooks->ctx, &p);
}

static void row_done(void *ctx)
{
	struct run *u = ctx;

	u->done++;
	progress_tell(u);
}

/* Is there time to measure a row again, in a carrier of its own? */
static bool row_repeat(void *ctx, double seconds)
{
	struct run *u = ctx;
	double cost = seconds + (u->repeating ? 0 : u->now->overhead);

	if (clock_seconds() + cost > u->soft || u->repeated + cost > REPEAT_SECONDS + REPEAT_SHARE * u->p->seconds)
		return false;
	u->repeated += cost;
	u->repeating = true;
	return true;
}

/* The rows of (engine) that (irqchip) says go together, as a part; none when there are none. */
static int part_add(struct run *u, size_t engine, bool irqchip)
{
	struct part *part = &u->part[u->n_parts];
	bool in_process = !u->p->engine[engine].info ||
			  !(u->p->engine[engine].info->offers & ENGINE_RING0);
	uint32_t i;

	*part = (struct part){ .engine = engine, .irqchip = irqchip, .left = u->p->engine[engine].launches, .stretch = 1 };
	part->overhead = in_process ? 0 : OVERHEAD_GUESS;
	if (!in_process && u->p->engine[engine].info->boot_seconds > part->overhead)
		part->overhead = u->p->engine[engine].info->boot_seconds;
	part->row = calloc(u->p->n + 1, sizeof(*part->row));
	if (!part->row)
		return -ENOMEM;
	for (i = 0; i < u->p->n; i++) {
		const struct plan_row *row = &u->p->row[i];

		if (row->state == PLAN_RUN && row->engine == engine &&
		    !!(row->op->wants & ENGINE_KERNEL_PIO) == irqchip)
			part->row[part->n++] = i;
	}
	if (part->n)
		u->n_parts++;
	else
		free(part->row);
	return 0;
}

static int run_init(struct run *u)
{
	size_t i;
	int rc = 0;

	u->tally = calloc(u->p->n + 1, sizeof(*u->tally));
	u->closed = calloc(u->p->n + 1, sizeof(*u->closed));
	u->settled = calloc(u->p->n + 1, sizeof(*u->settled));
	u->look = calloc(u->p->n + 1, sizeof(*u->look));
	u->part = calloc(2 * u->p->n_engines + 1, sizeof(*u->part));
	u->c = calloc(1, sizeof(*u->c));
	if (!u->tally || !u->closed || !u->settled || !u->look || !u->part || !u->c || collector_init(u->c) < 0)
		return -ENOMEM;
	if (u->p->raw && collector_keep_raw(u->c, u->p->raw) < 0)
		return -ENOMEM;
	u->c->row_done = row_done;
	u->c->repeat = row_repeat;
	u->c->ctx = u;
	for (i = 0; rc == 0 && i < u->p->n_engines; i++) {
		rc = part_add(u, i, false);
		if (rc == 0)
			rc = part_add(u, i, true);
	}
	return rc;
}

static void run_free(struct run *u)
{
	size_t i;

	for (i = 0; u->tally && i < u->p->n; i++)
		tally_free(&u->tally[i]);
	for (i = 0; i < u->n_parts; i++)
		free(u->part[i].row);
	if (u->c)
		collector_free(u->c);
	free(u->c);
	free(u->part);
	free(u->look);
	free(u->settled);
	free(u->closed);
	free(u->tally);
}

static int report_skip(struct run *u, const struct plan_row *row)
{
	struct skipped s = { .unverified = row->state == PLAN_UNVERIFIED };

	snprintf(s.op, sizeof(s.op), "%s", row->op->name);
	snprintf(s.engine, sizeof(s.engine), "%s", u->p->engine[row->engine].ops->name);
	snprintf(s.check, sizeof(s.check), "%s", row->check);
	snprintf(s.reason, sizeof(s.reason), "%s", row->reason);
	snprintf(s.hint, sizeof(s.hint), "%s", row->hint);
	return result_set_add_skipped(u->r, &s);
}

static int report_failure(struct run *u, const struct plan_row *row)
{
	struct failed f = { .rip = 0 };

	snprintf(f.op, sizeof(f.op), "%s", row->op->name);
	snprintf(f.engine, sizeof(f.engine), "%s", u->p->engine[row->engine].ops->name);
	snprintf(f.reason, sizeof(f.reason), "%s", row->reason);
	snprintf(f.stop_kind, sizeof(f.stop_kind), "%s", vm_stop_name(VM_STOP_CARRIER));
	return result_set_add_failed(u->r, &f);
}

/* What the plan does not run. */
static int report_left_out(struct run *u)
{
	for (size_t i = 0; i < u->p->n; i++) {
		const struct plan_row *row = &u->p->row[i];

		if (row->state == PLAN_RUN)
			continue;
		if ((row->state == PLAN_FAIL ? report_failure(u, row) : report_skip(u, row)) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* The first round may use all of the time, so that every row gets a launch; later ones leave room to end. */
static bool may_launch(const struct run *u, const struct part *part, unsigned round)
{
	double now = clock_seconds();

	if (interrupt_pending() || u->interrupted || u->out_of_time || u->error || !part->n)
		return false;
	return round ? now < u->soft && now + part->overhead < u->hard : now < u->hard;
}

void run_round(struct run *u, unsigned round)
{
	uint32_t order[64], n = u->n_parts < 64 ? (uint32_t)u->n_parts : 64, i;

	for (i = 0; i < n; i++)
		order[i] = i;
	for (i = n; i-- > 1;) {
		uint32_t j = random_below(&u->random, i + 1), swap = order[i];

		order[i] = order[j];
		order[j] = swap;
	}
	for (i = 0; i < n; i++) {
		struct part *part = &u->part[order[i]];

		if (!part->left || !may_launch(u, part, round))
			continue;
		u->now = part;
		progress_tell(u);
		part_launch(u, part);
	}
	u->interrupted |= interrupt_pending();
}

void run_settle(struct run *u, uint32_t i)
{
	struct part *part;
	uint32_t k, kept;

	u->settled[i] = true;
	for (part = u->part; part < u->part + u->n_parts; part++) {
		for (k = kept = 0; k < part->n; k++)
			if (part->row[k] != i)
				part->row[kept++] = part->row[k];
		part->n = kept;
	}
}

/*
 * The interval's half-width by what --precision asks for. A count that does not vary has no interval, and is as exact as
 * can be.
 */
static double row_wide(const struct run *u, const struct result *r)
{
	double half = (r->ci_hi - r->ci_lo) / 2;

	if (!r->has_ci)
		return !strcmp(result_unit(r->clock), "instructions") && !(r->flags & RESULT_FEW_LAUNCHES) ? 0 : INFINITY;
	return half > 0 ? half / (u->precision * fabs(r->median)) : 0;
}

static int report_row(struct run *u, uint32_t i, const struct summary_context *c)
{
	struct result r;

	if (tally_measured(&u->tally[i])) {
		if (tally_summarise(&r, &u->tally[i], u->p->row[i].op, c) < 0)
			return -ENOMEM;
		tally_move_raw(&r, &u->tally[i], u->p->row[i].op);
		if (u->precision > 0 && !(row_wide(u, &r) <= 1))
			r.flags |= RESULT_IMPRECISE;
		if (result_set_add(u->r, &r) == 0)
			return 0;
		result_free(&r);
		return -ENOMEM;
	}
	if (u->interrupted)
		row_skip(u, i, "interrupted before it was measured", "");
	else if (clock_seconds() >= u->soft)
		row_skip(u, i, "the time was over before it was measured", "--time S gives more, --op GLOB measures less");
	else
		row_skip(u, i, "not one sample fitted into its share of the time", "--time S gives more");
	return u->error;
}

static struct summary_context row_context(const struct run *u, const struct snapshot *s, uint32_t i)
{
	const struct plan_engine *en = &u->p->engine[u->p->row[i].engine];

	return (struct summary_context){
		.tsc_hz = u->tsc_hz,
		.engine = en->ops,
		.info = en->info,
		.min_samples = run_min_samples(u, u->p->row[i].engine),
		/* Of this machine's processor; an emulated one has no pipeline. */
		.lfence_assumed = !plan_counts_instructions(en) && machine_lfence_assumed(s),
	};
}

static int report_rows(struct run *u, const struct snapshot *s)
{
	uint32_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < u->p->n; i++) {
		const struct plan_row *row = &u->p->row[i];

		struct summary_context c;

		if (row->state != PLAN_RUN || u->closed[i])
			continue;
		c = row_context(u, s, i);
		rc = report_row(u, i, &c);
	}
	return rc;
}

/* What the monitors tested of themselves and found, engine by engine. */
static int report_monitor(struct run *u, const struct plan_engine *en)
{
	const struct engine_info *info = en->info;
	size_t i;

	for (i = 0; info && i < info->n_steps; i++) {
		struct self_test t = { .passed = info->step[i].passed };

		snprintf(t.engine, sizeof(t.engine), "%s", en->ops->name);
		snprintf(t.via, sizeof(t.via), "%s", info->via);
		snprintf(t.backend, sizeof(t.backend), "%s", info->backend);
		snprintf(t.step, sizeof(t.step), "%s", info->step[i].name);
		snprintf(t.expected, sizeof(t.expected), "%s", info->step[i].expected);
		snprintf(t.observed, sizeof(t.observed), "%s", info->step[i].observed);
		if (result_set_add_self_test(u->r, &t) < 0)
			return -ENOMEM;
	}
	for (i = 0; info && i < info->n_facts; i++) {
		struct found_fact f = { .name = "" };

		snprintf(f.engine, sizeof(f.engine), "%s", en->ops->name);
		snprintf(f.via, sizeof(f.via), "%s", info->via);
		snprintf(f.backend, sizeof(f.backend), "%s", info->backend);
		snprintf(f.name, sizeof(f.name), "%s", info->fact[i].name);
		snprintf(f.value, sizeof(f.value), "%s", info->fact[i].value);
		if (result_set_add_fact(u->r, &f) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* Who is watched: a test's counters, or this machine's; those of a test's engines, nobody. */
static int watch_open(struct run *u, const struct bench_options *o, const struct snapshot *s, struct err *e)
{
	u->watch = o->disturb;
	if (o->disturb || o->table)
		return 0;
	if (disturb_open(&u->watching, u->p->cpu, s, e) < 0)
		return -ENOMEM;
	u->reader = disturb_watch_reader(u->watching);
	u->watch = &u->reader;
	return 0;
}

/* A guest that is not the built-in one is a subject of its own, told by its digest. */
static int image_describe(struct result_set *r, const struct bench_options *o)
{
	char hex[17];

	if (!o->image)
		return 0;
	snprintf(hex, sizeof(hex), "%016" PRIx64, fnv1a64(FNV1A64_INIT, o->image, o->image_bytes));
	return json_object_set_new(r->subject, "image", json_string(hex)) < 0 ? -ENOMEM : 0;
}

int run_begin(struct run *u, struct result_set *r, const struct plan *p, const struct bench_options *o,
	      const struct snapshot *s, const struct verdict *v, uint64_t tsc_hz, const struct run_hooks *h, struct err *e)
{
	int rc;

	*u = (struct run){ .r = r, .p = p, .hooks = h, .random = { p->seed }, .tsc_hz = tsc_hz, .quick = o->quick,
			   .image = o->image, .image_bytes = o->image_bytes, .precision = o->precision };
	result_set_init(r);
	uuid_random(r->run_id);
	time_text(r->started);
	r->seed = p->seed;
	rc = machine_describe(r, p, s, v, tsc_hz);
	if (rc == 0)
		rc = image_describe(r, o);
	if (rc == 0)
		rc = run_init(u);
	if (rc == 0)
		rc = watch_open(u, o, s, e);
	if (rc == 0)
		rc = report_left_out(u);
	u->start = clock_seconds();
	u->hard = u->start + p->limit;
	u->soft = u->start + p->limit * SOFT_SHARE;
	return rc < 0 ? err_set(e, ENOMEM, "out of memory") : 0;
}

int run_end(struct run *u, const struct snapshot *s, int rc, struct err *e)
{
	size_t i;

	if (rc == 0)
		rc = u->error;
	if (rc == 0)
		rc = report_rows(u, s);
	for (i = 0; rc == 0 && i < u->p->n_engines; i++)
		rc = report_monitor(u, &u->p->engine[i]);
	u->r->interrupted = u->interrupted;
	time_text(u->r->finished);
	disturb_close(u->watching);
	run_free(u);
	if (rc == 0)
		return 0;
	result_set_free(u->r);
	return rc == -ENOMEM ? err_set(e, ENOMEM, "out of memory") : rc;
}

/* Rows that are known as well as --precision asks for are launched no more. They are looked at seldom: stats_next_look(). */
static void row_look(struct run *u, uint32_t i, const struct result *r)
{
	double wide = row_wide(u, r);

	if (!r->has_ci && wide <= 1) {
		run_settle(u, i);
	} else if (r->n_launches >= (u->look[i] ? u->look[i] : STATS_FIRST_LOOK)) {
		if (u->look[i] && wide <= 1)
			run_settle(u, i);
		else
			u->look[i] = stats_next_look(r->n_launches, wide);
	}
}

static void settle_precise(struct run *u, const struct snapshot *s)
{
	struct summary_context c;
	struct result r;
	uint32_t i;

	for (i = 0; i < u->p->n && !u->error; i++) {
		if (u->p->row[i].state != PLAN_RUN || u->closed[i] || u->settled[i] || !tally_measured(&u->tally[i]))
			continue;
		c = row_context(u, s, i);
		if (tally_summarise(&r, &u->tally[i], u->p->row[i].op, &c) < 0) {
			u->error = -ENOMEM;
			return;
		}
		row_look(u, i, &r);
		result_free(&r);
	}
}

int bench_run(struct result_set *r, const struct plan *p, const struct bench_options *o, const struct snapshot *s,
	      const struct verdict *v, uint64_t tsc_hz, const struct run_hooks *h, struct err *e)
{
	struct run u;
	unsigned round;
	int rc = run_begin(&u, r, p, o, s, v, tsc_hz, h, e);

	for (round = 0; rc == 0 && round < p->launches; round++) {
		run_round(&u, round);
		if (u.precision > 0)
			settle_precise(&u, s);
	}
	return run_end(&u, s, rc, e);
}
