/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/parse.h"
#include "minivmm/via.h"

#define QUICK_LAUNCHES	3
#define LAUNCHES	10
#define PRECISION_LAUNCHES 50	/* where --launches gives no other cap */
#define QUICK_LIMIT	54.0	/* what --quick promises is 60 s, probing and writing included */
#define LAUNCH_LIMIT	25.0	/* a launch of everything, without --quick */
#define QUICK_ROW	0.08
#define ROW		0.15
#define ROW_MAX		2.0	/* with --time: more samples, but the machine drifts */
#define BOOT_GUESS	1.5	/* seconds a launch costs beside its rows; run measures it */
#define COUNT_LAUNCHES	2	/* a count of instructions is the same in each: the second one confirms it */
#define RAW_ALL		4e6	/* samples of all rows and launches */
#define RAW_MIN		64u	/* of a row in a launch */
#define RAW_MAX		4096u
#define COUNT_ROW	0.01	/* seconds of the host that a row of an emulator takes */

/* ---- what the user asked for ---- */

static bool any_matches(const struct op *op, const char *const *glob, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (op_matches(op, glob[i]))
			return true;
	return false;
}

static bool glob_matches_something(const char *glob)
{
	size_t i;

	for (i = 0; i < n_ops; i++)
		if (op_matches(&ops[i], glob))
			return true;
	return false;
}

static int glob_check(const char *glob, struct err *e)
{
	const char *names[OP_COUNT], *near;
	char below[80];
	size_t i;

	if (glob_matches_something(glob))
		return 0;
	snprintf(below, sizeof(below), "%s.*", glob);
	for (i = 0; i < n_ops; i++)
		names[i] = ops[i].name;
	near = glob_matches_something(below) ? below : nearest_name(glob, names, n_ops);
	if (near)
		return err_set(e, EINVAL, "no operation is called '%s'; did you mean '%s'?", glob, near);
	return err_set(e, EINVAL, "no operation is called '%s'; 'vtscope list ops' names them", glob);
}

static int globs_check(const struct bench_options *o, struct err *e)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < o->n_op_globs && rc == 0; i++)
		rc = glob_check(o->op_globs[i], e);
	for (i = 0; i < o->n_excludes && rc == 0; i++)
		rc = glob_check(o->excludes[i], e);
	return rc;
}

static int engine_unknown(const struct engine_ops *const *table, size_t n, const char *name, struct err *e)
{
	const char **names = calloc(n + 1, sizeof(*names)), *near;
	size_t i;

	if (!names)
		return err_set(e, ENOMEM, "out of memory");
	for (i = 0; i < n; i++)
		names[i] = table[i]->name;
	near = nearest_name(name, names, n);
	if (near)
		err_set(e, EINVAL, "no engine is called '%s'; did you mean '%s'?", name, near);
	else
		err_set(e, EINVAL, "no engine is called '%s'; 'vtscope list engines' names them", name);
	free(names);
	return -EINVAL;
}

/* May (engine), which nobody named, be in the plan? Those that --via cannot mean are not, nor what it would emulate. */
static bool engine_joins(struct plan *p, const struct engine_ops *engine, const struct engine_config *c, const struct via *via)
{
	unsigned carriers = engine->carriers ? engine->carriers : ENGINE_VIA_PROCESS;
	size_t n = strlen(p->left_out);

	if (engine->wanted && !engine->wanted(c))
		return false;
	if (via->kind != VIA_AUTO)
		return carriers & (via->kind == VIA_PROCESS ? ENGINE_VIA_PROCESS : ENGINE_VIA_IMAGE);
	if (!engine->joins || engine->joins(c))
		return true;
	snprintf(p->left_out + n, sizeof(p->left_out) - n, "%s%s", n ? ", " : "", engine->name);
	return false;
}

/* Fills p->engine in the order of the table, each at most once. */
static int engines_choose(struct plan *p, const struct bench_options *o, const struct engine_config *c,
			  const struct via *via, struct err *e)
{
	const struct engine_ops *const *table = o->table ? o->table : engines;
	size_t n = o->table ? o->n_table : n_engines, i, k;

	p->engine = calloc(n + 1, sizeof(*p->engine));
	if (!p->engine)
		return err_set(e, ENOMEM, "out of memory");
	for (k = 0; k < o->n_engines; k++) {
		for (i = 0; i < n && strcmp(table[i]->name, o->engines[k]); i++)
			;
		if (i == n)
			return engine_unknown(table, n, o->engines[k], e);
	}
	for (i = 0; i < n; i++) {
		bool wanted = !o->n_engines && engine_joins(p, table[i], c, via);

		for (k = 0; k < o->n_engines; k++)
			wanted |= !strcmp(table[i]->name, o->engines[k]);
		if (wanted)
			p->engine[p->n_engines++].ops = table[i];
	}
	return 0;
}

/* ---- what can run ---- */

/* The one rule: NO beats UNKNOWN, --force turns UNKNOWN into a try. Fills the row's state and reason. */
static void needs_check(struct plan_row *row, const struct engine_ops *en, const struct verdict *v,
			const struct bench_options *o)
{
	const char *const *need;

	row->state = PLAN_RUN;
	for (need = en->needs; need && *need && row->state != PLAN_SKIP; need++) {
		enum answer a = finding_answer(&v->findings, *need);
		const struct finding *f = finding_of(&v->findings, *need);

		if (a == ANSWER_YES || (a == ANSWER_UNKNOWN && (o->force || row->state == PLAN_UNVERIFIED)))
			continue;
		if (o->qemu && !strcmp(*need, "tool.qemu"))	/* that one is not looked for in PATH */
			continue;
		row->state = a == ANSWER_UNKNOWN ? PLAN_UNVERIFIED : PLAN_SKIP;
		snprintf(row->check, sizeof(row->check), "%s", *need);
		snprintf(row->reason, sizeof(row->reason), a == ANSWER_UNKNOWN ? "cannot tell: %s" : "%s No.",
			 f && f->check->question ? f->check->question : *need);
		snprintf(row->hint, sizeof(row->hint), "%s", f ? f->hint : "");
		if (a == ANSWER_UNKNOWN && !row->hint[0])
			snprintf(row->hint, sizeof(row->hint), "--force tries it all the same");
	}
}

/* What the operation wants of the engine it would run on. */
static void offers_check(struct plan_row *row, const struct engine_info *info)
{
	const struct op *op = row->op;
	unsigned missing = op->wants & (OPF_PROCESS - 1) & ~info->offers;

	if (!(info->offers & ENGINE_RING0) && op->level != OP_LEVEL_A && !(op->wants & OPF_PROCESS))
		missing |= ENGINE_RING0;
	if (!missing && !(op->wants & OPF_CHAIN && info->unprepared))
		return;
	row->state = PLAN_SKIP;
	snprintf(row->reason, sizeof(row->reason), "%s",
		 missing ? engine_offer_reason(missing & -missing) : "the boot image prepares no pointer chains");
}

/* Rows that only another kind of engine can have are none of this one's, unless operations were named. */
static bool speaks(const struct engine_ops *engine, const struct op *op)
{
	return !(op->wants & (ENGINE_MONITOR | ENGINE_VMX | ENGINE_SVM) & ~engine->speaks);
}

/* Opens what may run. -EINVAL when --via asks for what there is not; other failures are the rows' reason. */
static int engine_try(struct plan_engine *pe, struct plan_row *common, const struct engine_config *c, struct err *e)
{
	int rc = pe->ops->open(&pe->engine, c, e);

	if (rc == 0) {
		pe->info = pe->ops->info(pe->engine);
		return 0;
	}
	pe->engine = NULL;
	common->state = rc == -EIO || rc == -ETIMEDOUT ? PLAN_FAIL : PLAN_SKIP;
	snprintf(common->reason, sizeof(common->reason), "%.239s", e->text);
	return rc == -EINVAL ? rc : 0;
}

/* The rows of one engine: what its needs say holds for all of them. */
static int engine_rows(struct plan *p, size_t index, const struct bench_options *o, const struct engine_config *c,
		       struct err *e)
{
	struct plan_engine *pe = &p->engine[index];
	struct plan_row common = { .engine = index };
	size_t i;
	int rc = 0;

	needs_check(&common, pe->ops, c->verdict, o);
	if (common.state == PLAN_RUN)
		rc = engine_try(pe, &common, c, e);
	for (i = 0; i < n_ops; i++) {
		struct plan_row *row = &p->row[p->n];

		if ((o->n_op_globs && !any_matches(&ops[i], o->op_globs, o->n_op_globs)) ||
		    any_matches(&ops[i], o->excludes, o->n_excludes) || (!o->n_op_globs && !speaks(pe->ops, &ops[i])))
			continue;
		*row = common;
		row->op = &ops[i];
		if (pe->info)
			offers_check(row, pe->info);
		pe->runnable += row->state == PLAN_RUN;
		p->n++;
	}
	p->runnable += pe->runnable;
	return rc;
}

static uint64_t seed_random(void)
{
	uint64_t seed = 0;

	do {	/* cannot fail for 8 bytes once the pool is up */
		if (getrandom(&seed, sizeof(seed), 0) < 0 && errno != EINTR)
			return 1;
		seed &= RESULT_SEED_MAX;
	} while (!seed);
	return seed;
}

bool plan_counts_instructions(const struct plan_engine *engine)
{
	return engine->info && !strcmp(engine->info->clock, "instructions");
}

/* What (pe) takes in all. */
static double engine_time(struct plan *p, struct plan_engine *pe, const struct bench_options *o)
{
	bool counts = plan_counts_instructions(pe);
	double boot;

	pe->launches = counts && !o->launches && p->launches > COUNT_LAUNCHES ? COUNT_LAUNCHES : p->launches;
	if (!pe->runnable)
		return 0;
	boot = pe->info->boot_seconds > 0 ? pe->info->boot_seconds : BOOT_GUESS * !!(pe->info->offers & ENGINE_RING0);
	return pe->launches * (boot +
			       (counts ? COUNT_ROW : p->row_seconds) * (double)pe->runnable);
}

static void plan_time(struct plan *p, const struct bench_options *o)
{
	size_t i;

	p->launches = o->launches ? o->launches : o->precision > 0 ? PRECISION_LAUNCHES : o->quick ? QUICK_LAUNCHES : LAUNCHES;
	p->limit = o->seconds > 0 ? o->seconds : o->quick ? QUICK_LIMIT : LAUNCH_LIMIT * p->launches;
	/* What --precision needs is launches, not samples. */
	p->row_seconds = o->seconds > 0 && !o->quick && !(o->precision > 0) ? ROW_MAX : o->quick ? QUICK_ROW : ROW;
	for (i = 0; i < p->n_engines; i++)
		p->seconds += engine_time(p, &p->engine[i], o);
	if (p->seconds > p->limit)
		p->seconds = p->limit;
}

/* What a result file stays readable with: about 30 MB of numbers, shared by the rows. */
static uint32_t plan_raw(const struct plan *p)
{
	double each = RAW_ALL / ((double)p->launches * (double)(p->runnable ? p->runnable : 1));

	return each > RAW_MAX ? RAW_MAX : each < RAW_MIN ? RAW_MIN : (uint32_t)each & ~1u;
}

int plan_make(struct plan *p, const struct bench_options *o, const struct snapshot *s, const struct verdict *v,
	      uint64_t tsc_hz, struct err *e)
{
	struct engine_config c = { .via = o->via ? o->via : "auto", .exec = o->exec, .qemu = o->qemu, .verdict = v,
				   .snapshot = s, .tsc_hz = tsc_hz };
	struct via via;
	size_t i;
	int rc;

	*p = (struct plan){ .seed = o->seed ? o->seed : seed_random(), .cpu = o->cpu };
	rc = via_parse(o->via, &via, e);
	if (rc == 0)
		rc = globs_check(o, e);
	if (rc == 0)
		rc = engines_choose(p, o, &c, &via, e);
	if (rc == 0) {
		p->row = calloc(p->n_engines * n_ops + 1, sizeof(*p->row));
		rc = p->row ? 0 : err_set(e, ENOMEM, "out of memory");
	}
	for (i = 0; rc == 0 && i < p->n_engines; i++)
		rc = engine_rows(p, i, o, &c, e);
	if (rc == 0 && !p->n)
		rc = err_set(e, EINVAL, o->n_excludes ? "--exclude leaves no operation to measure" :
			     "there is no operation to measure on these engines");
	if (rc < 0)
		plan_free(p);
	else
		plan_time(p, o);
	if (rc == 0 && o->raw)
		p->raw = plan_raw(p);
	return rc;
}

void plan_free(struct plan *p)
{
	size_t i;

	for (i = 0; i < p->n_engines; i++)
		if (p->engine[i].engine)
			p->engine[i].ops->close(p->engine[i].engine);
	free(p->engine);
	free(p->row);
	*p = (struct plan){ 0 };
}
